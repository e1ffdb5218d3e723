package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is where Chromium is; "" if there is none.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// A browser is a tab of Chromium that keeps what goes wrong in it.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string // of the server

	mu      sync.Mutex
	wrong   []string // errors of the console, and requests to other addresses
	dialogs int
}

// open starts Chromium with a language.
func open(t *testing.T, url, language string) *browser {
	t.Helper()
	path := chromium()
	if path == "" {
		t.Skip("there is no Chromium")
	}
	b := &browser{t: t, url: url}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("accept-lang", language), chromedp.Flag("lang", language), chromedp.Flag("hide-scrollbars", true))...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithListener(b.event))
	t.Cleanup(cancel)
	b.ctx = ctx
	call(b, log.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, page.Enable, page.EnableParams{})
	return b
}

// get carries out an action that has a result.
func get[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	value, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// call sends a command of the protocol.
func call[P, R any](b *browser, c cdp.Command[P, R], params P) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, command(c, params)); err != nil {
		b.t.Fatal(err)
	}
}

func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// credentials are those of an address.
var credentials = regexp.MustCompile("://[^/]*@")

// event keeps what is wrong.
func (b *browser) event(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		text, _ := json.Marshal(e.ExceptionDetails)
		b.wrong = append(b.wrong, "exception: "+string(text))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			text, _ := json.Marshal(e.Args)
			b.wrong = append(b.wrong, "console: "+string(text))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		b.wrong = append(b.wrong, fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL))
	case *network.EventRequestWillBeSent:
		if u := credentials.ReplaceAllString(e.Request.URL, "://"); !strings.HasPrefix(u, b.url+"/") && !strings.HasPrefix(u, "data:image/") && !strings.HasPrefix(u, "blob:"+b.url+"/") {
			b.wrong = append(b.wrong, "request to "+u)
		}
	case *page.EventJavascriptDialogOpening:
		b.dialogs++
		go func() {
			_ = chromedp.Do(b.ctx, command(page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}))
		}()
	}
}

// check reports what was wrong since the last check.
func (b *browser) check() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		b.t.Error(w)
	}
	if b.dialogs > 0 {
		b.t.Errorf("%d dialogs were opened: a name was run as a script", b.dialogs)
	}
	b.wrong, b.dialogs = nil, 0
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, a := range actions {
		get(b, a)
	}
}

// js returns the value of an expression, which may be a promise.
func (b *browser) js(expression string) any {
	b.t.Helper()
	return get(b, chromedp.Evaluate[any](expression, chromedp.EvalAwaitPromise))
}

// click clicks the first element of a selector, once it lies still: while pictures are loaded, what is below
// them moves, and a click would go where it was.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.ScrollIntoView(chromedp.CSS(selector)))
	var last any
	for still := 0; still < 4; still++ {
		where := b.js(`JSON.stringify(document.querySelector(` + quoted(selector) + `)?.getBoundingClientRect() ?? null)`)
		if where != last {
			last, still = where, 0
		}
		time.Sleep(30 * time.Millisecond)
	}
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// forgive takes errors with a text from what is wrong: at least one.
func (b *browser) forgive(text string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.wrong)
	b.wrong = slices.DeleteFunc(b.wrong, func(w string) bool { return strings.Contains(w, text) })
	if len(b.wrong) == n {
		b.t.Errorf("the console has no error with %q", text)
	}
}

// until waits until an expression is true.
func (b *browser) until(expression string) {
	b.t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for b.js("Boolean("+expression+")") != true {
		if time.Now().After(end) {
			b.t.Fatalf("never true: %s\nthe page says: %v", expression, b.js("document.body.innerText.slice(0, 600)"))
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// look sets the size of the window and light or dark, as the system has them.
func (b *browser) look(width, height int64, dark bool) {
	b.t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
	call(b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: width < 600})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
}

// shot keeps a picture of the page, of all of it or of what the window shows.
func (b *browser) shot(name string, all bool) {
	b.t.Helper()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	time.Sleep(300 * time.Millisecond) // transitions
	take := chromedp.CaptureScreenshot()
	if all {
		take = chromedp.FullScreenshot(100)
	}
	png := get(b, take)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// accessible checks the page with axe-core.
func (b *browser) accessible(what string) {
	b.t.Helper()
	path := os.Getenv("AXE")
	if path == "" {
		return
	}
	script, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.js("typeof axe") != "object" {
		b.js(string(script) + "; 0")
	}
	found := b.js(`axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) =>
		r.violations.map((v) => v.id + ": " + v.help + "\n" + v.nodes.slice(0, 4).map((n) => "    " + n.html.slice(0, 200) + " " + n.failureSummary).join("\n")).join("\n"))`)
	if found != "" {
		b.t.Errorf("%s:\n%v", what, found)
	}
}

// narrow reports content that is wider than the window.
func (b *browser) narrow(what string) {
	b.t.Helper()
	if over := b.js(`document.documentElement.scrollWidth - innerWidth`); over != 0.0 {
		b.t.Errorf("%s: the page is %v pixels wider than the window: %v", what, over,
			b.js(`[...document.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map((e) => e.outerHTML.slice(0, 120)).join("\n")`))
	}
}

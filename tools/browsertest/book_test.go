package browsertest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// bookServed serves the book with its live parts, which the Go command builds.
func bookServed(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	url, _, _ := watchedIn(t, root, "book", "--addr", "127.0.0.1:0")
	return url
}

// begin starts the live parts of a page with the button of one of them.
func (b *browser) begin(part string) {
	b.t.Helper()
	b.click(fmt.Sprintf("[data-live=%s] .live-start button", part))
	b.until(`[...document.querySelectorAll("[data-live]")].every((e) => e.dataset.state === "ready")`)
}

// drag moves the mouse with its button pressed over points of an element, in shares of its sides.
func (b *browser) drag(selector string, points ...[2]float64) {
	b.t.Helper()
	box := b.js(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: "center" }); const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`, selector)).([]any)
	number := func(i int) float64 { return box[i].(float64) }
	for i, p := range points {
		event := input.DispatchMouseEventParams{Type: "mouseMoved", X: number(0) + p[0]*number(2), Y: number(1) + p[1]*number(3), Button: "left", Buttons: 1}
		if i == 0 {
			event.Type, event.ClickCount = "mousePressed", 1
		}
		call(b, input.DispatchMouseEvent, event)
		if i == len(points)-1 {
			event.Type, event.Buttons, event.ClickCount = "mouseReleased", 0, 1
			call(b, input.DispatchMouseEvent, event)
		}
	}
}

// TestBookPages visits every page in both languages, wide and as narrow as a phone.
func TestBookPages(t *testing.T) {
	url := bookServed(t)
	b := open(t, url, "zh-CN")
	b.look(1280, 900, false)
	b.do(chromedp.Navigate(url))
	b.until(`document.documentElement?.lang === "zh" && location.pathname === "/zh/"`) // as the browser prefers
	pages := b.js(`["index.html", ...[...document.querySelectorAll(".contents a")].map((a) => a.getAttribute("href"))].filter((h, i, all) => all.indexOf(h) === i).join(" ")`).(string)
	if strings.Count(pages, ".html") < 2 {
		t.Errorf("the contents are %s", pages)
	}
	for i, page := range strings.Fields(pages) {
		for j, language := range []string{"en", "zh"} {
			what := language + "/" + page
			b.look(390, 900, language == "zh")
			b.do(chromedp.Navigate(url + "/" + what))
			b.until(`document.readyState === "complete" && !document.querySelector(".math:not(.set)")`)
			b.narrow(what)
			if broken := b.js(`[...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src).join()`); broken != "" {
				t.Errorf("%s: broken pictures %v", what, broken)
			}
			b.shot("book-"+language+"-"+strings.TrimSuffix(page, ".html")+"-390", true)
			b.look(1280, 900, language == "zh")
			b.narrow(what)
			b.shot("book-"+language+"-"+strings.TrimSuffix(page, ".html")+"-1280", true)
			if i == 0 || i%2 == j { // axe-core takes a second for a chapter
				b.accessible(what)
			}
			b.check()
		}
	}
	b.do(chromedp.Navigate(url + "/source/conv/main.go.html"))
	b.accessible("a program")
	b.check()
}

// TestBookLanguage changes the language at a heading, and finds it remembered.
func TestBookLanguage(t *testing.T) {
	url := bookServed(t)
	b := open(t, url, "en-US")
	b.look(1280, 700, false)
	b.do(chromedp.Navigate(url + "/en/conv.html#edges"))
	b.until(`Math.abs((document.getElementById("edges")?.getBoundingClientRect().top ?? 1e9) - 72) < 60 && document.querySelector("#to-dark:not([hidden])")`)
	b.click("#to-language")
	b.until(`document.documentElement?.lang === "zh" && location.hash === "#edges" && document.readyState === "complete"`)
	b.do(chromedp.Navigate(url + "/"))
	b.until(`location.pathname === "/zh/"`)
	b.click("#to-dark")
	b.until(`document.documentElement.dataset.theme === "dark" && getComputedStyle(document.body).backgroundColor === "rgb(20, 23, 27)"`)
	b.check()
}

// TestBookWindow edits a kernel, and the library computes the right numbers.
func TestBookWindow(t *testing.T) {
	url := bookServed(t)
	b := open(t, url, "en-US")
	b.look(1280, 900, false)
	b.do(chromedp.Navigate(url + "/en/conv.html"))
	b.begin("window")
	const output = `[...document.querySelectorAll("[data-live=window] .live-grid[aria-label=Output] button")].map((e) => e.textContent).join()`
	b.until(output + ` === "19,25,37,43"`)
	kernel := `[data-live=window] .live-grid[aria-label=Kernel] input[aria-label$="row 1, column 1"]`
	b.do(chromedp.Focus(chromedp.CSS(kernel)), chromedp.KeyEvent("5"))
	b.until(output + ` === "19,30,52,63"`) // 0, 1, 3 and 4 of the picture times 5 more
	// The window goes where an output is chosen, also with the arrow keys.
	b.click(`[data-live=window] .live-grid[aria-label=Output] button[aria-label^="row 1, column 1"]`)
	b.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowRight))
	b.until(`document.querySelector("[data-live=window] .live-status").textContent === "4·5 + 5·1 + 7·2 + 8·3 = 63"`)
	b.accessible("the window")
	// What cannot be is told by the library.
	b.js(`{ for (const e of document.querySelectorAll("[data-live=window] input[type=range]")) if (e.max === "5") { e.value = 5; e.dispatchEvent(new Event("input")); } 0; }`)
	b.until(`document.querySelector("[data-live=window] .error:not([hidden])")?.textContent.includes("smaller than the kernel")`)
	b.check()
}

// TestBookTraining trains LeNet in the page, and then draws trousers for it.
func TestBookTraining(t *testing.T) {
	url := bookServed(t)
	b := open(t, url, "zh-CN")
	b.look(1280, 900, false)
	b.do(chromedp.Navigate(url + "/zh/lenet.html"))
	b.begin("train-lenet")
	// The network that comes with the book knows trousers, too.
	trousers := func() {
		b.t.Helper()
		b.click(`[data-live=draw] .live-stack button:nth-of-type(2)`) // clear
		b.js(`{ const s = document.querySelector("[data-live=draw] select"); s.value = "70"; s.dispatchEvent(new Event("change")); 0; }`)
		b.drag("[data-live=draw] .live-pad", [2]float64{.38, .15}, [2]float64{.62, .15}, [2]float64{.66, .9})
		b.drag("[data-live=draw] .live-pad", [2]float64{.38, .15}, [2]float64{.34, .9})
		b.drag("[data-live=draw] .live-pad", [2]float64{.5, .15}, [2]float64{.5, .3})
		b.until(`document.querySelector("[data-live=draw] .live-body").dataset.prediction === "1" && document.querySelectorAll("[data-live=draw] .live-layers canvas").length > 20`)
	}
	trousers()
	b.accessible("a drawing")
	b.shot("book-zh-drawing", true)
	began := time.Now()
	b.js(`{ document.querySelector("[data-live=train-lenet] .primary").click(); 0; }`)
	for end := began.Add(5 * time.Minute); b.js(`document.querySelector("[data-live=train-lenet] .live-body").dataset.accuracy ?? ""`) == ""; time.Sleep(time.Second) {
		if failure := b.js(`document.querySelector("[data-live=train-lenet] .error:not([hidden])")?.textContent ?? ""`); failure != "" || time.Now().After(end) {
			t.Fatalf("after %v: %v, %v", time.Since(began), failure, b.js(`document.querySelector("[data-live=train-lenet] .live-status").textContent`))
		}
	}
	if b.js(`Number(document.querySelector("[data-live=train-lenet] .live-body").dataset.accuracy) >= 0.75`) != true {
		t.Errorf("LeNet has the test accuracy %v, want 0.75", b.js(`document.querySelector("[data-live=train-lenet] .live-body").dataset.accuracy`))
	}
	t.Logf("%v in %v", b.js(`document.querySelector("[data-live=train-lenet] .live-status").textContent`), time.Since(began).Round(time.Second))
	b.until(`document.querySelectorAll("[data-live=train-lenet] .live-confusion td.right").length === 10`)
	b.accessible("a trained network")
	b.shot("book-zh-trained", true)
	trousers()
	b.until(`document.querySelector("[data-live=draw] .live-status").textContent.includes("你刚训练的网络")`)
	b.check()
}

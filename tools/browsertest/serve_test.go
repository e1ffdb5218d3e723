package browsertest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hostile is the name of a class, a model and a file that would be a script if it were taken for HTML.
const hostile = `<img src=x onerror=alert(1)>`

// hostileName is one that a model may have; it comes behind others.
const hostileName = `z<img src onerror:alert(1)>`

func stride(t *testing.T) string {
	t.Helper()
	path := os.Getenv("STRIDE")
	if path == "" {
		t.Skip("STRIDE does not name the program")
	}
	if chromium() == "" {
		t.Skip("there is no Chromium")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs stride to its end.
func run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(stride(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("stride %v: %v\n%s", args, err, out)
	}
}

// serving starts stride serve and returns its address.
func serving(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(stride(t), append([]string{"serve", "--addr", "127.0.0.1:0", "--log-format", "json"}, args...)...)
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		var record struct{ Msg, URL, Path string }
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Msg == "serving" {
			go func() {
				for lines.Scan() {
				}
			}()
			return record.URL
		}
	}
	t.Fatal("the server does not start")
	return ""
}

// trained makes a run of LeNet whose classes have hostile names.
func trained(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	run(t, "train", "lenet-bn", "--data", "sample", "--epochs", "1", "--out", dir)
	path := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := string(text)
	for i, class := range []string{"t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"} {
		name := strings.Repeat(" ", i) + hostile // all have other names
		if !strings.Contains(changed, quoted(class)) {
			t.Fatalf("%s has no class %s", path, class)
		}
		changed = strings.Replace(changed, quoted(class), quoted(name), 1)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// boot is a picture in base64.
func boot(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../examples/predict/boot.png")
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(data)
}

// overlay is an expression for what lies over the picture, in short.
const overlay = `[...document.querySelector(".overlay").getContext("2d").getImageData(0, 0, 448, 448).data].reduce((h, v) => (h * 31 + v) | 0, 7).toString()`

// What is true of the page once it has an answer, and once nothing is computed any more.
const (
	answered = `document.querySelectorAll(".panel:first-child .classes button").length >= 5`
	mapped   = `document.querySelector(".panel:first-child .mapped") && !document.querySelector("#why .busy:not([hidden])")`
	drawn    = `document.querySelectorAll(".detail .grid .tile").length >= 6 && document.querySelector(".pair .note").textContent`
)

// TestServe is a visit of the page of stride serve.
func TestServe(t *testing.T) {
	run := trained(t)
	url := serving(t, "efficientnet-lite0", hostileName+"="+run)
	b := open(t, url, "en-US")
	b.look(1280, 800, false)
	b.do(chromedp.Navigate(url))
	b.until(`document.querySelector("#examples li button") && document.documentElement.lang == "en"`)
	b.accessible("the beginning")
	b.shot("begin-1280-light-en", false)

	// A drawing: an umbrella and a clock.
	b.click("#examples li button")
	b.until(answered)
	b.until(mapped)
	b.until(drawn)
	if rows := b.js(`document.querySelectorAll(".rows .layer").length`).(float64); rows < 40 {
		t.Errorf("the drawing of the network has %v rows", rows)
	}
	b.accessible("an answer")
	b.shot("answer-1280-light-en", false)
	b.shot("all-1280-light-en", true)

	// Another class has another map; each method has one.
	first := b.js(overlay)
	b.js(`[...document.querySelectorAll(".classes button")].find((b) => b.textContent.includes("umbrella")).click()`)
	b.until(`document.querySelector(".legend").textContent.includes("umbrella")`)
	if first == b.js(overlay) {
		t.Error("the maps of two classes are the same")
	}
	for _, method := range []string{"gradcam++", "guided-gradcam", "integrated-gradients", "smoothgrad", "gradient", "guided-backprop", "occlusion"} {
		before := b.js(overlay)
		b.click(`[data-method="` + method + `"]`)
		b.until(mapped)
		b.until(overlay + " != " + quoted(before.(string)))
		b.shot("method-"+method, false)
	}
	b.click(`[data-method="off"]`)
	b.until(`!document.querySelector(".mapped")`)
	b.click(`[data-method="gradcam"]`)
	b.until(mapped)
	b.check()

	// A layer, a channel, a unit; the keyboard goes from layer to layer.
	b.js(`[...document.querySelectorAll(".rows .layer")].find((b) => b.textContent.includes("blocks.2.0.conv_dw")).click()`)
	b.until(`document.querySelector(".detail > div > .path").textContent.startsWith("blocks.2.0")`)
	b.until(drawn)
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	b.until(`document.activeElement.textContent.includes("blocks.2.0.conv_pwl")`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector(".detail > div > .path").textContent == "blocks.2.0.bn3"`)
	b.until(drawn)
	field := b.js(`document.querySelector(".pair .units rect").outerHTML`)
	b.js(`document.querySelector(".large").focus()`)
	b.do(chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowUp))
	b.until(`document.querySelector(".pair .units rect").outerHTML != ` + quoted(field.(string)))
	b.js(`document.querySelector(".detail .chips button").click()`) // the convolution of the row
	b.until(`document.querySelector(".detail details")`)
	b.js(`document.querySelector(".detail details").open = true`)
	b.until(`document.querySelector(".detail details .tile")`)
	b.js(`document.querySelector("#inside button").click()`) // measure
	b.until(`document.querySelector(".layer .value").textContent.includes("ms") || [...document.querySelectorAll(".layer .value")].some((v) => v.textContent.includes("ms"))`)
	b.js(`document.querySelector("#inside").scrollIntoView()`)
	b.accessible("a layer")
	b.look(1280, 1180, false)
	b.js(`document.querySelector(".graph").scrollTop = document.querySelector("[aria-current]").offsetTop - 200; document.querySelector("#inside").scrollIntoView()`)
	b.shot("inside-1280-light-en", false)
	b.look(1280, 800, false)

	// Two models, of which one and a class of it have the name of a script.
	b.click("#compare")
	b.until(`document.querySelectorAll(".panel").length == 2 && document.querySelectorAll(".panel:last-child .classes button").length >= 5 && document.querySelectorAll(".mapped").length == 2`)
	b.accessible("two models")
	b.shot("compare-1280-light-en", false)
	b.js(`document.querySelector(".panel:last-child .chooser button").click()`)
	b.until(`document.querySelectorAll(".panel").length == 1`)

	// Other pictures: dropped, pasted, chosen. They have the name of a script, too.
	b.js(`window.scrollTo(0, 0)`)
	b.js(`document.querySelector(".panel select").selectedIndex = 1; document.querySelector(".panel select").dispatchEvent(new Event("change"))`)
	b.until(`document.querySelector(".panel .classes").textContent.includes("<img src=x") && document.querySelector(".detail > div > .path").textContent.length < 4`)
	b.js("{" + transfer(t) + `dispatchEvent(new DragEvent("dragenter", { dataTransfer: data })); dispatchEvent(new DragEvent("drop", { dataTransfer: data })) }`)
	b.until(`document.querySelector(".photo").alt.startsWith("<img src=x") && ` + mapped)
	photo := b.js(`document.querySelector(".photo").src`)
	b.js("{" + transfer(t) + `dispatchEvent(new ClipboardEvent("paste", { clipboardData: data })) }`)
	b.until(`document.querySelector(".photo").src != ` + quoted(photo.(string)) + ` && document.querySelector(".photo").alt.startsWith("<img src=x") && ` + mapped)
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{absolute(t, "../../examples/predict/boot.png")}))
	b.until(`document.querySelector(".photo").alt.startsWith("boot.png") && ` + mapped)
	b.until(drawn)
	b.js(`[...document.querySelectorAll(".detail button")].find((b) => b.textContent.includes("training pictures")).click()`)
	b.until(`document.querySelectorAll(".exciting img").length == 9`)
	b.accessible("exciting pictures")
	b.shot("tiny-1280-light-en", true)
	if b.js(`document.querySelectorAll("img[onerror], #main img[src=x]").length`) != 0.0 {
		t.Error("a name was taken for HTML")
	}

	// A file that is no picture, and one that is damaged.
	b.check()
	b.js(`{ const data = new DataTransfer(); data.items.add(new File(["x"], "a.txt", { type: "text/plain" })); dispatchEvent(new DragEvent("drop", { dataTransfer: data })) }`)
	b.until(`document.querySelector("#problem").textContent.includes("a.txt is not a picture")`)
	b.js(`{ const data = new DataTransfer(); data.items.add(new File(["x"], "a.png", { type: "image/png" })); dispatchEvent(new DragEvent("drop", { dataTransfer: data })) }`)
	b.until(`document.querySelector(".panel .error:not([hidden])")`)
	b.forgive("400")

	// Chinese and dark mode, remembered.
	b.click("#examples li button")
	b.until(mapped)
	b.click("#switches button:first-child")
	b.click("#switches button:last-child")
	b.until(`document.documentElement.lang == "zh" && document.documentElement.dataset.theme == "dark" && document.querySelector("#h-why").textContent == "为什么？"`)
	b.do(chromedp.Reload())
	b.until(`document.documentElement.lang == "zh" && document.documentElement.dataset.theme == "dark" && document.querySelector("#examples li button")`)
	b.shot("begin-1280-dark-zh", false)
	b.click("#examples li button")
	b.until(mapped)
	b.until(drawn)
	b.accessible("dark, Chinese")
	b.shot("answer-1280-dark-zh", false)
	b.shot("all-1280-dark-zh", true)
	b.check()
}

// TestServeOnAPhone visits the page with a small screen and fingers.
func TestServeOnAPhone(t *testing.T) {
	url := serving(t, "efficientnet-lite0", "small="+trained(t))
	b := open(t, url, "zh-CN")
	b.look(390, 844, false)
	b.do(chromedp.Navigate(url))
	b.until(`document.querySelector("#examples li button") && document.documentElement.lang == "zh"`)
	if b.js(`getComputedStyle(document.querySelector("#photograph")).display`) == "none" {
		t.Error("no photo can be taken")
	}
	b.narrow("the beginning")
	b.accessible("the beginning")
	b.shot("begin-390-light-zh", false)
	b.click("#examples li button")
	b.until(answered)
	b.until(mapped)
	b.until(drawn)
	b.shot("answer-390-light-zh", false)
	b.narrow("an answer")
	b.accessible("an answer")
	b.shot("all-390-light-zh", true)
	b.look(360, 740, true)
	b.click("#switches button:first-child")
	b.until(`document.documentElement.lang == "en"`)
	b.js(`window.scrollTo(0, 400)`)
	b.shot("answer-360-dark-en", false)
	b.narrow("an answer at 360 pixels")
	b.js(`[...document.querySelectorAll(".rows .layer")].find((b) => b.textContent.includes("blocks.2.0.conv_dw")).click()`)
	b.until(drawn)
	b.narrow("a layer")
	b.shot("all-360-dark-en", true)
	b.click("#compare")
	b.until(`document.querySelectorAll(".mapped").length == 2`)
	b.narrow("two models")
	b.shot("compare-360-dark-en", true)
	b.check()
}

// TestToken visits a server that wants a token, which a browser takes as a password.
func TestToken(t *testing.T) {
	t.Setenv("STRIDE_TOKEN", "0123456789abcdef")
	url := serving(t, "efficientnet-lite0")
	b := open(t, url, "en")
	b.do(chromedp.Navigate(strings.Replace(url, "://", "://any:0123456789abcdef@", 1)))
	b.until(`document.querySelector("#examples li button")`)
	b.click("#examples li button")
	b.until(answered)
	b.until(mapped)
	b.check()
}

// transfer is a script that makes data, which has a picture whose name would be a script.
func transfer(t *testing.T) string {
	return `const data = new DataTransfer(), bytes = Uint8Array.from(atob(` + quoted(boot(t)) + `), (c) => c.charCodeAt(0));
		data.items.add(new File([bytes], ` + quoted(hostile) + `, { type: "image/png" }));`
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // every string is JSON
	}
	return string(b)
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

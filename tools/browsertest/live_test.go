package browsertest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// watched starts a command that shows a page, and returns its address and what waits for its end.
func watched(t *testing.T, args ...string) (url string, process *os.Process, wait func() (status int, stderr string)) {
	t.Helper()
	return watchedIn(t, "", args...)
}

// watchedIn is watched in a folder.
func watchedIn(t *testing.T, folder string, args ...string) (url string, process *os.Process, wait func() (status int, stderr string)) {
	t.Helper()
	cmd := exec.Command(stride(t), args...)
	cmd.Dir = folder
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // where the test has not waited
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(errs)
	for !strings.Contains(url, "http://") {
		if url, err = lines.ReadString('\n'); err != nil {
			t.Fatalf("%v, %q", err, url)
		}
	}
	url = strings.TrimSuffix(strings.TrimSpace(url[strings.Index(url, "http://"):]), "/")
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(lines) // the status tells
		rest <- string(text)
	}()
	return url, cmd.Process, func() (int, string) {
		text := <-rest
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode(), text
	}
}

// looks takes screenshots of a page: at two widths, light and dark, in both languages.
func (b *browser) looks(name string) {
	b.t.Helper()
	for _, language := range []string{"en", "zh"} {
		b.js(fmt.Sprintf(`{ if (document.documentElement.lang !== %q) document.querySelector("#switches button").click(); 0; }`, language))
		for _, width := range []int64{1280, 390} {
			for _, dark := range []bool{false, true} {
				b.look(width, 900, dark)
				b.narrow(fmt.Sprintf("%s, %s, %d pixels", name, language, width))
				b.shot(fmt.Sprintf("%s-%s-%d-%v", name, language, width, dark), true)
			}
		}
	}
	b.look(1280, 900, false)
	b.js(`{ if (document.documentElement.lang !== "en") document.querySelector("#switches button").click(); 0; }`)
}

// press clicks the button with a text.
func (b *browser) press(text string) {
	b.t.Helper()
	if b.js(fmt.Sprintf(`(() => { const e = [...document.querySelectorAll("button, a.button")].find((e) => e.textContent === %q && !e.disabled); e?.click(); return Boolean(e); })()`, text)) != true {
		b.t.Fatalf("there is no button %q", text)
	}
}

// TestTraining watches a training of LeNet: its curves grow, a checkpoint is saved, and the training is
// stopped.
func TestTraining(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	url, _, wait := watched(t, "train", "lenet", "--data", "sample", "--epochs", "200", "--out", dir, "--ui=127.0.0.1:0")
	b := open(t, url, "en-US")
	b.look(1280, 900, false)
	b.do(chromedp.Navigate(url))
	const points = `(document.querySelector(".chart .line:not(.faint)")?.getAttribute("d") ?? "").split("L").length`
	b.until(`document.querySelectorAll("figure.chart svg.plot .line").length >= 4 && (window.before = ` + points + `) >= 2`)
	b.until(points + ` > window.before`)
	b.until(`document.querySelectorAll("table.matrix tbody tr").length === 10`)
	b.until(`document.querySelectorAll(".chosen img.pixels").length === 8`)
	b.until(`document.querySelectorAll(".heat").length === 2`)
	b.press("Save now")
	b.until(`document.querySelector("[role=status]").textContent.startsWith("Saved as checkpoint-")`)
	b.accessible("a training")
	b.press("Stop after this epoch and save")
	b.until(`document.querySelector("[role=status]").textContent.includes("was stopped and saved")`)
	status, errs := wait()
	if status != 130 || !strings.Contains(errs, "--resume "+dir) {
		t.Errorf("status %d: %s", status, errs)
	}
	if state, err := os.ReadFile(filepath.Join(dir, "state.json")); err != nil || !strings.Contains(string(state), `"batch": 0,`) {
		t.Errorf("%v: want a run that was saved at the end of an epoch, got\n%.300s", err, state)
	}
	b.check()
}

// TestRuns looks at runs that are over, one with names that must not become scripts.
func TestRuns(t *testing.T) {
	root := filepath.Join(t.TempDir(), "runs")
	first, second := filepath.Join(root, "first"), filepath.Join(root, strings.NewReplacer("/", "-").Replace(hostile))
	run(t, "train", "lenet", "--data", "sample", "--epochs", "12", "--ui=127.0.0.1:0", "--out", first)
	run(t, "train", "lenet-bn", "--data", "sample", "--epochs", "2", "--limit", "2000", "--ui=127.0.0.1:0", "--out", second)
	hurt(t, second)
	url, _, _ := watched(t, "ui", root, "--addr", "127.0.0.1:0")
	b := open(t, url, "en-US")
	b.look(1280, 900, false)
	b.do(chromedp.Navigate(url))
	b.until(`document.querySelectorAll("table.list tbody tr").length === 2`)
	b.accessible("the list")
	b.looks("list")
	b.js(`{ document.querySelectorAll("table.list input").forEach((e) => e.click()); 0; }`)
	b.press("Compare 2 runs")
	b.until(`document.querySelectorAll("figure.chart svg.plot .line").length >= 4 && document.querySelector("table.left")`)
	b.accessible("a comparison")
	b.looks("compare")
	for _, name := range []string{"first", filepath.Base(second)} {
		b.js(fmt.Sprintf(`{ location.hash = "#/run/" + encodeURIComponent(%q); 0; }`, name))
		b.until(fmt.Sprintf(`document.querySelector("h2").textContent === %q && document.querySelector("table.matrix") && document.querySelectorAll(".heat").length === 2`, name))
		b.accessible(name)
	}
	b.js(`{ location.hash = "#/run/first"; 0; }`)
	b.until(`document.querySelector("h2").textContent === "first" && document.querySelector("table.matrix") && document.querySelectorAll(".heat").length === 2 && document.querySelector(".worst img, .pictures img")`)
	// The slider goes back to the first epoch.
	b.js(`{ const s = document.querySelector("input[type=range]"); s.value = 0; s.dispatchEvent(new Event("input")); 0; }`)
	b.until(`document.querySelector(".sticky span").textContent === "After epoch 1"`)
	b.js(`{ document.querySelectorAll("details").forEach((e) => { e.open = true; }); 0; }`)
	b.until(`document.querySelector("details table") && document.querySelector(".facts dd")`)
	b.looks("run")
	b.accessible("a run with everything open")
	b.check()
}

// hurt gives a class of a run a hostile name.
func hurt(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `"t-shirt"`, `"<img src=x onerror=alert(1)>"`, 1)
	if changed == string(text) {
		t.Fatalf("%s has no class t-shirt", path)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

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
)

// hostile is the name of a class, a model and a file that would be a script if it were taken for HTML.
const hostile = `<img src=x onerror=alert(1)>`

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

// trained makes a run of LeNet whose first class has a hostile name.
func trained(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	run(t, "train", "lenet-bn", "--data", "sample", "--epochs", "1", "--out", dir)
	path := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `"t-shirt"`, string(name), 1)
	if changed == string(text) {
		t.Fatalf("%s has no class t-shirt", path)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// boot is a picture as a script can make a file of it.
func boot(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../examples/predict/boot.png")
	if err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data)
}

const (
	seen   = `document.querySelectorAll(".classes button").length >= 5 && document.querySelector(".mapped")`
	mapped = `document.querySelector(".mapped") && !document.querySelector("#why .busy:not([hidden])")`
)

// TestServe is a visit of the page of stride serve.
func TestServe(t *testing.T) {
	url := serving(t, "efficientnet-lite0", hostileName(t)+"="+trained(t))
	b := open(t, url, "en-US")
	b.look(1280, 800, false)
	b.do(chromedp.Navigate(url))
	b.until(`document.querySelector("#examples li button") && document.querySelector("h2").textContent.includes("network")`)
	b.accessible("the beginning")
	b.shot("begin-1280-light-en", false)

	// A drawing.
	b.do(chromedp.Click(chromedp.CSS("#examples li button")))
	b.until(seen)
	b.until(`document.querySelectorAll(".rows .layer").length > 40 && document.querySelectorAll(".detail .grid .tile").length >= 24`)
	b.accessible("an answer")
	b.shot("answer-1280-light-en", false)
	b.shot("all-1280-light-en", true)
	b.check()
}

// hostileName is hostile without what the name of a model cannot have.
func hostileName(t *testing.T) string {
	t.Helper()
	return "z" + strings.NewReplacer("=", "-", "/", "-").Replace(hostile)
}

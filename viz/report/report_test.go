package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/viz/report"
)

// page returns a page of k classes, of whose images each class gets three right
// and one wrong.
func page(t testing.TB, k int) report.Page {
	t.Helper()
	names := make([]string, k)
	for i := range names {
		names[i] = fmt.Sprintf("class-%d", i)
	}
	c, err := metrics.NewCollector(names, metrics.CollectorConfig{Worst: 200})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 * k {
		logits := make([]float32, k)
		logits[i/4] = 1
		if i%4 == 3 {
			logits[(i/4+1)%k] = 2 + float32(i)/float32(4*k)
		}
		if err := c.AddLogits(i, logits, i/4); err != nil {
			t.Fatal(err)
		}
	}
	counts := make([]int, k)
	for i := range counts {
		counts[i] = 30 + i
	}
	return report.Page{
		Title: "LeNet on shirts", Created: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Measured: "test images", Result: c.Summary(),
		History: &runfolder.History{
			Rows: []runfolder.Row{
				{Epoch: 1, TrainLoss: 1.5, TrainAccuracy: .5, TestLoss: 1.2, TestAccuracy: .6, Seconds: 1},
				{Epoch: 2, TrainLoss: 1, TrainAccuracy: .7, TestLoss: 1.4, TestAccuracy: .65, Seconds: 1},
				{Epoch: 3, TrainLoss: .9, TrainAccuracy: .8, TestLoss: 1.5, TestAccuracy: .64, Seconds: 1},
			},
			Points: []runfolder.Point{{Epochs: .5, Loss: 2, Accuracy: .3}},
		},
		Splits:   []report.Split{{Name: "training", Images: 30 * k, Counts: counts}, {Name: "test", Images: 4 * k}},
		Data:     []report.Fact{{Name: "Name", Value: "shirts"}},
		Model:    []report.Fact{{Name: "Network", Value: "lenet"}},
		Settings: report.SettingsOf(runfolder.Settings{Epochs: 2, BatchSize: 8, LearningRate: .1, Optimizer: "sgd", Device: "cpu"}),
		Versions: []report.Fact{{Name: "Stride", Value: "v9.9.9"}},
		Picture:  func(i int) (image.Image, error) { return drawn(28+300*(i/4%2), 28), nil },
		Name:     func(i int) string { return fmt.Sprintf("shirts/%d.png", i) },
	}
}

func drawn(w, h int) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		picture.Set(x, h/2, color.NRGBA{200, uint8(x), 0, 255})
	}
	return picture
}

func write(t testing.TB, p report.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements parses a page, in which each element must be closed in order, and
// returns its elements.
func elements(t *testing.T, page string) []xml.StartElement {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict = false
	d.AutoClose = []string{"meta", "img", "br"}
	d.Entity = xml.HTMLEntity
	var list []xml.StartElement
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page cannot be parsed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			list, open = append(list, token.Copy()), append(open, token.Name.Local)
		case xml.EndElement:
			if last := open[len(open)-1]; last != token.Name.Local {
				t.Fatalf("</%s> ends <%s>", token.Name.Local, last)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("these are not closed: %v", open)
	}
	return list
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// A page is well-formed, loads nothing, runs nothing, and everybody can use it.
func TestPage(t *testing.T) {
	for _, k := range []int{1, 2, 10, 30, 150} {
		text := write(t, page(t, k))
		if strings.Contains(text, "ZgotmplZ") {
			t.Error("html/template has refused a value")
		}
		ids, links := map[string]int{}, []string{}
		count := map[string]int{}
		for _, e := range elements(t, text) {
			count[e.Name.Local]++
			if id := attribute(e, "id"); id != "" {
				ids[id]++
			}
			for _, a := range e.Attr {
				switch name := a.Name.Local; {
				case name == "href" && strings.HasPrefix(a.Value, "#"):
					links = append(links, a.Value[1:])
				case name == "src" && strings.HasPrefix(a.Value, "data:image/"):
				case name == "href" || name == "src" || name == "srcset" || name == "action" || strings.HasPrefix(name, "on"):
					t.Errorf("<%s %s=%.40q>", e.Name.Local, name, a.Value)
				}
			}
			switch e.Name.Local {
			case "script", "link", "iframe", "object", "form", "base":
				t.Errorf("there is a <%s>", e.Name.Local)
			case "img":
				if attribute(e, "alt") == "" || attribute(e, "width") == "" || attribute(e, "height") == "" {
					t.Error("a picture lacks its alternative text or its size")
				}
			case "svg":
				if attribute(e, "aria-hidden") == "" && (attribute(e, "role") != "img" || attribute(e, "aria-label") == "") {
					t.Error("a drawing tells screen readers nothing")
				}
			case "th":
				if attribute(e, "scope") == "" {
					t.Error("a head of a table lacks its scope")
				}
			case "div":
				if attribute(e, "class") == "scroll" && (attribute(e, "tabindex") != "0" || attribute(e, "aria-label") == "") {
					t.Error("the keyboard cannot scroll a table")
				}
			}
		}
		for _, link := range links {
			if ids[link] != 1 {
				t.Errorf("%d elements have the id %q", ids[link], link)
			}
		}
		if count["h1"] != 1 || count["main"] != 1 || count["nav"] != 1 || len(links) < 8 || count["title"] < 1 {
			t.Errorf("%d classes: %v, %d links", k, count, len(links))
		}
		if css := text[strings.Index(text, "<style>"):strings.Index(text, "</style>")]; strings.Contains(css, "url(") || strings.Contains(css, "@import") ||
			!strings.Contains(css, "prefers-color-scheme: dark") || !strings.Contains(css, "@media print") {
			t.Error("the style sheet loads something, or lacks dark mode or print")
		}
		if want := min(k, 100); k > 1 && count["img"] != want {
			t.Errorf("%d classes: %d pictures, want %d", k, count["img"], want)
		}
		if len(text) > 1<<20 {
			t.Errorf("%d classes make %d bytes", k, len(text))
		}
	}
}

// What the page says, for few and for many classes.
func TestWhatItSays(t *testing.T) {
	for _, c := range []struct {
		classes int
		want    []string
		not     []string
	}{
		{10, []string{
			"LeNet on shirts", "40 test images, 10 classes", "75.0\u202f%", "1 May 2026", "v9.9.9", "shirts/39.png", ">class-9</strong>",
			"The test loss was lowest after epoch 1", "<table class=\"matrix\">", `<span class="zero">0</span>`, "10 of 40 images were predicted wrong", "Images by class",
			"data:image/png;base64,", "data:image/jpeg;base64,",
		}, []string{"class=\"heat\"", "these are the"}},
		{30, []string{"class=\"heat\""}, []string{"class=\"matrix\"", "these are the"}},
		{150, []string{"Of 150 classes, these are the 50 with the lowest F1", "Of 150 classes, these are the 100 with the most mistakes", "the 50 with the fewest training images", "These 100 have the highest loss"}, nil},
	} {
		text := write(t, page(t, c.classes))
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%d classes: the page does not say %q", c.classes, want)
			}
		}
		for _, not := range c.not {
			if strings.Contains(text, not) {
				t.Errorf("%d classes: the page says %q", c.classes, not)
			}
		}
	}
}

// Only Result is needed.
func TestLittleIsKnown(t *testing.T) {
	whole := page(t, 3)
	text := write(t, report.Page{Result: whole.Result})
	for _, e := range elements(t, text) {
		if id := attribute(e, "id"); id == "training" || id == "data" || id == "model" {
			t.Errorf("there is an empty section %s", id)
		}
	}
	for _, p := range []report.Page{{}, {Result: &metrics.Summary{}}} {
		if err := report.Write(io.Discard, p); err == nil || !strings.Contains(err.Error(), "no result") {
			t.Errorf("got %v", err)
		}
	}
}

// Names of classes, files and settings are text, whatever is in them.
func TestEscapes(t *testing.T) {
	evil := "</style><script>alert(1)</script>\"' onload=x \u202e\x1b[31m"
	p := page(t, 4)
	names := []string{evil, evil + "2", "  ", "d"}
	c, err := metrics.NewCollector(names, metrics.CollectorConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if err := c.AddLogits(i, []float32{1, 2, 0, 0}, i%4); err != nil {
			t.Fatal(err)
		}
	}
	p.Result, p.Title, p.Measured = c.Summary(), evil, evil
	p.Splits = []report.Split{{Name: evil, Images: 2, Counts: []int{20, 1, 1, 1}}}
	p.Name = func(int) string { return evil }
	p.Picture = func(int) (image.Image, error) { return nil, errors.New(evil) }
	for _, facts := range [][]report.Fact{p.Data, p.Model, p.Settings, p.Versions} {
		facts[0] = report.Fact{Name: evil, Value: evil}
	}
	text := write(t, p)
	for _, e := range elements(t, text) {
		if e.Name.Local == "script" || attribute(e, "onload") != "" {
			t.Errorf("a name became <%s>", e.Name.Local)
		}
	}
	if strings.ContainsAny(text, "\x1b\u202e") {
		t.Error("control characters came through")
	}
}

// A network that has diverged still has a report.
func TestNaN(t *testing.T) {
	nan := math.NaN()
	c, err := metrics.NewCollector([]string{"a", "b"}, metrics.CollectorConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if err := c.AddLogits(i, []float32{float32(nan), 1}, i%2); err != nil {
			t.Fatal(err)
		}
	}
	p := report.Page{Result: c.Summary(), History: &runfolder.History{Rows: []runfolder.Row{
		{Epoch: 1, TrainLoss: nan, TrainAccuracy: nan, TestLoss: nan, TestAccuracy: nan},
		{Epoch: 2, TrainLoss: math.Inf(1), TrainAccuracy: .5, TestLoss: nan, TestAccuracy: nan},
	}}}
	text := write(t, p)
	elements(t, text)
	if found := regexp.MustCompile(`NaN|Inf`).FindString(text); found != "" {
		t.Errorf("the page says %s", found)
	}
}

// A file is replaced as a whole, or stays as it was.
func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	p := page(t, 2)
	if err := report.WriteFile(path, p); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil || string(before) != write(t, p) {
		t.Fatalf("the file differs from what Write writes (%v)", err)
	}
	if err := report.WriteFile(path, report.Page{}); err == nil {
		t.Error("no result is no error")
	}
	if after, err := os.ReadFile(path); err != nil || !slices.Equal(after, before) {
		t.Errorf("the file was changed (%v)", err)
	}
	if err := report.WriteFile(filepath.Join(path, "x"), p); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func ExampleWriteFile() {
	c, err := metrics.NewCollector([]string{"cat", "dog"}, metrics.CollectorConfig{})
	if err != nil {
		panic(err)
	}
	for item, logits := range [][]float32{{2, 0}, {1, 3}, {1, 0}} {
		if err := c.AddLogits(item, logits, item%2); err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.html")
	if err := report.WriteFile(path, report.Page{Title: "Cats and dogs", Result: c.Summary()}); err != nil {
		panic(err)
	}
	text, err := os.ReadFile(path)
	fmt.Println(strings.Contains(string(text), "<h1>Cats and dogs</h1>"), err)
	// Output: true <nil>
}

// The curves of a run that was tested with validation images have that name, and of many
// classes without images the tables show none.
func TestValidation(t *testing.T) {
	p := page(t, 10)
	p.Tested = "validation"
	p.Settings = report.SettingsOf(runfolder.Settings{Best: runfolder.TestLoss, LabelSmoothing: 0.1, Freeze: "head", ClassWeights: []float32{1, 2}})
	text := write(t, p)
	for _, want := range []string{"The validation loss was lowest after epoch 1", "Loss, validation", ">validation</span>", "Best epoch by", "test loss", "Label smoothing", "[1 2]"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(text, "Batches an update") {
		t.Error("the page has a setting that the run does not have")
	}
	names := make([]string, 150)
	for i := range names {
		names[i] = fmt.Sprintf("class-%d", i)
	}
	c, err := metrics.NewCollector(names, metrics.CollectorConfig{})
	if err != nil {
		t.Fatal(err)
	}
	logits := make([]float32, len(names))
	logits[140] = 9
	if err := c.AddLogits(0, logits, 140); err != nil {
		t.Fatal(err)
	}
	counts := make([]int, len(names))
	counts[140] = 1
	text = write(t, report.Page{Result: c.Summary(), Splits: []report.Split{{Name: "test", Images: 1, Counts: counts}}})
	for _, want := range []string{"Of 150 classes, these are the 1 with the lowest F1 that have images.", "these are the 1 with the fewest test images of those that have any"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

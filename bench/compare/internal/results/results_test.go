package results

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/bench/internal/stats"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   summary
	}{
		{[]float64{3}, summary{3, 3, 3, 3, 3}},
		{[]float64{4, 2}, summary{2, 2.5, 3, 3.5, 4}},
		{[]float64{9, 1, 5, 3, 7}, summary{1, 3, 5, 7, 9}},
		{[]float64{1, 2, 3, 4}, summary{1, 1.75, 2.5, 3.25, 4}},
	} {
		before := slices.Clone(c.values)
		if got := summarize(c.values); got != c.want {
			t.Errorf("%v: got %+v, want %+v", c.values, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("summarize changed %v to %v", before, c.values)
		}
	}
	if got := stats.GeometricMean([]float64{1, 4, 2}); !near(got, 2) {
		t.Errorf("geometric mean of 1, 4, 2 is %v, want 2", got)
	}
	if got := ratios([]float64{1, 2, 4}, []float64{3, 3}); !slices.Equal(got, []float64{3, 1.5}) {
		t.Errorf("ratios are %v, want 3 and 1.5", got)
	}
}

func TestSignificant(t *testing.T) {
	for v, want := range map[float64]string{0.01234: "0.0123", 1: "1.00", 44.06: "44.1", 999.6: "1000", 1234: "1,230", 1234567: "1,230,000", math.Inf(1): dash} {
		if got := significant(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestWritePageKeepsWhatIsByHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := writePage(path, "first\n"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("first\n\n"+byHand+"\nmine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writePage(path, "second\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if want := "second\n\n" + byHand + "\nmine\n"; err != nil || string(got) != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

func TestRatioTicks(t *testing.T) {
	for high, want := range map[float64]string{2.2: "0 0.5 1 1.5 2", 6.8: "0 1 2 3 4 5 6", 12: "0 2 4 6 8 10 12", 34: "0 5 10 15 20 25 30"} {
		var got []string
		for _, tick := range ratioTicks(0, high) {
			got = append(got, tick.Label)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("up to %v: got %v, want %s", high, got, want)
		}
	}
}

// timed makes a result from figures.
func timed(net, mode, precision string, batch int, engines ...Figures) Result {
	return Result{Case: Case{Net: net, Mode: mode, Precision: precision, Batch: batch, Resolution: 28, Threads: 2}, Engines: engines}
}

// beside makes the figures of a rival that needs so many times as long as Stride.
func beside(engine string, times ...float64) Figures {
	f := Figures{Engine: engine, Seconds: times}
	for range times {
		f.Beside = append(f.Beside, 1)
	}
	return f
}

func TestVerdicts(t *testing.T) {
	none, some := 0.0, 2.0
	ours := Figures{Engine: Stride, Seconds: []float64{1, 1, 1}, PeakBytes: 50, AllocsPerStep: &none}
	torch := beside(PyTorch, 2, 3, 4)
	torch.PeakBytes = 100
	small := Figures{Engine: Stride, Seconds: []float64{1}, PeakBytes: 20}
	good := []Result{
		timed("lenet", Train, Float32, 256, ours, torch),
		timed("lenet", Train, BFloat16, 256, ours, beside(PyTorch, 1.6)),
		timed("lenet", Infer, Float32, 1, ours, beside(ONNXRuntime, 3)),
		timed("efficientnet-lite0", Infer, Float32, 1, ours, beside(ONNXRuntime, 1.2), beside(NCNN, 1.15), beside(LiteRT, 0.5)),
		timed("lenet", Infer, BFloat16, 1, ours, beside(OpenVINO, 1.3)),
		timed("lenet", Infer, Int8, 1, small, beside(OpenVINO, 1.3)),
	}
	states := func(results []Result) (s []state) {
		for _, v := range verdicts(results) {
			s = append(s, v.state)
		}
		return s
	}
	if got := states(good); !slices.Equal(got, slices.Repeat([]state{met}, len(got))) {
		t.Errorf("all goals are met, got %v", got)
	}
	ours.PeakBytes, ours.AllocsPerStep = 70, &some
	torch.Seconds = []float64{1, 1.9, 1.9}
	bad := []Result{
		timed("lenet", Train, Float32, 256, ours, torch),
		timed("lenet", Train, BFloat16, 256, ours, beside(PyTorch, 1.4)),
		timed("lenet", Infer, Float32, 1, ours, beside(ONNXRuntime, .9)),
		timed("efficientnet-lite0", Infer, Float32, 1, ours, beside(ONNXRuntime, 1.2), beside(NCNN, 1.05)),
		timed("lenet", Infer, BFloat16, 1, ours, beside(OpenVINO, .8)),
		timed("lenet", Infer, Int8, 1, ours, beside(OpenVINO, .8)),
	}
	if got := states(bad); !slices.Equal(got, slices.Repeat([]state{missed}, len(got))) {
		t.Errorf("no goal is met, got %v", got)
	}
	if got := states(nil); !slices.Equal(got, make([]state, len(got))) {
		t.Errorf("nothing was measured, got %v", got)
	}
	good[2].Error, good[2].Engines = "the outputs differ", nil
	if v := verdicts(good)[3]; v.state != missed || !strings.Contains(v.outcome, "failed: lenet") {
		t.Errorf("a network that failed: %+v", v)
	}
	if got, want := verdicts(good)[0].outcome, "worst 3.00 × (lenet, batch 256), 1 of 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAddJoinsPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	p, err := LoadIfAny(path)
	if err != nil {
		t.Fatal(err)
	}
	here := Machine{CPU: "Z80", Cores: 2}
	begin := func(date string) (index int) {
		t.Helper()
		index, err := p.Begin(Run{Date: date, Machine: here})
		if err != nil {
			t.Fatal(err)
		}
		return index
	}
	first := begin("one")
	piece := timed("vgg", Infer, Int8, 1, Figures{Run: first, Engine: Stride, Seconds: []float64{1}}, beside(OpenVINO, 3))
	piece.Refused = []Refusal{{MNN, "it crashed"}, {NCNN, "outputs differ"}}
	p.Add(piece)
	p.Add(timed("lenet", Infer, Float32, 64, beside(OpenVINO, 2)))
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	if p, err = Load(path); err != nil {
		t.Fatal(err)
	}
	second := begin("two")
	mnn := beside(MNN, 8)
	mnn.Run, mnn.Beside = second, []float64{2}
	p.Add(timed("vgg", Infer, Int8, 1, Figures{Run: second, Engine: Stride, Seconds: []float64{2}}, mnn))
	p.Add(timed("lenet", Train, Float32, 64, Figures{Run: second, Engine: Stride, Seconds: []float64{2}}))
	p.Tidy([]string{"lenet", "vgg"})
	var got []string
	for _, r := range p.Results {
		got = append(got, r.Net+" "+r.Mode+" "+r.Precision)
	}
	if want := "lenet train float32, lenet infer float32, vgg infer int8"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	vgg := p.Results[2]
	if len(vgg.Engines) != 3 || len(vgg.Refused) != 1 || vgg.Refused[0].Engine != NCNN || !p.Has(vgg.Case, MNN) || p.Has(vgg.Case, NCNN) {
		t.Errorf("joined: %+v", vgg)
	}
	// Each rival has Stride's times of its own rounds.
	if a, b := stats.Median(vgg.faster(OpenVINO)), stats.Median(vgg.faster(MNN)); a != 3 || b != 4 {
		t.Errorf("Stride is %v and %v times as fast, want 3 and 4", a, b)
	}
	if vgg.Of(Stride).Seconds[0] != 2 || vgg.fastest(Engines) != OpenVINO {
		t.Errorf("Stride's newer figures are not there, or %s is the fastest rival", vgg.fastest(Engines))
	}
	p.Add(timed("lenet", Infer, Float32, 64, Figures{Run: second, Engine: OpenVINO, Seconds: []float64{1}}))
	p.Add(timed("vgg", Infer, Int8, 1, Figures{Run: second, Engine: OpenVINO, Seconds: []float64{1}}))
	p.Tidy(nil)
	if len(p.Runs) != 1 || p.Runs[0].Date != "two" || p.Results[0].Engines[0].Run != 0 {
		t.Errorf("the first run has no figures left, but there are %+v", p.Runs)
	}
	if _, err := p.Begin(Run{Machine: Machine{CPU: "6502", Cores: 2}}); err == nil {
		t.Error("no error for results of another machine")
	}
	p.Add(Result{Case: vgg.Case, Error: "it failed"})
	if r := p.Find(vgg.Case); r.Error == "" || len(r.Engines) != 3 {
		t.Errorf("after a failure: %+v", r)
	}
}

func TestJoin(t *testing.T) {
	here := Machine{CPU: "Z80", Cores: 2}
	p := &Report{Runs: []Run{{Date: "one", Machine: here}}, Results: []Result{timed("vgg", Infer, Int8, 1, beside(OpenVINO, 3))}}
	other := &Report{Runs: []Run{{Date: "two", Machine: here}}, Results: []Result{timed("vgg", Infer, Int8, 1, beside(MNN, 4)), timed("vgg", Infer, Int8, 16, beside(MNN, 4))}}
	if err := p.Join(other); err != nil {
		t.Fatal(err)
	}
	vgg := p.Results[0]
	if len(p.Results) != 2 || p.Runs[vgg.Of(OpenVINO).Run].Date != "one" || p.Runs[vgg.Of(MNN).Run].Date != "two" || other.Results[0].Engines[0].Run != 0 {
		t.Errorf("joined: %+v, the other: %+v", p, other)
	}
	other.Runs[0].Machine.CPU = "6502"
	if err := p.Join(other); err == nil {
		t.Error("no error for results of another machine")
	}
}

func TestLoadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	for _, text := range []string{"", "{", `{"results":[{"engines":[{"engine":"Stride","seconds":[1]}]}]}`, `{"runs":[{}],"results":[{"engines":[{"engine":"Stride"}]}]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
	if _, err := Load(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
}

func TestTables(t *testing.T) {
	torch := beside(PyTorch, 2, 3, 4)
	torch.PeakBytes, torch.Setting = 100e6, "NHWC"
	ov := Figures{Engine: OpenVINO, Seconds: []float64{.001}, Check: &Check{SNR: 12.34, Top1: .5}}
	list := groups([]Result{
		timed("lenet", Train, Float32, 256, Figures{Engine: Stride, Seconds: []float64{1, 1, 1}, PeakBytes: 30e6}, torch),
		timed("torchvision/vgg11", Infer, Int8, 1, ov),
	})
	if len(list) != 2 || list[0].title != "Training in float32" || list[1].title != "Inference in int8" {
		t.Fatalf("groups are %+v", list)
	}
	for _, c := range []struct {
		what  string
		table table
		want  []string
	}{
		{"speeds", list[0].speeds(), []string{"lenet", "256", "28", "256", "85.3 (3.00)", "PyTorch", "3.00", "2.50–3.50", "met"}},
		{"memory", list[0].memory(), []string{"lenet", "256", "28", "30", "100", "0.30", "met", dash}},
		{"settings", list[0].settings(), []string{"lenet", "256", "28", "NHWC"}},
		{"speeds without Stride", list[1].speeds(), []string{"vgg11 (torchvision)", "1", "28", "1,000", "OpenVINO", dash, dash, dash}},
		{"agreement", list[1].agreement(), []string{"vgg11 (torchvision)", "1", "28", "12.3 dB, 50 %"}},
	} {
		if len(c.table.rows) != 1 || !slices.Equal(c.table.rows[0], c.want) {
			t.Errorf("%s: got %q, want %q", c.what, c.table.rows, c.want)
		}
		for _, row := range c.table.rows {
			if len(row) != len(c.table.head) {
				t.Errorf("%s: %d cells under %d heads", c.what, len(row), len(c.table.head))
			}
		}
	}
	short := table{head: []string{"net", "ratio"}, rows: [][]string{{"lenet", "× 3"}, {"vgg", "10"}}}
	if got, want := short.text(), "net    ratio\nlenet    × 3\nvgg       10\n"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	if got, want := short.markdown(), "| net | ratio |\n|---|---:|\n| lenet | × 3 |\n| vgg | 10 |\n"; got != want {
		t.Errorf("markdown is %q, want %q", got, want)
	}
}

func TestPage(t *testing.T) {
	p := &Report{Runs: []Run{{Date: "today", Command: "compare", Versions: map[string]string{"Stride": "1"}, Missing: []string{"no ncnn"}}}}
	r := timed("lenet", Infer, Int8, 1, beside(OpenVINO, 2))
	r.Refused = []Refusal{{MNN, "it crashed\nhere"}}
	p.Add(r)
	got := page(p, "chart.png", "curves.svg")
	for _, want := range []string{"## Inference in int8", "(chart.png)", "(curves.svg)", "MNN is not timed: it crashed\n", "no ncnn", "today, 0 rounds, Stride 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has no %q:\n%s", want, got)
		}
	}
}

func TestWriteChart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chart.png")
	results := []Result{
		timed("lenet", Train, Float32, 64, beside(PyTorch, 2, 3)),
		timed("lenet", Infer, Float32, 1, beside(ONNXRuntime, 2, 3)),
		timed("torchvision/vgg11", Infer, Float32, 16, beside(ONNXRuntime, 1, 1.2)),
	}
	if err := WriteChart(path, results[:1]); err != nil {
		t.Fatal(err)
	}
	size := func() (w, h int) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return c.Width, c.Height
	}
	w1, h1 := size()
	if err := WriteChart(path, results); err != nil {
		t.Fatal(err)
	}
	if w, h := size(); w != w1 || h != 2*h1 {
		t.Errorf("two panels have %d×%d pixels, one %d×%d", w, h, w1, h1)
	}
	if err := WriteChart(path, results[:0]); err == nil {
		t.Error("no error for a chart of nothing")
	}
}

func TestCurves(t *testing.T) {
	var results []Result
	for _, batch := range []int{16, 1, 4} {
		results = append(results, timed("lenet", Infer, Int8, batch, Figures{Engine: Stride, Seconds: []float64{1}, PeakBytes: 1e6}))
	}
	threads := timed("lenet", Infer, Int8, 4, Figures{Engine: Stride, Seconds: []float64{2}})
	threads.Threads = 1
	results = append(results, threads, timed("vgg", Infer, Int8, 4, Figures{Engine: Stride, Seconds: []float64{2}}))
	var titles []string
	for _, c := range curves(results) {
		titles = append(titles, c.title())
		for i := range c.results[1:] {
			if c.x(c.results[i]) >= c.x(c.results[i+1]) {
				t.Errorf("%s is not sorted", c.title())
			}
		}
	}
	if want := []string{"lenet, int8, 28 × 28, 2 threads", "lenet, int8, batch 4, 28 × 28"}; !slices.Equal(titles, want) {
		t.Errorf("curves are %q, want %q", titles, want)
	}
	folder := t.TempDir()
	for _, name := range []string{"a.svg", "a.png"} {
		if err := WriteCurves(filepath.Join(folder, name), results); err != nil {
			t.Error(err)
		}
	}
	f, err := os.Open(filepath.Join(folder, "a.svg"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for name, list := range map[string][]Result{"a.gif": results, "b.svg": results[:1]} {
		if err := WriteCurves(filepath.Join(folder, name), list); err == nil {
			t.Errorf("no error for %s", name)
		}
	}
}

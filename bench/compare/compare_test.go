package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/bench/internal/stats"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
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

func TestDiffer(t *testing.T) {
	// The outputs wanted have mean 0 and standard deviation 2.
	want := []float32{2, -2, 2, -2}
	for _, c := range []struct {
		got []float32
		off float64
	}{
		{[]float32{2, -2, 2, -2}, 0},
		{[]float32{2, -2, 2.5, -2}, .25},
		{[]float32{-2, 2, -2, 2}, 2},
	} {
		if off := outputsDiffer(c.got, want); !near(off, c.off) {
			t.Errorf("outputs %v are off by %v, want %v", c.got, off, c.off)
		}
	}
	if off := outputsDiffer([]float32{2, float32(math.NaN()), 2, -2}, want); off <= outputTolerance {
		t.Errorf("outputs that are not a number are off by %v", off)
	}
	// A network that does not learn is as wrong as one of another loss.
	if off := lossesDiffer([]float64{2, 2, 2}, []float64{2, 1.5, 1}); !near(off, 1) {
		t.Errorf("losses that stay are off by %v, want 1", off)
	}
	if off := lossesDiffer([]float64{2.5, 2, 1.5}, []float64{2, 1.5, 1}); !near(off, .5) {
		t.Errorf("shifted losses are off by %v, want 0.5", off)
	}
}

func TestCompareAll(t *testing.T) {
	workers := []*worker{{engine: stride}, {engine: pytorch, layout: "NCHW"}, {engine: pytorch, layout: "NHWC"}}
	off := func(v float64) func(int, int) float64 { return func(int, int) float64 { return v } }
	checks, err := compareAll(workers, "outputs", 1e-3, off(1e-4))
	if err != nil || len(checks) != 2 || checks[0].Engine != stride || checks[1].Engine != "PyTorch NHWC" || checks[0].Than != "PyTorch NCHW" {
		t.Errorf("got %+v and %v", checks, err)
	}
	for _, v := range []float64{2e-3, math.NaN(), math.Inf(1)} {
		if _, err := compareAll(workers, "outputs", 1e-3, off(v)); err == nil {
			t.Errorf("no error for a difference of %v", v)
		}
	}
	if checks, err := compareAll(workers[:1], "outputs", 1e-3, off(1)); err != nil || len(checks) != 0 {
		t.Errorf("without a rival: %v and %v", checks, err)
	}
}

func TestPlanCases(t *testing.T) {
	text := func(cases []measuredCase) string {
		var lines []string
		for _, c := range cases {
			lines = append(lines, c.String())
		}
		return strings.Join(lines, "; ")
	}
	for _, c := range []struct {
		nets, modes []string
		batches     []int
		want        string
	}{
		{[]string{"lenet", "vgg"}, []string{"infer", "train"}, nil,
			"lenet, train, batch 256; vgg, train, batch 64; lenet, infer, batch 1; lenet, infer, batch 256; vgg, infer, batch 1; vgg, infer, batch 64"},
		{[]string{"torchvision/resnet18"}, []string{"train", "infer"}, nil, "torchvision/resnet18, infer, batch 1; torchvision/resnet18, infer, batch 16"},
		{[]string{"resnet18"}, []string{"train"}, []int{8, 16}, "resnet18, train, batch 8; resnet18, train, batch 16"},
	} {
		cases, err := planCases(c.nets, c.modes, c.batches)
		if err != nil || text(cases) != c.want {
			t.Errorf("%v: got %s and %v, want %s", c.nets, text(cases), err, c.want)
		}
	}
	all, err := planCases(nil, []string{"train", "infer"}, nil)
	if err != nil || len(all) != 9+2*28 {
		t.Errorf("%d cases by default and %v, want 65", len(all), err)
	}
	for _, name := range []string{"lenett", "alexnet-28"} {
		if _, err := planCases([]string{name}, []string{"infer"}, nil); err == nil {
			t.Errorf("no error for %s", name)
		}
	}
}

// timed makes a result from seconds a step.
func timed(net, mode string, batch int, engines ...figures) result {
	return result{Net: net, Mode: mode, Batch: batch, Resolution: 28, Checks: []check{}, Engines: engines}
}

func TestVerdicts(t *testing.T) {
	none, some := 0.0, 2.0
	good := []result{
		timed("lenet", "train", 256, figures{Engine: stride, Seconds: []float64{1, 1, 1}, PeakBytes: 50, AllocsPerStep: &none},
			figures{Engine: pytorch, Layout: "NCHW", Seconds: []float64{9, 9, 9}, PeakBytes: 40},
			figures{Engine: pytorch, Layout: "NHWC", Seconds: []float64{2, 3, 4}, PeakBytes: 100}),
		timed("lenet", "infer", 1, figures{Engine: stride, Seconds: []float64{1}}, figures{Engine: onnxRuntime, Seconds: []float64{3}}),
		timed("vgg", "infer", 1, figures{Engine: stride, Seconds: []float64{1}}, figures{Engine: onnxRuntime, Seconds: []float64{1.2}}),
	}
	states := func(results []result) (s []state) {
		for _, v := range verdicts(results) {
			s = append(s, v.state)
		}
		return s
	}
	if got := states(good); !slices.Equal(got, []state{met, met, met, met, met, met}) {
		t.Errorf("all goals are met, got %v", got)
	}
	bad := []result{
		timed("lenet", "train", 256, figures{Engine: stride, Seconds: []float64{1}, PeakBytes: 70, AllocsPerStep: &some},
			figures{Engine: pytorch, Seconds: []float64{1.9}, PeakBytes: 100}),
		timed("lenet", "infer", 1, figures{Engine: stride, Seconds: []float64{1}}, figures{Engine: onnxRuntime, Seconds: []float64{.9}}),
	}
	if got := states(bad); !slices.Equal(got, []state{missed, missed, missed, missed, missed, missed}) {
		t.Errorf("no goal is met, got %v", got)
	}
	if got := states(nil); !slices.Equal(got, make([]state, 6)) {
		t.Errorf("nothing was measured, got %v", got)
	}
	good[2].Error, good[2].Engines = "the outputs differ", nil
	if v := verdicts(good)[2]; v.state != missed || !strings.Contains(v.outcome, "failed: vgg") {
		t.Errorf("a network that failed: %+v", v)
	}
	if got, want := verdicts(good)[0].outcome, "worst 3.00 × (lenet, batch 256), 1 of 1"; got != want {
		t.Errorf("got %q, want %q: the faster layout counts", got, want)
	}
}

func TestMerge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	first, err := loadReportIfAny(path)
	if err != nil {
		t.Fatal(err)
	}
	here := machine{CPU: "Z80", Cores: 2}
	begin := func(p *report, date string) {
		t.Helper()
		if err := p.begin(run{Date: date, Threads: 2, Machine: here}); err != nil {
			t.Fatal(err)
		}
	}
	begin(first, "one")
	one := figures{Engine: stride, Seconds: []float64{1}}
	first.add(timed("vgg", "infer", 1, one))
	first.add(timed("lenet", "infer", 64, one))
	if err := first.save(path); err != nil {
		t.Fatal(err)
	}
	p, err := loadReport(path)
	if err != nil {
		t.Fatal(err)
	}
	begin(p, "two")
	for _, r := range []result{
		timed("vgg", "infer", 1, figures{Engine: stride, Seconds: []float64{2}}), timed("resnet18", "train", 64, one), timed("lenet", "infer", 1, one),
	} {
		r.Run = 1
		p.add(r)
		p.tidy()
	}
	var got []string
	for _, r := range p.Results {
		got = append(got, r.Net+" "+r.Mode+" "+p.Runs[r.Run].Date)
	}
	if want := "resnet18 train two, lenet infer two, lenet infer one, vgg infer two"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if p.Results[3].Engines[0].Seconds[0] != 2 {
		t.Error("the newer figures of vgg are not there")
	}
	again := timed("lenet", "infer", 64, one)
	again.Run = 1
	p.add(again)
	p.tidy()
	if len(p.Runs) != 1 || p.Results[0].Run != 0 {
		t.Errorf("the first run has no result left, but there are %d", len(p.Runs))
	}
	if err := p.begin(run{Threads: 2, Machine: machine{CPU: "6502", Cores: 2}}); err == nil {
		t.Error("no error for results of another machine")
	}
}

func TestLoadReportRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	for _, text := range []string{"", "{", `{"results":[{"run":0}]}`, `{"runs":[{}],"results":[{"run":0,"engines":[{"engine":"stride"}]}]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadReport(path); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}

func TestTables(t *testing.T) {
	results := []result{
		timed("lenet", "train", 256, figures{Engine: stride, Seconds: []float64{.01, .01, .01}, PeakBytes: 30e6},
			figures{Engine: pytorch, Layout: "NHWC", Seconds: []float64{.02, .03, .04}, PeakBytes: 100e6}),
		timed("lenet", "infer", 1, figures{Engine: stride, Seconds: []float64{.001}}),
	}
	if got, want := trainingTable(results).rows[0], []string{
		"lenet", "256", "28", "25,600", "8,530", "NHWC", "3.00", "2.50–3.50", "met", "30", "100", "0.30", "met", dash,
	}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := inferenceTable(results).rows[0], []string{"lenet", "1", "28", "1,000", dash, dash, dash, dash, dash, dash}; !slices.Equal(got, want) {
		t.Errorf("without rivals: got %q, want %q", got, want)
	}
	short := table{head: []string{"net", "ratio"}, rows: [][]string{{"lenet", "× 3"}, {"vgg", "10"}}}
	if got, want := short.text(), "net    ratio\nlenet    × 3\nvgg       10\n"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	if got, want := short.markdown(), "| net | ratio |\n|---|---:|\n| lenet | × 3 |\n| vgg | 10 |\n"; got != want {
		t.Errorf("markdown is %q, want %q", got, want)
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

func TestWriteChart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chart.png")
	one := figures{Engine: stride, Seconds: []float64{1, 1}}
	results := []result{
		timed("lenet", "train", 64, one, figures{Engine: pytorch, Seconds: []float64{2, 3}}),
		timed("lenet", "infer", 1, one, figures{Engine: onnxRuntime, Seconds: []float64{2, 3}}),
		timed("torchvision/vgg11", "infer", 16, one, figures{Engine: onnxRuntime, Seconds: []float64{1, 1.2}}),
	}
	if err := writeChart(path, results[:1]); err != nil {
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
	if err := writeChart(path, results); err != nil {
		t.Fatal(err)
	}
	if w, h := size(); w != w1 || h != 2*h1 {
		t.Errorf("two panels have %d×%d pixels, one %d×%d", w, h, w1, h1)
	}
	if err := writeChart(path, results[:0]); err == nil {
		t.Error("no error for a chart of nothing")
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

func TestParseCPU(t *testing.T) {
	name, sets := parseCPU("processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse4_2 avx avx2 fma\n\nprocessor\t: 1\nmodel\t: 9\n", "?")
	if name != "AMD EPYC, family 25 model 17" || !slices.Equal(sets, []string{"sse4_2", "avx", "fma", "avx2"}) {
		t.Errorf("got %q with %v", name, sets)
	}
	if name, sets := parseCPU("Features\t: fp asimd\n", "?"); name != "?" || !slices.Equal(sets, []string{"asimd"}) {
		t.Errorf("arm64: got %q with %v", name, sets)
	}
}

func TestWakeNorms(t *testing.T) {
	state := []safetensors.Entry{
		{Name: "0.weight", Tensor: tensor.New(2, 1, 1, 1)}, {Name: "0.bias", Tensor: tensor.New(2)},
		{Name: "b.1.weight", Tensor: tensor.Full(1, 2)}, {Name: "b.1.running_mean", Tensor: tensor.New(2)}, {Name: "b.1.running_var", Tensor: tensor.Full(1, 2)},
	}
	wakeNorms(state)
	for i, e := range state {
		v := e.Tensor.Data()[0]
		if moved := v != 0 && v != 1; moved != (i >= 2) || v < -.125 || v > 1.125 {
			t.Errorf("%s is %v", e.Name, v)
		}
	}
}

// TestStrideWorker runs the worker in this process on the files of a case.
func TestStrideWorker(t *testing.T) {
	cases, err := planCases([]string{"lenet-bn"}, []string{"train", "infer"}, []int{4})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		files, err := makeFiles(t.TempDir(), c)
		if err != nil {
			t.Fatal(err)
		}
		requests := []request{
			{Op: "hello"},
			{Op: "open", Mode: c.mode, Net: c.spec.Name, Classes: c.spec.Classes, Batch: c.batch, Input: c.spec.Input, Threads: 2, Rate: .1,
				Weights: files.weights, Images: files.images, Labels: files.labels},
			{Op: "time", Warm: 1, Steps: 3},
			{Op: "losses", Steps: 2},
			{Op: "nothing"},
		}
		path := filepath.Join(files.folder, "out.f32")
		if c.mode == "infer" {
			requests[3] = request{Op: "output", Path: path}
		}
		var in, out bytes.Buffer
		for _, r := range requests {
			if err := json.NewEncoder(&in).Encode(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := serveStride(&in, &out); err != nil {
			t.Fatal(err)
		}
		var answers []reply
		for d := json.NewDecoder(&out); d.More(); {
			var r reply
			if err := d.Decode(&r); err != nil {
				t.Fatal(err)
			}
			answers = append(answers, r)
		}
		if len(answers) != 5 || answers[4].Error == "" || answers[1].Error != "" || answers[3].Error != "" {
			t.Fatalf("%v: answers are %+v", c, answers)
		}
		if len(answers[2].Seconds) != 3 || answers[2].AllocsPerStep == nil {
			t.Errorf("%v: times are %+v", c, answers[2])
		}
		if c.mode == "infer" {
			if _, err := readTensor(path, c.batch, c.spec.Classes); err != nil {
				t.Error(err)
			}
			continue
		}
		if l := answers[3].Losses; len(l) != 2 || !(l[1] < l[0]) {
			t.Errorf("%v: losses are %v, want them to fall", c, l)
		}
	}
}

func TestMissingProgram(t *testing.T) {
	workers, missing, err := startAll(t.Context(), []launcher{{engine: pytorch, program: filepath.Join(t.TempDir(), "no-python")}})
	if len(workers) != 0 || len(missing) != 1 || err != nil || !strings.Contains(missing[0], "PyTorch") {
		t.Errorf("got %d workers, %q and %v", len(workers), missing, err)
	}
	var m *missingError
	if _, err := (launcher{engine: onnxRuntime, program: "no-such-node"}).start(t.Context()); !errors.As(err, &m) {
		t.Errorf("got %v", err)
	}
}

func TestValidate(t *testing.T) {
	good := options{settings: settings{rounds: 1, slice: 1, threads: 1}, modes: []string{"train"}}
	if err := good.validate(nil); err != nil {
		t.Errorf("%v for good options", err)
	}
	for name, spoil := range map[string]func(*options){
		"mode":          func(o *options) { o.modes = []string{"learn"} },
		"rounds":        func(o *options) { o.rounds = 0 },
		"batches":       func(o *options) { o.batches = []int{0} },
		"append, json":  func(o *options) { o.append = true },
		"print, append": func(o *options) { o.print, o.append, o.json = true, true, "x" },
	} {
		o := good
		spoil(&o)
		if err := o.validate(nil); err == nil {
			t.Errorf("no error for bad %s", name)
		}
	}
}

func TestCommandLine(t *testing.T) {
	if got, want := commandLine([]string{"/tmp/x", "--json", "a b.json", "it's"}), `go run ./bench/compare --json 'a b.json' 'it'\''s'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

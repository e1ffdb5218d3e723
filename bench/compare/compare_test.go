package main

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/compare/internal/strideworker"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// The test program is Stride's worker, too, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		if err := strideworker.Serve(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }

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

func TestCommandLine(t *testing.T) {
	if got, want := commandLine([]string{"/tmp/x", "--json", "a b.json", "it's"}), `go run ./bench/compare --json 'a b.json' 'it'\''s'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSignalToNoise(t *testing.T) {
	want := []float32{1, -1, 11, 9} // two rows that vary by 1 each
	got := []float32{1.1, -1.1, 11.1, 8.9}
	if snr := signalToNoise(got, want, 2); math.Abs(snr-20) > 1e-4 {
		t.Errorf("got %v dB, want 20", snr)
	}
	if snr := signalToNoise([]float32{9, 11, 1, -1}, want, 2); snr > 0 {
		t.Errorf("rows in the wrong order have %v dB", snr)
	}
	if snr := signalToNoise(want, want, 2); snr != 999 {
		t.Errorf("equal outputs have %v dB", snr)
	}
	if snr := signalToNoise([]float32{1, float32(math.NaN()), 11, 9}, want, 2); snr >= leastSNR[results.Int8] {
		t.Errorf("outputs that are not a number have %v dB", snr)
	}
	if same := sameClasses([]float32{2, 1, 3, 4}, want, 2); same != .5 {
		t.Errorf("%v of the classes are the same, want half", same)
	}
}

func TestPlan(t *testing.T) {
	text := func(cases []measuredCase) string {
		var lines []string
		for _, c := range cases {
			lines = append(lines, strings.TrimSuffix(c.String(), ", 2 threads"))
		}
		return strings.Join(lines, "; ")
	}
	float := []string{results.Float32}
	both := []string{results.Train, results.Infer}
	for _, c := range []struct {
		p    plan
		want string
	}{
		{plan{nets: []string{"lenet"}, modes: both, precisions: float}, "lenet, train in float32, batch 256, 28 × 28; " +
			"lenet, infer in float32, batch 1, 28 × 28; lenet, infer in float32, batch 256, 28 × 28"},
		{plan{nets: []string{"torchvision/resnet18"}, modes: both, precisions: float}, "torchvision/resnet18, infer in float32, batch 1, 224 × 224; " +
			"torchvision/resnet18, infer in float32, batch 16, 224 × 224"},
		{plan{nets: []string{"resnet18"}, modes: []string{results.Infer}, precisions: []string{results.Int8}, batches: []int{4}, resolutions: []int{64, 96}},
			"resnet18, infer in int8, batch 4, 64 × 64; resnet18, infer in int8, batch 4, 96 × 96"},
		{plan{nets: []string{"resnet18"}, modes: []string{results.Train}, precisions: []string{results.Int8}}, ""},
	} {
		c.p.threads = []int{2}
		cases, err := c.p.cases()
		if err != nil || text(cases) != c.want {
			t.Errorf("%v: got %s and %v, want %s", c.p, text(cases), err, c.want)
		}
	}
	for _, c := range []struct {
		precision string
		want      int
	}{{results.Float32, 9 + 2*28}, {results.BFloat16, 8 + 2*8}, {results.Int8, 2 * 8}} {
		all, err := plan{modes: both, precisions: []string{c.precision}, threads: []int{2}}.cases()
		if err != nil || len(all) != c.want {
			t.Errorf("%d cases by default in %s and %v, want %d", len(all), c.precision, err, c.want)
		}
	}
	for _, name := range []string{"lenett", "alexnet-28"} {
		if _, err := (plan{nets: []string{name}, modes: both, precisions: float, threads: []int{2}}).cases(); err == nil {
			t.Errorf("no error for %s", name)
		}
	}
}

func TestValidate(t *testing.T) {
	good := options{settings: settings{rounds: 1, slice: 1}, plan: plan{modes: []string{"train"}, precisions: []string{"int8"}, threads: []int{1}}}
	if err := good.validate(); err != nil {
		t.Errorf("%v for good options", err)
	}
	for name, spoil := range map[string]func(*options){
		"mode":          func(o *options) { o.modes = []string{"learn"} },
		"precision":     func(o *options) { o.precisions = []string{"int4"} },
		"engine":        func(o *options) { o.engines = []string{"caffe"} },
		"python":        func(o *options) { o.python = map[string]string{"caffe": "python3"} },
		"rounds":        func(o *options) { o.rounds = 0 },
		"batches":       func(o *options) { o.batches = []int{0} },
		"threads":       func(o *options) { o.threads = nil },
		"append, json":  func(o *options) { o.append = true },
		"print, append": func(o *options) { o.print, o.append, o.json = true, true, "x" },
		"join":          func(o *options) { o.join = []string{"x"} },
		"again":         func(o *options) { o.again = true },
		"prepare":       func(o *options) { o.prepare = true },
	} {
		o := good
		spoil(&o)
		if err := o.validate(); err == nil {
			t.Errorf("no error for bad %s", name)
		}
	}
}

// TestStrideAlone measures without any rival, in two pieces.
func TestStrideAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	run := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		cmd := command(&out, io.Discard)
		cmd.SetArgs(append(args, "--venvs", t.TempDir(), "--json", file, "--append", "--engines", "onnxruntime,mnn", "--rounds", "2", "--slice", "1ms", "--models", t.TempDir(), "lenet-bn"))
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	run("--modes", "train", "--batches", "4")
	out := run("--modes", "infer", "--precisions", "float32,int8", "--batches", "4", "--threads", "1")
	p, err := results.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Results) != 3 || len(p.Runs) != 2 || len(p.Runs[1].Missing) != 2 || !strings.Contains(p.Runs[1].Missing[0], "install.sh pytorch") {
		t.Fatalf("%d results, runs %+v", len(p.Results), p.Runs)
	}
	for i, want := range []string{results.Train, results.Infer} {
		r := p.Results[i]
		f := r.Of(results.Stride)
		if r.Mode != want || r.Threads != 2-i || len(r.Engines) != 1 || len(f.Seconds) != 2 || f.PeakBytes == 0 && exists("/proc/self/status") {
			t.Errorf("got %+v", r)
		}
	}
	if p.Results[2].Precision != results.Int8 || len(p.Results[2].Engines) != 0 {
		t.Errorf("in int8, which Stride has not: %+v", p.Results[2])
	}
	if !strings.Contains(out, "lenet-bn") || !strings.Contains(out, "not everything was measured") {
		t.Errorf("the text is %s", out)
	}
}

// Package results keeps what bench/compare has measured, in a JSON file that several runs
// can add to, and makes tables, charts and a page of it.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/strideml/stride/bench/internal/stats"
	"github.com/strideml/stride/internal/atomicfile"
)

// Names of engines, in the order of tables.
const (
	Stride      = "Stride"
	PyTorch     = "PyTorch"
	ONNXRuntime = "ONNX Runtime"
	OpenVINO    = "OpenVINO"
	NCNN        = "ncnn"
	MNN         = "MNN"
	LiteRT      = "LiteRT"
	JAX         = "JAX"
)

// Engines are all of them, Stride first.
var Engines = []string{Stride, PyTorch, ONNXRuntime, OpenVINO, NCNN, MNN, LiteRT, JAX}

// Precisions in which networks are computed.
const (
	Float32  = "float32"
	BFloat16 = "bfloat16"
	Int8     = "int8"
)

// Modes: training steps, or inference.
const (
	Train = "train"
	Infer = "infer"
)

// A Report is what one or several runs measured; it is the JSON file.
type Report struct {
	Runs    []Run    `json:"runs"`
	Results []Result `json:"results"`
}

// A Run is one call of the program.
type Run struct {
	Date     string            `json:"date"` // RFC 3339
	Command  string            `json:"command"`
	Rounds   int               `json:"rounds"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Missing  []string          `json:"missing,omitempty"` // rivals that were not installed, and why
}

// A Machine is where a run was.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	// Instructions are the processor's vector instruction sets.
	Instructions []string `json:"instructions"`
	Platform     string   `json:"platform"`
	// Environment holds the variables that steer the engines, if they are set.
	Environment []string `json:"environment,omitempty"`
}

// A Case is what engines compute in turn: a network in a mode, a precision, and so on.
type Case struct {
	Net        string `json:"net"`
	Mode       string `json:"mode"`
	Precision  string `json:"precision"`
	Batch      int    `json:"batch"`
	Resolution int    `json:"resolution"` // height and width in pixels
	Threads    int    `json:"threads"`
}

// String names the case as progress and notes do.
func (c Case) String() string {
	return fmt.Sprintf("%s, %s in %s, batch %d, %d × %d, %d threads", c.Net, c.Mode, c.Precision, c.Batch, c.Resolution, c.Resolution, c.Threads)
}

// A Result is a case and what came of it. Engines can be measured one after another, in
// several runs, since each has Stride's times beside its own.
type Result struct {
	Case
	// Error says why nothing is timed.
	Error   string    `json:"error,omitempty"`
	Engines []Figures `json:"engines,omitempty"`
	// Refused are the engines that could not be timed although they should.
	Refused []Refusal `json:"refused,omitempty"`
}

// A Refusal says why an engine has no figures.
type Refusal struct {
	Engine string `json:"engine"`
	Why    string `json:"why"`
}

// A Check is how far an engine is from the outputs or losses that all must agree with.
type Check struct {
	What      string  `json:"what"` // "outputs" or "losses"
	Off       float64 `json:"off"`
	Tolerance float64 `json:"tolerance"`
	// SNR is the ratio of signal to noise of outputs in decibels, and Top1 the share of
	// images with the same greatest output, of lower precisions.
	SNR  float64 `json:"snr,omitempty"`
	Top1 float64 `json:"top1,omitempty"`
}

// Figures are those of one engine with the setting that is fastest.
type Figures struct {
	Run     int    `json:"run"` // index in Runs
	Engine  string `json:"engine"`
	Setting string `json:"setting,omitempty"`
	// Tried has the seconds of a step with each setting that was tried, once.
	Tried map[string]float64 `json:"tried,omitempty"`
	// Seconds is the time of a step in each round, and Beside Stride's in the same rounds,
	// empty where Stride does not compute the case.
	Seconds []float64 `json:"seconds"`
	Beside  []float64 `json:"beside,omitempty"`
	Check   *Check    `json:"check,omitempty"`
	// LoadedBytes is the resident memory with the network loaded, and PeakBytes
	// the most from then on; 0 if unknown.
	PeakBytes   int64 `json:"peak_bytes,omitempty"`
	LoadedBytes int64 `json:"loaded_bytes,omitempty"`
	// AllocsPerStep are those on the Go heap, the least of all turns, for now
	// and then the runtime allocates for itself.
	AllocsPerStep *float64 `json:"allocs_per_step,omitempty"`
	// IdleShare is how many processors the process kept busy while another
	// was timed.
	IdleShare float64 `json:"idle_share"`
}

// Name is the engine with its setting.
func (f *Figures) Name() string {
	if f.Setting == "" {
		return f.Engine
	}
	return f.Engine + " (" + f.Setting + ")"
}

// Of returns the figures of an engine; nil if there are none.
func (r *Result) Of(engine string) *Figures {
	for i := range r.Engines {
		if r.Engines[i].Engine == engine {
			return &r.Engines[i]
		}
	}
	return nil
}

// faster returns how many times as fast as a rival Stride is, round by round;
// nil if either was not measured.
func (r *Result) faster(rival string) []float64 {
	theirs := r.Of(rival)
	if theirs == nil || len(theirs.Beside) == 0 {
		return nil
	}
	return ratios(theirs.Beside, theirs.Seconds)
}

// fastest returns the fastest of some rivals, by how much faster Stride is in the median,
// or, without Stride's figures, by its time of a step; "" if none was measured.
func (r *Result) fastest(rivals []string) string {
	best, name := 0.0, ""
	for _, rival := range rivals {
		f := r.Of(rival)
		if f == nil || rival == Stride {
			continue
		}
		v := stats.Median(f.Seconds)
		if x := r.faster(rival); x != nil {
			v = stats.Median(x)
		}
		if name == "" || v < best {
			best, name = v, rival
		}
	}
	return name
}

// memoryRatio is Stride's peak memory to a rival's, or 0 if unknown.
func (r *Result) memoryRatio(rival string) float64 {
	ours, theirs := r.Of(Stride), r.Of(rival)
	if ours == nil || theirs == nil || ours.PeakBytes == 0 || theirs.PeakBytes == 0 {
		return 0
	}
	return float64(ours.PeakBytes) / float64(theirs.PeakBytes)
}

// Find returns the result of a case; nil if there is none.
func (p *Report) Find(c Case) *Result {
	for i := range p.Results {
		if p.Results[i].Case == c {
			return &p.Results[i]
		}
	}
	return nil
}

// Has says whether an engine was measured in a case.
func (p *Report) Has(c Case, engine string) bool {
	r := p.Find(c)
	return r != nil && r.Of(engine) != nil
}

// Add joins a result with the one of the same case, if there is one: the figures of the
// engines that it has replace older ones.
func (p *Report) Add(r Result) {
	old := p.Find(r.Case)
	if old == nil {
		p.Results = append(p.Results, r)
		return
	}
	if old.Error = r.Error; r.Error != "" {
		return
	}
	for _, f := range r.Engines {
		if known := old.Of(f.Engine); known != nil {
			*known = f
		} else {
			old.Engines = append(old.Engines, f)
		}
	}
	tried := func(engine string) bool {
		return r.Of(engine) != nil || slices.ContainsFunc(r.Refused, func(x Refusal) bool { return x.Engine == engine })
	}
	old.Refused = slices.DeleteFunc(old.Refused, func(x Refusal) bool { return tried(x.Engine) })
	old.Refused = append(old.Refused, r.Refused...)
}

// Join adds the runs and results of another report, whose figures replace older ones. It
// is an error if they are of another machine.
func (p *Report) Join(other *Report) error {
	moved := make([]int, len(other.Runs))
	for i, r := range other.Runs {
		var err error
		if moved[i], err = p.Begin(r); err != nil {
			return err
		}
	}
	for _, r := range other.Results {
		r.Engines = slices.Clone(r.Engines)
		for i := range r.Engines {
			r.Engines[i].Run = moved[r.Engines[i].Run]
		}
		p.Add(r)
	}
	return nil
}

// Begin starts a run in the report and returns its index. It is an error if other runs
// are of another machine.
func (p *Report) Begin(r Run) (int, error) {
	for _, old := range p.Runs {
		if old.Machine.CPU != r.Machine.CPU || old.Machine.Cores != r.Machine.Cores {
			return 0, fmt.Errorf("the results so far are of %d × %s, now it is %d × %s: one report is of one machine",
				old.Machine.Cores, old.Machine.CPU, r.Machine.Cores, r.Machine.CPU)
		}
	}
	p.Runs = append(p.Runs, r)
	return len(p.Runs) - 1, nil
}

// Tidy sorts the results, training first, then by precision, then in the order of the
// networks, and drops the runs of which none is left but the last one.
func (p *Report) Tidy(nets []string) {
	order := func(list []string, name string) int {
		if at := slices.Index(list, name); at >= 0 {
			return at
		}
		return len(list)
	}
	slices.SortStableFunc(p.Results, func(a, b Result) int {
		for _, d := range []int{
			order([]string{Train, Infer}, a.Mode) - order([]string{Train, Infer}, b.Mode),
			order([]string{Float32, BFloat16, Int8}, a.Precision) - order([]string{Float32, BFloat16, Int8}, b.Precision),
			order(nets, a.Net) - order(nets, b.Net),
			a.Batch - b.Batch, a.Resolution - b.Resolution, a.Threads - b.Threads,
		} {
			if d != 0 {
				return d
			}
		}
		return 0
	})
	for i := range p.Results {
		slices.SortStableFunc(p.Results[i].Engines, func(a, b Figures) int { return order(Engines, a.Engine) - order(Engines, b.Engine) })
	}
	p.dropRuns()
}

func (p *Report) dropRuns() {
	used := map[int]bool{len(p.Runs) - 1: true}
	for _, r := range p.Results {
		for _, f := range r.Engines {
			used[f.Run] = true
		}
	}
	var runs []Run
	moved := map[int]int{}
	for i, r := range p.Runs {
		if used[i] {
			moved[i] = len(runs)
			runs = append(runs, r)
		}
	}
	for _, r := range p.Results {
		for i := range r.Engines {
			r.Engines[i].Run = moved[r.Engines[i].Run]
		}
	}
	p.Runs = runs
}

// Load reads a report.
func Load(path string) (*Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var p Report
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, r := range p.Results {
		for _, f := range r.Engines {
			if f.Run < 0 || f.Run >= len(p.Runs) {
				return nil, fmt.Errorf("%s: result %d is of run %d of %d", path, i, f.Run, len(p.Runs))
			}
			if len(f.Seconds) == 0 {
				return nil, fmt.Errorf("%s: result %d has no times of %s", path, i, f.Engine)
			}
		}
	}
	return &p, nil
}

// LoadIfAny returns an empty report if there is no such file.
func LoadIfAny(path string) (*Report, error) {
	p, err := Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Report{}, nil
	}
	return p, err
}

// Save writes the report, a line for each run and result.
func (p *Report) Save(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "{\"runs\":[\n"); err != nil {
			return err
		}
		if err := writeLines(w, p.Runs); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "],\n\"results\":[\n"); err != nil {
			return err
		}
		if err := writeLines(w, p.Results); err != nil {
			return err
		}
		_, err := io.WriteString(w, "]}\n")
		return err
	})
}

func writeLines[T any](w io.Writer, list []T) error {
	for i, v := range list {
		line, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if i < len(list)-1 {
			line = append(line, ',')
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

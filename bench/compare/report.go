package main

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

// A report is what one or several runs measured; it is the JSON file.
type report struct {
	Runs    []run    `json:"runs"`
	Results []result `json:"results"`
}

// A run is one call of the program.
type run struct {
	Date     string            `json:"date"` // RFC 3339
	Command  string            `json:"command"`
	Rounds   int               `json:"rounds"`
	Threads  int               `json:"threads"`
	Machine  machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Missing  []string          `json:"missing,omitempty"` // rivals that were not installed, and why
}

// A result is one network in one mode with one batch size.
type result struct {
	Run        int     `json:"run"` // index in Runs
	Net        string  `json:"net"`
	Mode       string  `json:"mode"`
	Batch      int     `json:"batch"`
	Resolution int     `json:"resolution"`
	Checks     []check `json:"checks"`
	// Error says why there are no figures.
	Error   string    `json:"error,omitempty"`
	Engines []figures `json:"engines,omitempty"`
}

// A check is how far two engines are apart before anything is timed.
type check struct {
	Engine    string  `json:"engine"`
	Than      string  `json:"than"`
	What      string  `json:"what"` // "outputs" or "losses"; see outputsDiffer and lossesDiffer
	Off       float64 `json:"off"`
	Tolerance float64 `json:"tolerance"`
}

// figures are those of one engine.
type figures struct {
	Engine string `json:"engine"`
	Layout string `json:"layout,omitempty"` // of PyTorch: NCHW or NHWC
	// Seconds is the time of a step in each round.
	Seconds []float64 `json:"seconds"`
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

// Names of engines.
const (
	stride      = "stride"
	pytorch     = "PyTorch"
	onnxRuntime = "ONNX Runtime"
)

// of returns the figures of an engine, of PyTorch those of the layout that is
// faster in the median; nil if there are none.
func (r *result) of(engine string) *figures {
	var best *figures
	for i := range r.Engines {
		f := &r.Engines[i]
		if f.Engine == engine && (best == nil || stats.Median(f.Seconds) < stats.Median(best.Seconds)) {
			best = f
		}
	}
	return best
}

// faster returns how many times as fast as a rival stride is, round by round;
// nil if either was not measured.
func (r *result) faster(rival string) []float64 {
	ours, theirs := r.of(stride), r.of(rival)
	if ours == nil || theirs == nil {
		return nil
	}
	return ratios(ours.Seconds, theirs.Seconds)
}

// memoryRatio is stride's peak memory to PyTorch's, or 0 if unknown.
func (r *result) memoryRatio() float64 {
	ours, theirs := r.of(stride), r.of(pytorch)
	if ours == nil || theirs == nil || ours.PeakBytes == 0 || theirs.PeakBytes == 0 {
		return 0
	}
	return float64(ours.PeakBytes) / float64(theirs.PeakBytes)
}

// add puts a result in the place of the one of the same case, or at the end.
func (p *report) add(r result) {
	for i, old := range p.Results {
		if old.Net == r.Net && old.Mode == r.Mode && old.Batch == r.Batch {
			p.Results[i] = r
			return
		}
	}
	p.Results = append(p.Results, r)
}

// begin starts a run in the report. It is an error if other runs are of
// another machine or other threads.
func (p *report) begin(r run) error {
	for _, old := range p.Runs {
		if old.Machine.CPU != r.Machine.CPU || old.Machine.Cores != r.Machine.Cores || old.Threads != r.Threads {
			return fmt.Errorf("the results so far are of %d threads on %d × %s, now it is %d threads on %d × %s: one report is of one machine",
				old.Threads, old.Machine.Cores, old.Machine.CPU, r.Threads, r.Machine.Cores, r.Machine.CPU)
		}
	}
	p.Runs = append(p.Runs, r)
	return nil
}

// tidy sorts the results, training first and then in the order of the networks,
// and drops the runs of which none is left.
func (p *report) tidy() {
	order := slices.Concat(bookNets, torchvisionNets)
	rank := func(r result) int {
		at := slices.Index(order, r.Net)
		if at < 0 {
			at = len(order)
		}
		return at
	}
	slices.SortStableFunc(p.Results, func(a, b result) int {
		switch {
		case a.Mode != b.Mode && a.Mode == "train":
			return -1
		case a.Mode != b.Mode:
			return 1
		case rank(a) != rank(b):
			return rank(a) - rank(b)
		}
		return a.Batch - b.Batch
	})
	var runs []run
	moved := map[int]int{}
	for i, r := range p.Runs {
		if slices.ContainsFunc(p.Results, func(x result) bool { return x.Run == i }) {
			moved[i] = len(runs)
			runs = append(runs, r)
		}
	}
	for i := range p.Results {
		p.Results[i].Run = moved[p.Results[i].Run]
	}
	p.Runs = runs
}

func loadReport(path string) (*report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var p report
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, r := range p.Results {
		if r.Run < 0 || r.Run >= len(p.Runs) {
			return nil, fmt.Errorf("%s: result %d is of run %d of %d", path, i, r.Run, len(p.Runs))
		}
		for _, f := range r.Engines {
			if len(f.Seconds) == 0 {
				return nil, fmt.Errorf("%s: result %d has no times of %s", path, i, f.Engine)
			}
		}
	}
	return &p, nil
}

// loadReportIfAny returns an empty report if there is no such file.
func loadReportIfAny(path string) (*report, error) {
	p, err := loadReport(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &report{}, nil
	}
	return p, err
}

func (p *report) save(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(p)
	})
}

package live

import (
	"errors"
	"io/fs"
	"math"
	"net/http"
	"time"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train/observe"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/train/runs"
)

// finite is a number as JSON has it: nil stands for NaN and infinities.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// A listing is a run in the list.
type listing struct {
	Run      string     `json:"run"`
	State    runs.State `json:"state"`
	Error    string     `json:"error,omitempty"`
	Net      string     `json:"net"`
	Data     string     `json:"data"`
	Done     int        `json:"done"`
	Of       int        `json:"of"`
	Best     *float64   `json:"best"` // accuracy
	BestAt   int        `json:"best_at,omitempty"`
	Last     *float64   `json:"last"`
	Loss     *float64   `json:"loss"`
	Seconds  float64    `json:"seconds"`
	Written  time.Time  `json:"written"`
	Observed bool       `json:"observed"`
}

// list answers with the runs.
func (h *handler) list(w http.ResponseWriter, _ *http.Request) error {
	found, err := h.find()
	if err != nil {
		return err
	}
	list := []listing{}
	for _, r := range found {
		l := listing{
			Run: r.Name, State: r.State, Net: printable.Line(r.Settings.Net), Data: printable.Line(r.Settings.Data), Done: len(r.History.Rows), Of: r.Settings.Epochs,
			Seconds: r.Seconds(), Written: r.Written,
		}
		if r.Err != nil {
			l.Error = printable.Line(r.Err.Error())
		}
		if best, ok := r.Best(); ok {
			last := r.History.Last()
			l.Best, l.BestAt, l.Last, l.Loss = finite(runs.Accuracy(best)), best.Epoch, finite(runs.Accuracy(last)), finite(last.TrainLoss)
		}
		list = append(list, l)
	}
	return answer(w, list)
}

// run answers with the settings and the classes of a run.
func (h *handler) run(w http.ResponseWriter, r *http.Request) error {
	run, err := h.oneOf(r)
	if err != nil {
		return err
	}
	s, err := runfolder.ReadSettings(run.dir)
	if err != nil {
		return err
	}
	classes := []string{}
	for _, name := range s.Classes {
		classes = append(classes, printable.Line(name))
	}
	type details struct {
		Run      string             `json:"run"`
		Folder   string             `json:"folder"`
		Classes  []string           `json:"classes"`
		Photos   bool               `json:"photos"`
		Settings runfolder.Settings `json:"settings"`
	}
	d := details{Run: run.name, Folder: printable.Line(run.dir), Classes: classes, Photos: s.Options["photos"] != "", Settings: s}
	d.Settings.Classes = nil
	return answer(w, d)
}

// compare answers with the settings in which runs differ.
func (h *handler) compare(w http.ResponseWriter, r *http.Request) error {
	found, err := h.runsOf(r)
	if err != nil {
		return err
	}
	var list []*runs.Run
	for _, run := range found {
		one := runs.Read(run.dir)
		one.Name = run.name
		list = append(list, one)
	}
	differences, err := runs.Compare(list...)
	if err != nil {
		return refuse(http.StatusConflict, "%v", err) // one is damaged
	}
	if differences == nil {
		differences = []runs.Difference{}
	}
	for _, d := range differences {
		for i, v := range d.Values {
			d.Values[i] = printable.Line(v)
		}
	}
	return answer(w, differences)
}

// epoch answers with what was observed of an epoch.
func (h *handler) epoch(w http.ResponseWriter, r *http.Request) error {
	return ofEpoch(h, w, r, observe.ReadEpoch)
}

// probe answers with how the weights were after an epoch.
func (h *handler) probe(w http.ResponseWriter, r *http.Request) error {
	return ofEpoch(h, w, r, observe.ReadProbe)
}

func ofEpoch[T any](h *handler, w http.ResponseWriter, r *http.Request, read func(dir string, n int) (T, error)) error {
	run, err := h.oneOf(r)
	if err != nil {
		return err
	}
	n, err := numberOf(r, "epoch")
	if err != nil {
		return err
	}
	v, err := read(run.dir, n)
	if err != nil {
		return err
	}
	return answer(w, v)
}

// series returns an element for each epoch for which pick finds something.
func series[T any](run named, list func(dir string) ([]int, error), read func(dir string, n int) (T, error), pick func(epoch int, v T) any) ([]any, error) {
	numbers, err := list(run.dir)
	if err != nil {
		return nil, err
	}
	elements := []any{}
	var damaged error
	for _, n := range numbers {
		v, err := read(run.dir, n)
		if err != nil { // damaged, or removed meanwhile
			damaged = err
			continue
		}
		if one := pick(n, v); one != nil {
			elements = append(elements, one)
		}
	}
	if len(elements) == 0 && damaged != nil {
		return nil, damaged
	}
	return elements, nil
}

// ofProbes answers with an element for each probe for which pick finds something.
func (h *handler) ofProbes(w http.ResponseWriter, r *http.Request, pick func(epoch int, p *observe.Probe) any) error {
	run, err := h.oneOf(r)
	if err != nil {
		return err
	}
	elements, err := series(run, observe.Probes, observe.ReadProbe, pick)
	if err != nil {
		return err
	}
	return answer(w, elements)
}

// chosen answers with the chosen images, and with the predictions for them, epoch by epoch.
func (h *handler) chosen(w http.ResponseWriter, r *http.Request) error {
	type element struct {
		Epoch  int                  `json:"epoch"`
		Chosen []observe.Prediction `json:"chosen"`
	}
	run, err := h.oneOf(r)
	if err != nil {
		return err
	}
	images, err := observe.ReadChosen(run.dir)
	if errors.Is(err, fs.ErrNotExist) {
		images, err = []observe.Image{}, nil
	}
	if err != nil {
		return err
	}
	epochs, err := series(run, observe.Epochs, observe.ReadEpoch, func(epoch int, e *observe.Epoch) any {
		if len(e.Chosen) == 0 {
			return nil
		}
		return element{epoch, e.Chosen}
	})
	if err != nil {
		return err
	}
	return answer(w, map[string]any{"images": images, "epochs": epochs})
}

// dead answers with the dead units, epoch by epoch.
func (h *handler) dead(w http.ResponseWriter, r *http.Request) error {
	type element struct {
		Epoch  int            `json:"epoch"`
		Images int            `json:"images"`
		Dead   []observe.Dead `json:"dead"`
	}
	return h.ofProbes(w, r, func(epoch int, p *observe.Probe) any {
		if len(p.Dead) == 0 {
			return nil
		}
		return element{epoch, p.Images, p.Dead}
	})
}

// parameter answers with the distributions of a parameter, epoch by epoch.
func (h *handler) parameter(w http.ResponseWriter, r *http.Request) error {
	name := r.URL.Query().Get("name")
	type element struct {
		Epoch     int                `json:"epoch"`
		Weights   *observe.Histogram `json:"weights"`
		Gradients *observe.Histogram `json:"gradients,omitempty"`
	}
	return h.ofProbes(w, r, func(epoch int, p *observe.Probe) any {
		for _, one := range p.Parameters {
			if one.Name == name {
				return element{epoch, one.Weights, one.Gradients}
			}
		}
		return nil
	})
}

package runfolder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/sniff"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// Settings are what config.json of a run folder says about the run. Config is that
// of package train.
type Settings struct {
	// Version is that of the run folder's format: 1.
	Version int `json:"version"`
	// Net, Data and Options are those of Config.
	Net     string            `json:"net"`
	Data    string            `json:"data"`
	Options map[string]string `json:"options,omitempty"`
	// Input is the shape of an image, C×H×W.
	Input tensor.Shape `json:"input"`
	// Preprocessing is how a picture becomes an image of the data set; nil in
	// runs of older versions, and where images are no pictures.
	Preprocessing *preprocess.Config `json:"preprocessing,omitempty"`
	// Classes are the class names; there may be none if the run has a loss of its
	// own.
	Classes []string `json:"classes"`
	// Target is the shape of the target of an image, if that is no label.
	Target tensor.Shape `json:"target,omitempty"`
	// Parameters counts the model's trainable numbers.
	Parameters int `json:"parameters"`
	// TrainImages and TestImages are the sizes of the sets.
	TrainImages int `json:"train_images"`
	TestImages  int `json:"test_images"`
	// TrainHash tells training sets apart: it covers some of the images.
	TrainHash string `json:"train_hash"`
	// These are those of Config. Loss tells whether one was given.
	Epochs       int      `json:"epochs"`
	BatchSize    int      `json:"batch_size"`
	LearningRate float32  `json:"learning_rate"`
	Schedule     Schedule `json:"schedule,omitempty"`
	Loss         bool     `json:"loss,omitempty"`
	Optimizer    string   `json:"optimizer"`
	Augment      string   `json:"augment,omitempty"`
	Seed         uint64   `json:"seed"`
	// These are also those of Config, in words; "" and 0 are what a Config without them
	// has.
	Mix            string    `json:"mix,omitempty"`
	Freeze         string    `json:"freeze,omitempty"`
	Accumulate     int       `json:"accumulate,omitempty"`
	EMA            string    `json:"ema,omitempty"`
	LabelSmoothing float32   `json:"label_smoothing,omitempty"`
	ClassWeights   []float32 `json:"class_weights,omitempty"`
	Best           Metric    `json:"best,omitempty"`
	EarlyStop      string    `json:"early_stop,omitempty"`
	Plateau        string    `json:"plateau,omitempty"`
	// Shards is that of Config.Dist.
	Shards int `json:"shards,omitempty"`
	// Device is the name of the engine that the run was started on.
	Device string `json:"device"`
}

// A Schedule describes a schedule of the learning rate; "" is a constant rate.
type Schedule string

// UnmarshalJSON implements json.Unmarshaler. Files of older versions only say that
// there was a schedule, which could be a function alone.
func (s *Schedule) UnmarshalJSON(b []byte) error {
	if string(b) == "true" {
		*s = Schedule(optim.ScheduleFunc(nil).Describe(optim.Run{}))
		return nil
	}
	return json.Unmarshal(b, (*string)(s))
}

// Metadata returns what the metadata of a model file say, so that the file can
// be used without its folder: the network, the data, and as JSON the class
// names and the input shape; the preprocessing, too, unless it is
// preprocess.Plain.
func (s Settings) Metadata() (map[string]string, error) {
	classes, err := json.Marshal(s.Classes)
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(s.Input)
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{"format": "pt", "net": s.Net, "data": s.Data, "classes": string(classes), "input": string(input)}
	if s.Preprocessing != nil && !s.Preprocessing.Equal(preprocess.Plain(s.Input)) {
		b, err := json.Marshal(s.Preprocessing)
		if err != nil {
			return nil, err
		}
		metadata["preprocessing"] = string(b)
	}
	return metadata, nil
}

// A Compared is a setting by which runs are told apart.
type Compared struct {
	Name  string
	Value any
}

// Compared returns the settings that a resumed run keeps, with a name for each that is
// part of a sentence, without an article. Two Settings have the same names in the same
// order.
func (s Settings) Compared() []Compared {
	return []Compared{
		{"network", s.Net},
		{"input shape", s.Input.String()},
		{"number of classes", len(s.Classes)},
		{"number of training images", s.TrainImages},
		{"number of test images", s.TestImages},
		{"number of parameters", s.Parameters},
		{"batch size", s.BatchSize},
		{"target shape", s.Target.String()},
		{"loss function of its own", s.Loss},
		{"learning rate", s.LearningRate},
		{"schedule", cmp.Or(string(s.Schedule), "constant")},
		{"optimizer", s.Optimizer},
		{"augmentation", cmp.Or(s.Augment, "none")},
		{"mixing of images", cmp.Or(s.Mix, "none")},
		{"frozen layers", cmp.Or(s.Freeze, "none")},
		{"batches an update", max(s.Accumulate, 1)},
		{"moving average of the weights", cmp.Or(s.EMA, "none")},
		{"label smoothing", s.LabelSmoothing},
		{"class weights", fmt.Sprint(s.ClassWeights)},
		{"metric of the best epoch", cmp.Or(s.Best, "none")},
		{"early stopping", cmp.Or(s.EarlyStop, "none")},
		{"plateau", cmp.Or(s.Plateau, "none")},
		{"preprocessing", s.describePreprocessing()},
		{"seed", s.Seed},
		{"number of fixed shards", s.Shards},
	}
}

// resumable reports the first setting in which a run that is resumed with
// the settings now differs from what it was started with. Epochs may differ.
func (s Settings) resumable(now Settings) error {
	other := now.Compared()
	for i, p := range s.Compared() {
		before, after := p.Value, other[i].Value
		if p.Name == "schedule" && before != after && s.Epochs != now.Epochs {
			return fmt.Errorf("the run was started with schedule %v, not %v: a resumed run keeps its settings, and this schedule depends on the number of epochs, which was %d; to train for longer, start a new run from its weights", before, after, s.Epochs)
		}
		if before != after {
			return fmt.Errorf("the run was started with %s %v, not %v: a resumed run keeps its settings", p.Name, before, after)
		}
	}
	if s.TrainHash != now.TrainHash {
		return fmt.Errorf("the run was started with other training images, called %q: a resumed run keeps its data", s.Data)
	}
	return nil
}

// renamed says which names of the data differ from those of the settings now, for
// the same images, as a clause; "" if none do.
func (s Settings) renamed(now Settings) string {
	switch {
	case s.Data != now.Data:
		return fmt.Sprintf("the data, called %q so far, are called %q", s.Data, now.Data)
	case !slices.Equal(s.Classes, now.Classes):
		return "the classes have other names than so far"
	}
	return ""
}

func (s Settings) describePreprocessing() string {
	if s.Preprocessing == nil {
		return preprocess.Plain(s.Input).String()
	}
	return s.Preprocessing.String()
}

// check rejects settings that no run can have.
func (s Settings) check() error {
	switch {
	case s.Version != 1:
		return fmt.Errorf("format version is %d, this program knows 1", s.Version)
	case !PlausibleInput(s.Input):
		return fmt.Errorf("input shape %v: want C×H×W", s.Input)
	case s.Preprocessing != nil && !s.Preprocessing.InputSize.Equal(s.Input):
		return fmt.Errorf("preprocessing makes images of %v, the network takes %v", s.Preprocessing.InputSize, s.Input)
	case len(s.Classes) < 1 && !s.Loss || len(s.Classes) > 1<<16:
		return fmt.Errorf("%d classes", len(s.Classes))
	case s.Epochs < 1 || s.BatchSize < 1 || s.TrainImages < 1:
		return fmt.Errorf("%d epochs of %d images in batches of %d", s.Epochs, s.TrainImages, s.BatchSize)
	}
	return nil
}

// batches returns the number of steps in an epoch.
func (s Settings) batches() int { return (s.TrainImages-1)/s.BatchSize + 1 }

// PlausibleInput reports whether an input of shape C×H×W is of a size that a network
// may have: at most 64×2048×2048. It bounds the memory that a damaged file can ask for.
func PlausibleInput(s tensor.Shape) bool {
	return len(s) == 3 && slices.Min(s) >= 1 && s[0] <= 64 && s[1] <= 2048 && s[2] <= 2048
}

// readJSON reads a small file strictly.
func readJSON(path string, v any) error {
	const most = 64 << 20
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing: %w", path, fs.ErrNotExist)
		}
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", path, err)
	case len(b) > most:
		return fmt.Errorf("%s has more than %d bytes", path, most)
	}
	if err := json.Unmarshal(b, v); err != nil {
		if what := sniff.Describe(b); what != "" {
			return fmt.Errorf("%s is not what it should be: it is %s", path, what)
		}
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	return nil
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.WriteBytes(path, append(b, '\n'))
}

package modelfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/internal/sniff"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// config is config.json of a model folder. The first part is timm's; Stride's own
// object has what timm has no field for. The last part is there in model folders
// of Stride's first format and in run folders.
type config struct {
	Architecture string                     `json:"architecture,omitempty"`
	NumClasses   *int                       `json:"num_classes,omitempty"`
	NumFeatures  int                        `json:"num_features,omitempty"`
	GlobalPool   string                     `json:"global_pool,omitempty"`
	LabelNames   labels                     `json:"label_names,omitempty"`
	Descriptions map[string]string          `json:"label_descriptions,omitempty"`
	ModelArgs    map[string]json.RawMessage `json:"model_args,omitempty"`
	Pretrained   *pretrained                `json:"pretrained_cfg,omitempty"`
	Stride       *strideConfig              `json:"stride,omitempty"`

	Version       int                `json:"version,omitempty"`
	Net           string             `json:"net,omitempty"`
	Data          string             `json:"data,omitempty"`
	Classes       []string           `json:"classes,omitempty"`
	Preprocessing *preprocess.Config `json:"preprocessing,omitempty"`
	TrainImages   *int               `json:"train_images,omitempty"` // in a run folder only
}

// strideConfig is what timm's fields do not say.
type strideConfig struct {
	Version int    `json:"version"`
	Net     string `json:"net"`
	Data    string `json:"data,omitempty"`
	Invert  bool   `json:"invert,omitempty"`
}

// pretrained is timm's pretrained_cfg. It has more fields, which do not change
// what a network computes for a picture. null means the default.
type pretrained struct {
	InputSize      tensor.Shape `json:"input_size,omitempty"`
	FixedInputSize bool         `json:"fixed_input_size"`
	Interpolation  string       `json:"interpolation,omitempty"`
	CropPct        float64      `json:"crop_pct,omitempty"`
	CropMode       string       `json:"crop_mode,omitempty"`
	Mean           []float32    `json:"mean,omitempty"`
	Std            []float32    `json:"std,omitempty"`
	NumClasses     *int         `json:"num_classes,omitempty"`
	LabelOffset    int          `json:"label_offset,omitempty"`
	PoolSize       []int        `json:"pool_size"`
	FirstConv      *string      `json:"first_conv"`
	Classifier     *string      `json:"classifier"`
	License        string       `json:"license,omitempty"`

	LabelNames   labels            `json:"label_names,omitempty"`
	Descriptions map[string]string `json:"label_descriptions,omitempty"`
}

// labels are names of classes by index: in JSON a list, or an object such as
// {"0": "cat", "1": "dog"}, which may have gaps.
type labels []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *labels) UnmarshalJSON(b []byte) error {
	var list []string
	if json.Unmarshal(b, &list) == nil {
		*l = list
		return nil
	}
	var byIndex map[string]string
	if err := json.Unmarshal(b, &byIndex); err != nil {
		return errors.New(`label_names: want a list of names, or an object such as {"0": "cat"}`)
	}
	for key, name := range byIndex {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= maxClasses {
			return fmt.Errorf("label_names: %q is not the index of a class", key)
		}
		for len(list) <= i {
			list = append(list, fmt.Sprint("class ", len(list)))
		}
		list[i] = name
	}
	*l = list
	return nil
}

const (
	version = 1
	// maxConfig and maxClasses are far more than any model needs.
	maxConfig  = 64 << 20
	maxClasses = 1 << 16
)

// readConfig reads config.json of a folder.
func readConfig(dir string) (config, error) {
	var c config
	path := filepath.Join(dir, configFile)
	b, err := readJSON(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%w in %s, and no model: %s is missing", runfolder.ErrNoRun, dir, configFile)
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if err := c.merge(b); err != nil {
		return c, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return c, nil
}

// readJSON reads a file of JSON.
func readJSON(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, err)
	case len(b) > maxConfig:
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxConfig)
	}
	var any json.RawMessage
	if err := json.Unmarshal(b, &any); err != nil {
		if what := sniff.Describe(b); what != "" {
			return nil, fmt.Errorf("%s is not what it should be: it is %s", path, what)
		}
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return b, nil
}

// merge gathers what may stand in several places, and checks it. b is the text of
// the file.
func (c *config) merge(b []byte) error {
	if c.Stride != nil {
		c.Version, c.Net, c.Data = c.Stride.Version, c.Stride.Net, c.Stride.Data
	}
	if c.Version == 0 && c.Architecture != "" { // from timm
		c.Version = version
	}
	if c.Version != version {
		return fmt.Errorf("format version is %d, this program knows %d", c.Version, version)
	}
	if c.Architecture == "" || c.TrainImages != nil {
		return c.checkClasses()
	}
	if err := c.gather(b); err != nil {
		return err
	}
	c.Classes = c.LabelNames
	var err error
	if c.Preprocessing, err = c.pictures(); err != nil {
		return err
	}
	if err := c.Preprocessing.Check(); err != nil {
		return fmt.Errorf("pretrained_cfg: %w", err)
	}
	if err := c.checkArgs(); err != nil {
		return err
	}
	return c.checkClasses()
}

// gather fills in what may stand in timm's pretrained_cfg or outside of it. b is the text
// of the file.
func (c *config) gather(b []byte) error {
	if c.Pretrained == nil { // timm's first layout had all in one object
		c.Pretrained = new(pretrained)
		if err := json.Unmarshal(b, c.Pretrained); err != nil {
			return err
		}
	}
	p := c.Pretrained
	if c.NumClasses == nil {
		c.NumClasses = p.NumClasses
	}
	if len(c.LabelNames) == 0 {
		c.LabelNames = p.LabelNames
	}
	if len(c.Descriptions) == 0 {
		c.Descriptions = p.Descriptions
	}
	return nil
}

func (c *config) checkClasses() error {
	if len(c.Classes) > maxClasses {
		return fmt.Errorf("%d classes", len(c.Classes))
	}
	if c.NumClasses == nil {
		return nil
	}
	switch n := *c.NumClasses; {
	case n == 0:
		return errors.New("num_classes is 0: the model gives features and no classes")
	case n < 0 || n > maxClasses:
		return fmt.Errorf("num_classes is %d", n)
	case len(c.Classes) > 0 && len(c.Classes) != n:
		return fmt.Errorf("num_classes is %d, but label_names has %d names", n, len(c.Classes))
	}
	return nil
}

// pictures returns how pictures become the input, with timm's defaults. It does not
// check it.
func (c *config) pictures() (*preprocess.Config, error) {
	p := c.Pretrained
	if p.LabelOffset != 0 {
		return nil, fmt.Errorf("label_offset is %d: the weights have classes that are not counted, so export them again with timm's save_for_hf", p.LabelOffset)
	}
	out := preprocess.Config{
		InputSize: p.InputSize, Interpolation: preprocess.Interpolation(p.Interpolation), CropMode: preprocess.CropMode(p.CropMode),
		CropPct: p.CropPct, Mean: p.Mean, Std: p.Std,
	}
	if c.Stride != nil {
		out.Invert = c.Stride.Invert
	}
	if out.InputSize == nil {
		out.InputSize = tensor.Shape{3, 224, 224}
	}
	if raw, ok := c.ModelArgs["in_chans"]; ok { // describes the weights; see timm's _hub.py
		n := 0
		if err := json.Unmarshal(raw, &n); err != nil || len(out.InputSize) != 3 {
			return nil, fmt.Errorf("model_args: in_chans is %s", raw)
		}
		out.InputSize = tensor.Shape{n, out.InputSize[1], out.InputSize[2]}
	}
	if out.Interpolation == "" {
		out.Interpolation = preprocess.Bicubic
	}
	if out.CropPct == 0 {
		out.CropPct = 0.875
	}
	if len(out.Mean) == 0 {
		out.Mean = []float32{0.485, 0.456, 0.406}
	}
	if len(out.Std) == 0 {
		out.Std = []float32{0.229, 0.224, 0.225}
	}
	return &out, nil
}

// harmless are arguments of timm's models that do not change what they compute in
// inference mode, or that are checked elsewhere.
var harmless = []string{"in_chans", "num_classes", "drop_rate", "drop_path_rate", "drop_block_rate", "pretrained", "checkpoint_path", "features_only"}

// checkArgs reports arguments that make another network of an architecture.
func (c *config) checkArgs() error {
	for name, raw := range c.ModelArgs {
		value := strings.TrimSpace(string(raw))
		switch {
		case value == "null" || name == "global_pool" && value == `"avg"`:
			continue
		case name == "features_only" && value != "false":
		default:
			known := false
			for _, h := range harmless {
				known = known || h == name
			}
			if known {
				continue
			}
		}
		return fmt.Errorf("model_args: %s is %.40s, which makes another network of %s than Stride has", name, value, c.Architecture)
	}
	return nil
}

// network returns the name of the network in package zoo.
func (c *config) network() (string, error) {
	if c.Net != "" || c.Architecture == "" {
		return c.Net, nil
	}
	name, _, _ := strings.Cut(c.Architecture, ".") // without the tag of the weights
	spec, ok := zoo.GetTimm(name)
	if !ok {
		return "", fmt.Errorf("timm's model %q is not among the networks of Stride, which has %s", c.Architecture, strings.Join(zoo.TimmNames(), ", "))
	}
	if !spec.Timm.Equals(c.Preprocessing.InputSize) {
		return "", fmt.Errorf("timm's model %q computes something else than Stride's %s for images of %v: images may have up to %d pixels a side",
			c.Architecture, spec.Name, c.Preprocessing.InputSize, spec.Timm.MaxSide)
	}
	return spec.Name, nil
}

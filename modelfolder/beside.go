package modelfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// processorFile is where Hugging Face's transformers keep how pictures become the input.
const processorFile = "preprocessor_config.json"

// A description is what a JSON file beside a model file says about it.
type description struct {
	path string
	// net is the network in package zoo, or the ONNX file, that it is for; "" if it does not say.
	net string
	// outputs is the number of classes; 0 if it does not say.
	outputs       int
	classes       []string
	descriptions  map[string]string
	preprocessing *preprocess.Config // not checked; nil if it does not say
}

// readBeside reads the JSON files that may describe the model file at path: one of the same
// name, or else config.json and preprocessor_config.json of its folder. A file that is
// about something else is left out.
func readBeside(path string) (list []description, err error) {
	own := strings.TrimSuffix(path, filepath.Ext(path)) + ".json"
	names := []string{own, filepath.Join(filepath.Dir(path), configFile), filepath.Join(filepath.Dir(path), processorFile)}
	for i, name := range names {
		if name == path || slices.Contains(names[:i], name) {
			continue
		}
		b, err := readJSON(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d, err := describe(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if d.path = name; d.preprocessing != nil || len(d.classes) > 0 {
			list = append(list, d)
		}
		if name == own && d.preprocessing != nil {
			break
		}
	}
	return list, nil
}

// describe reads what timm, transformers or Stride have written. b is JSON.
func describe(b []byte) (d description, err error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil {
		return d, nil // no object
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return fields[name] != nil })
	}
	switch {
	case has("pretrained_cfg"), has("architecture") && has("mean", "std", "input_size", "interpolation", "crop_pct"):
		err = d.readTimm(b)
	case has("image_mean", "image_std", "image_processor_type", "feature_extractor_type"):
		d.preprocessing, err = readProcessor(b)
	case has("version") && has("net"): // a run folder, or Stride's first format; the classes may be others than those of an ONNX file
		var c config
		err = json.Unmarshal(b, &c)
		d.net, d.preprocessing = c.Net, c.Preprocessing
	case has("mean") && has("std"): // what timm's resolve_data_config returns
		d.preprocessing, err = (&config{Pretrained: new(pretrained)}).own(b)
	case has("id2label"):
		var c struct {
			Names labels `json:"id2label"`
		}
		err = json.Unmarshal(b, &c)
		d.classes, d.outputs = c.Names, len(c.Names)
	}
	return d, err
}

// own returns the preprocessing where timm's fields stand at the top.
func (c *config) own(b []byte) (*preprocess.Config, error) {
	if err := json.Unmarshal(b, c.Pretrained); err != nil {
		return nil, err
	}
	return c.pictures()
}

// readTimm reads config.json in timm's layout.
func (d *description) readTimm(b []byte) error {
	var c config
	if err := json.Unmarshal(b, &c); err != nil {
		return err
	}
	if err := c.gather(b); err != nil {
		return err
	}
	var err error
	if d.preprocessing, err = c.pictures(); err != nil {
		return err
	}
	if c.Stride != nil {
		d.net = c.Stride.Net
	} else if d.net, _, _ = strings.Cut(c.Architecture, "."); d.net != "" {
		if spec, ok := zoo.GetTimm(d.net); ok {
			d.net = spec.Name
		}
	}
	d.classes, d.descriptions = c.LabelNames, c.Descriptions
	if d.outputs = len(d.classes); c.NumClasses != nil {
		d.outputs = *c.NumClasses
	}
	return nil
}

// describe takes what the JSON files beside the model file say about it. fits reports
// whether the network may have so many classes.
func (s *source) describe(net string, fits func(classes int) bool) error {
	list, err := readBeside(s.path)
	if err != nil {
		return err
	}
	for _, d := range list {
		p := d.preprocessing
		other := ""
		switch {
		case d.net != "" && d.net != net && IsONNX(d.net) == IsONNX(net): // an ONNX file may have any network
			other = fmt.Sprintf("it is for the network %q, not for %q", d.net, net)
		case d.outputs > 0 && !fits(d.outputs):
			other = fmt.Sprintf("it is for %d classes, and %s is for another number", d.outputs, s.path)
		case p != nil && len(s.input) == 3 && len(p.InputSize) == 3 && p.InputSize[0] != s.input[0]:
			other = fmt.Sprintf("it makes inputs of %v, and the network takes %v", p.InputSize, s.input)
		}
		if other != "" {
			s.assumed = append(s.assumed, fmt.Sprintf("%s is not used: %s", d.path, other))
			continue
		}
		if len(s.classes) == 0 && len(d.classes) > 0 && (d.outputs == 0 || len(d.classes) == d.outputs) {
			s.classes, s.descriptions = d.classes, d.descriptions
		}
		if s.preprocessing == nil && p != nil {
			if s.input == nil {
				s.input = p.InputSize
			}
			s.preprocessing, s.described = p, d.path
		}
	}
	return nil
}

// A processor is preprocessor_config.json of transformers.
type processor struct {
	Resize    *bool     `json:"do_resize"`
	Size      sides     `json:"size"`
	CropPct   float64   `json:"crop_pct"`
	Crop      bool      `json:"do_center_crop"`
	CropSize  sides     `json:"crop_size"`
	Resample  *int      `json:"resample"`
	Rescale   *bool     `json:"do_rescale"`
	Factor    float64   `json:"rescale_factor"`
	Offset    bool      `json:"rescale_offset"`
	Normalize *bool     `json:"do_normalize"`
	Mean      []float64 `json:"image_mean"`
	Std       []float64 `json:"image_std"`
}

// sides is a size in preprocessor_config.json: a number, the shorter side, or both sides.
type sides struct{ height, width, shorter, number int }

// UnmarshalJSON implements json.Unmarshaler.
func (s *sides) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &s.number) == nil {
		return nil
	}
	var fields struct {
		Height  int `json:"height"`
		Width   int `json:"width"`
		Shorter int `json:"shortest_edge"`
	}
	if err := json.Unmarshal(b, &fields); err != nil {
		return fmt.Errorf(`want a number of pixels, or an object such as {"shortest_edge": 256} or {"height": 224, "width": 224}, not %.60s`, b)
	}
	s.height, s.width, s.shorter = fields.Height, fields.Width, fields.Shorter
	return nil
}

// Filters of Pillow by their number.
const (
	pillowBilinear = 2
	pillowBicubic  = 3
)

// readProcessor reads preprocessor_config.json. It returns nil where the file leaves the
// mean or the standard deviation to the class that reads it.
func readProcessor(b []byte) (*preprocess.Config, error) {
	var p processor
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, err
	}
	yes := func(v *bool) bool { return v == nil || *v }
	if yes(p.Normalize) && (len(p.Mean) == 0 || len(p.Std) == 0) {
		return nil, nil
	}
	c := &preprocess.Config{Interpolation: preprocess.Bilinear}
	switch {
	case p.Offset:
		return nil, errors.New("rescale_offset is true: only pixels that are multiplied by rescale_factor are supported")
	case p.Resample == nil || *p.Resample == pillowBilinear:
	case *p.Resample == pillowBicubic:
		c.Interpolation = preprocess.Bicubic
	default:
		return nil, fmt.Errorf("resample is %d: want %d (bilinear) or %d (bicubic)", *p.Resample, pillowBilinear, pillowBicubic)
	}
	if err := p.fit(c); err != nil {
		return nil, err
	}
	// transformers compute (factor·byte − mean) / std, and preprocess the same of byte/255.
	scale := 1.0
	if !yes(p.Rescale) {
		scale = 255
	} else if p.Factor != 0 {
		scale = 255 * p.Factor
	}
	if !yes(p.Normalize) {
		p.Mean, p.Std = []float64{0}, []float64{1}
	}
	for _, v := range p.Mean {
		c.Mean = append(c.Mean, float32(v/scale))
	}
	for _, v := range p.Std {
		c.Std = append(c.Std, float32(v/scale))
	}
	return c, nil
}

// squareFrom is the size from which ConvNextImageProcessor stretches pictures and cuts
// nothing off.
const squareFrom = 384

// fit says how pictures of other proportions become the input.
func (p *processor) fit(c *preprocess.Config) error {
	size, cut := p.Size, p.CropSize
	h, w := max(size.height, size.number, size.shorter), max(size.width, size.number, size.shorter)
	if p.Resize != nil && !*p.Resize {
		h, w = 0, 0
	}
	c.CropMode, c.CropPct = preprocess.Center, 1
	switch shorter := max(size.shorter, size.number); {
	case p.Crop: // resized to h×w, of which the middle is cut out
		cutH, cutW := max(cut.height, cut.number, cut.shorter), max(cut.width, cut.number, cut.shorter)
		if cutH == 0 || cutH > h && h > 0 {
			return fmt.Errorf("crop_size is %d×%d in a picture of %d×%d", cutH, cutW, h, w)
		}
		if size.height > 0 {
			c.CropMode = preprocess.Squash
		}
		if h > 0 {
			c.CropPct = share(cutH, h)
		}
		h, w = cutH, cutW
	case p.CropPct > 0 && shorter > 0 && shorter < squareFrom: // as in ConvNextImageProcessor
		c.CropPct = p.CropPct
	case size.shorter == 0 || p.CropPct > 0:
		c.CropMode = preprocess.Squash
	}
	if h > 0 && w > 0 {
		c.InputSize = tensor.Shape{3, h, w}
	}
	return nil
}

// share returns the CropPct by which preprocess makes exactly whole pixels of part.
func share(part, whole int) float64 {
	pct := float64(part) / float64(whole)
	for math.Floor(float64(part)/pct) < float64(whole) {
		pct = math.Nextafter(pct, 0)
	}
	return pct
}

package modelfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/weights/imagenet"
)

const onnxExtension = ".onnx"

// IsONNX reports whether a file is an ONNX file by its name.
func IsONNX(path string) bool { return strings.EqualFold(filepath.Ext(path), onnxExtension) }

// imageNetClasses are as many classes as ImageNet-1k has.
const imageNetClasses = 1000

// readONNX reads an ONNX file, which has the network and its weights.
func (s *source) readONNX(o Options) (err error) {
	if s.network, err = openONNX(s.path, o.Size, o.AllOutputs); err != nil {
		return err
	}
	s.weightsFile, s.net, s.input = s.path, filepath.Base(s.path), s.network.net.Input()
	if err := s.readONNXMetadata(); err != nil {
		return fmt.Errorf("%s: its metadata: %w", s.path, err)
	}
	if s.preprocessing == nil || len(s.classes) == 0 {
		outputs := s.network.net.Classes()
		if err := s.describe(s.net, func(classes int) bool { return classes == outputs }); err != nil {
			return err
		}
	}
	if err := s.nameClasses(); err != nil {
		return err
	}
	if s.preprocessing == nil {
		s.assumePreprocessing()
	}
	return nil
}

// readONNXMetadata takes what Stride and ultralytics write into the metadata of an ONNX
// file.
func (s *source) readONNXMetadata() error {
	metadata := s.network.net.Metadata()
	s.data, s.trained = metadata["stride.data"]
	s.classes = s.network.net.Labels()
	if text, ok := metadata["stride.preprocessing"]; ok {
		c := preprocess.Config{}
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return fmt.Errorf("stride.preprocessing: %w", err)
		}
		if !c.InputSize.Equal(s.input) {
			if len(c.InputSize) != 3 || len(s.input) != 3 || c.InputSize[0] != s.input[0] {
				return fmt.Errorf("stride.preprocessing makes inputs of %v, the network takes %v", c.InputSize, s.input)
			}
			c.InputSize = s.input // another size was asked for
		}
		s.preprocessing = &c
	} else if metadata["task"] == "classify" && metadata["imgsz"] != "" { // ultralytics
		s.preprocessing = &preprocess.Config{InputSize: s.input, CropMode: preprocess.Center, CropPct: 1}
	}
	return nil
}

// nameClasses finds names for the classes of an ONNX file: its own, those of labels.txt
// beside it, or those of ImageNet.
func (s *source) nameClasses() (err error) {
	outputs := s.network.net.Classes()
	from := s.path
	if len(s.classes) == 0 {
		dir := filepath.Dir(s.path)
		if s.classes, err = readLabels(dir); err != nil {
			return err
		}
		from = filepath.Join(dir, labelsFile)
	}
	switch {
	case len(s.classes) == 0 && outputs == imageNetClasses:
		s.classes = append(s.classes, imagenet.Classes()...)
		s.assumed = append(s.assumed, s.path+" has no names for its 1,000 classes: those of ImageNet are taken")
	case len(s.classes) > 0 && len(s.classes) != outputs:
		return fmt.Errorf("%s names %d classes, but %s has %d outputs", from, len(s.classes), s.path, outputs)
	}
	return nil
}

// assumePreprocessing takes what most networks for photos expect, where nothing says it.
func (s *source) assumePreprocessing() {
	plain := preprocess.Plain(s.input)
	s.preprocessing, s.guessed = &plain, true
	if len(s.input) == 3 && s.input[0] == 3 {
		s.preprocessing = &preprocess.Config{
			InputSize: s.input, CropPct: 0.875, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225},
		}
	}
}

// findNetwork reads the ONNX file in dir that weights have their network from, if they
// have.
func (s *source) findNetwork(dir string, o Options) error {
	if !IsONNX(s.net) {
		return nil
	}
	if s.net != filepath.Base(s.net) || !filepath.IsLocal(s.net) {
		return fmt.Errorf("%s names the network %q: want the name of an ONNX file in the same folder", s.path, s.net)
	}
	size := o.Size
	if size == 0 && len(s.input) == 3 && s.input[1] == s.input[2] {
		size = s.input[1]
	}
	var err error
	s.network, err = openONNX(filepath.Join(dir, s.net), size, false)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has weights of the network in %s, which is not in the same folder: %w", s.path, s.net, err)
	}
	return err
}

// buildImported makes the network of an ONNX file with its own weights.
func (m *Model) buildImported(s *source) (err error) {
	if len(m.Classes) == 0 {
		m.Classes = classNames(s.network.net.Classes())
	}
	if m.Net, err = nn.New(s.network.net, s.input, nn.Options{}); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return m.checkOutput()
}

// classNames are "class 0", "class 1" and so on.
func classNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("class ", i)
	}
	return names
}

package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/internal/atomicfile"
)

// Folder is the name of the folder within a run folder.
const Folder = "observations"

// Limits of the files.
const (
	// MaxClasses is the number of classes of a Confusion.
	MaxClasses = 50
	maxFiles   = 64 // of epochs, and of probes
	maxBytes   = 8 << 20
	worstKept  = 12
	chosenKept = 8
	topKept    = 3
)

// A Number is a float64 that is null in JSON where it is not finite, and NaN when it is read
// back; in files it has six digits.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) { return n.append(nil), nil }

func (n Number) append(b []byte) []byte {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(b, v, 'g', 6, 64)
	}
	return append(b, "null"...)
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// An Epoch is what the test after an epoch has shown.
type Epoch struct {
	// Epoch counts from 1.
	Epoch int `json:"epoch"`
	// Confusion is nil where the loss is not that of classes.
	Confusion *Confusion `json:"confusion,omitempty"`
	// Worst has the mistakes with the highest loss, highest first, at most 12.
	Worst []Mistake `json:"worst,omitempty"`
	// Chosen has the predictions for the images of Chosen, in their order.
	Chosen []Prediction `json:"chosen,omitempty"`
}

// A Confusion counts how often images of a class were predicted as another one; see
// metrics.ConfusionMatrix. It has the MaxClasses classes with the most mistakes, in their order.
type Confusion struct {
	// Classes are the indices of its classes, and All is the number of all classes.
	Classes []int `json:"classes"`
	All     int   `json:"all"`
	// Counts has a row for each of Classes, of the images with this label, with a column for
	// each of Classes that was predicted.
	Counts [][]int `json:"counts"`
	// Support is the number of images of each of Classes, whatever was predicted.
	Support []int `json:"support"`
}

// A Mistake is an image that was predicted wrong.
type Mistake struct {
	// Item is the index of the image in the test set, and Name its name, such as the path of a
	// file; "" if it has none.
	Item int    `json:"item"`
	Name string `json:"name,omitempty"`
	// Picture is the image as a data URI, image/png or image/jpeg, at most 112 pixels wide and
	// high; "" if it could not be read.
	Picture string `json:"picture,omitempty"`
	// Label and Predicted are indices of classes; Probability is that of the predicted class,
	// LabelProbability that of the label.
	Label            int    `json:"label"`
	Predicted        int    `json:"predicted"`
	Probability      Number `json:"probability"`
	LabelProbability Number `json:"label_probability"`
	Loss             Number `json:"loss"`
}

// An Image is one of the images of the test set for which there are predictions in each epoch. Its
// fields are those of a Mistake.
type Image struct {
	Item    int    `json:"item"`
	Name    string `json:"name,omitempty"`
	Picture string `json:"picture,omitempty"`
	Label   int    `json:"label"`
}

// A Prediction is what the network says of an image.
type Prediction struct {
	// Item is the index of the image in the test set.
	Item int `json:"item"`
	// Top has the most probable classes, at most three.
	Top []Chance `json:"top"`
}

// A Chance is a class with its probability.
type Chance struct {
	Class       int    `json:"class"`
	Probability Number `json:"probability"`
}

// A Probe is how the weights are after an epoch.
type Probe struct {
	// Epoch counts from 1.
	Epoch int `json:"epoch"`
	// Parameters are in the order of the network, at most 128, and All is the number of all.
	Parameters []Parameter `json:"parameters"`
	All        int         `json:"all"`
	// Dead has the ReLUs of the network, in its order; see diagnose.DeadReLUs. Images is the
	// number of images they were given: 0 if they were not counted.
	Dead   []Dead `json:"dead,omitempty"`
	Images int    `json:"images"`
}

// A Parameter is how the numbers of a parameter are distributed.
type Parameter struct {
	// Name is that of the state dict, such as "features.0.weight".
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	// Weights are its numbers, Gradients the derivatives of the loss of some training
	// images; nil if they could not be computed.
	Weights   *Histogram `json:"weights"`
	Gradients *Histogram `json:"gradients,omitempty"`
}

// Dead says how many units of a ReLU are 0 for all images of a sample.
type Dead struct {
	Name  string `json:"name"`
	Units int    `json:"units"`
	Dead  int    `json:"dead"`
}

// file is the path of a file of the run in dir.
func file(dir, name string) string { return filepath.Join(dir, Folder, name) }

const chosenFile = "chosen.json"

func epochFile(n int) string { return fmt.Sprintf("epoch-%d.json", n) }
func probeFile(n int) string { return fmt.Sprintf("probe-%d.json", n) }

// numbered returns the numbers in names such as epoch-N.json, ascending. A folder that is not
// there has none.
func numbered(dir, before, after string) (numbers []int, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, Folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), before)
		if text, ok2 := strings.CutSuffix(text, after); ok && ok2 {
			if n, err := strconv.Atoi(text); err == nil && n >= 0 && strconv.Itoa(n) == text {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Epochs returns the epochs of which the run in dir has an Epoch, ascending.
func Epochs(dir string) ([]int, error) { return numbered(dir, "epoch-", ".json") }

// Probes returns the epochs of which the run in dir has a Probe, ascending.
func Probes(dir string) ([]int, error) { return numbered(dir, "probe-", ".json") }

// ReadEpoch reads what was observed of an epoch. The error wraps fs.ErrNotExist if there is
// nothing.
func ReadEpoch(dir string, n int) (*Epoch, error) {
	e := new(Epoch)
	if err := readJSON(file(dir, epochFile(n)), e); err != nil {
		return nil, err
	}
	if c := e.Confusion; c != nil {
		k := len(c.Classes)
		wrong := k > MaxClasses || len(c.Counts) != k || len(c.Support) != k || slices.ContainsFunc(c.Counts, func(row []int) bool { return len(row) != k })
		if wrong {
			return nil, fmt.Errorf("%s is damaged: the confusion matrix of %d classes has other rows", file(dir, epochFile(n)), k)
		}
	}
	return e, nil
}

// ReadProbe is ReadEpoch of a Probe.
func ReadProbe(dir string, n int) (*Probe, error) {
	p := new(Probe)
	return p, readJSON(file(dir, probeFile(n)), p)
}

// ReadSteps reads the points of the steps. The error wraps fs.ErrNotExist if there are none.
func ReadSteps(dir string) (*Steps, error) {
	s := new(Steps)
	path := file(dir, stepsFile)
	if err := readJSON(path, s); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return s, nil
}

// ReadChosen reads the images for which there are predictions in each epoch, at most 8. The error
// wraps fs.ErrNotExist if there are none.
func ReadChosen(dir string) (chosen []Image, err error) {
	return chosen, readJSON(file(dir, chosenFile), &chosen)
}

// readFile reads a regular file that is not too long.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a file", path))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(b) > maxBytes {
		err = fmt.Errorf("%s has more than %d bytes", path, maxBytes)
	}
	return b, err
}

func readJSON(path string, v any) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	return nil
}

func writeJSON(path string, v any) error {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(v); err != nil {
		return err
	}
	return atomicfile.WriteLoosely(path, b.Bytes())
}

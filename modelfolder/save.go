package modelfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// RunModel is the name of the model folder within a run folder.
const RunModel = "model"

// Save writes a model folder, which it makes if need be: config.json in the layout
// of timm, model.safetensors, labels.txt and README.md, the model card. The metadata
// of model.safetensors say what config.json says, so that the file can be used
// without the folder. Where timm has a model that computes the same, config.json
// names it and the weights have timm's names, so that
// timm.create_model("local-dir:DIR", pretrained=True) loads it.
//
// Each file is replaced whole or not at all, README.md last. Save uses Net, Spec, Classes,
// Descriptions, Preprocessing, Data, Run and Card of the model; Preprocessing must be
// for Net's input, and there must be a class for each of Net's outputs. Save refuses
// a run folder, which it would spoil.
func (m *Model) Save(dir string) error {
	input := m.Net.Input()
	if err := m.Preprocessing.Check(); err != nil {
		return fmt.Errorf("save %s: preprocessing: %w", dir, err)
	}
	if size := m.Preprocessing.InputSize; !size.Equal(input) {
		return fmt.Errorf("save %s: preprocessing makes inputs of %v, the network takes %v", dir, size, input)
	}
	if m.Spec.Name == "" {
		return fmt.Errorf("save %s: the model does not name its network", dir)
	}
	if err := m.checkOutput(); err != nil {
		return fmt.Errorf("save %s: %w", dir, err)
	}
	if _, err := runfolder.ReadSettings(dir); err == nil {
		return fmt.Errorf("save %s: the folder holds a run, which could not be resumed afterwards: name another folder", dir)
	}
	weights, err := m.weights(m.hasTimm())
	if err != nil {
		return fmt.Errorf("save %s: %w", dir, err)
	}
	b, err := json.MarshalIndent(m.config(), "", "  ")
	if err != nil {
		return fmt.Errorf("save %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := m.SaveNetwork(dir); err != nil {
		return err
	}
	if err := weights.Save(filepath.Join(dir, weightsFile)); err != nil {
		return err
	}
	for _, file := range []struct{ name, text string }{
		{configFile, string(b) + "\n"}, {labelsFile, m.labels()}, {cardFile, m.readme()},
	} {
		if err := atomicfile.WriteBytes(filepath.Join(dir, file.name), []byte(file.text)); err != nil {
			return err
		}
	}
	return nil
}

// SaveNetwork writes the ONNX file of the network into a folder, under the name that
// Spec has, so that weights in the folder need no other file. The values of
// the file are those that it came with. It does nothing for networks of package zoo.
func (m *Model) SaveNetwork(dir string) error {
	if m.ONNX == "" {
		return nil
	}
	return onnx.Copy(filepath.Join(dir, m.Spec.Name), m.ONNX)
}

// SaveRun writes the model of a run into the folder model of its run folder, which
// it returns, as Save does: with the weights of the best epoch, if the run has chosen
// one, or the last ones. card is for its README.md. It locks the run folder: if another
// process is writing the run, the error wraps runfolder.ErrInUse.
func SaveRun(run string, card Card) (dir string, err error) {
	m, err := Load(run, Options{})
	if err != nil {
		return "", err
	}
	if m.Run == nil {
		return "", fmt.Errorf("%s is a model folder, not a run folder", run)
	}
	m.Card = card
	unlock, err := runfolder.Lock(run)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	dir = filepath.Join(run, RunModel)
	for _, name := range []string{weightsFile, configFile, labelsFile, cardFile} { // of a process that was killed here
		if err := atomicfile.RemoveHalf(filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	return dir, m.Save(dir)
}

// WeightsOptions are the choices of SaveWeights. The zero value is a good default.
type WeightsOptions struct {
	// Library gives the weights the names and shapes that a library has for them, such as
	// "timm" or "transformers": an error where it has no model that computes the same. ""
	// leaves the network's own, which for networks of torchvision are torchvision's.
	Library string
	// DType is the type of the numbers: F32, F16 or BF16; "" means F32.
	DType safetensors.DType
}

// SaveWeights writes the weights alone to a file that ends in .safetensors. Its metadata
// say what config.json of a model folder says.
func (m *Model) SaveWeights(path string, o WeightsOptions) error {
	weights, err := m.weights(o.Library == timm && m.hasTimm())
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	if o.Library != "" && (o.Library != timm || !m.hasTimm()) {
		i := slices.IndexFunc(m.Spec.Namings(), func(n zoo.Naming) bool { return n.Library == o.Library && n.Library != timm && n.Differs == "" })
		if i < 0 {
			return fmt.Errorf("save %s: %s has no model that computes the same as %s for inputs of %v", path, o.Library, m.Spec.Name, m.Net.Input())
		}
		if weights.Entries, err = m.Spec.Namings()[i].Export(weights.Entries); err != nil {
			return fmt.Errorf("save %s: %w", path, err)
		}
	}
	weights.DType = o.DType
	return weights.Save(path)
}

// timm is the library whose names a model folder has.
const timm = "timm"

// hasTimm reports whether timm has a model that computes the same.
func (m *Model) hasTimm() bool { return m.Spec.Timm.Equals(m.Net.Input()) }

// weights returns the content of model.safetensors.
func (m *Model) weights(asTimm bool) (*safetensors.File, error) {
	preprocessing := m.Preprocessing.WithDefaults()
	metadata, err := runfolder.Settings{
		Net: m.Spec.Name, Data: m.Data, Classes: m.Classes, Input: m.Net.Input(), Preprocessing: &preprocessing,
	}.Metadata()
	if err != nil {
		return nil, err
	}
	f := &safetensors.File{Entries: m.Net.State(), Metadata: metadata}
	if asTimm {
		f.Entries, err = m.Spec.Timm.Export(f.Entries)
	}
	return f, err
}

// config returns the content of config.json.
func (m *Model) config() config {
	p := m.Preprocessing.WithDefaults()
	n := len(m.Classes)
	c := config{
		// timm has no such model: that is what it will say.
		Architecture: "stride/" + m.Spec.Name,
		NumClasses:   &n, LabelNames: m.Classes, Descriptions: m.Descriptions,
		Pretrained: &pretrained{
			InputSize: p.InputSize, Interpolation: string(p.Interpolation), CropPct: p.CropPct, CropMode: string(p.CropMode),
			Mean: p.Mean, Std: p.Std, NumClasses: &n, License: m.Card.License,
		},
		Stride: &strideConfig{Version: version, Net: m.Spec.Name, Data: m.Data, Invert: p.Invert},
	}
	if t := m.Spec.Timm; m.hasTimm() {
		c.Architecture, c.NumFeatures, c.GlobalPool = t.Architecture, t.Features, "avg"
		c.Pretrained.FirstConv, c.Pretrained.Classifier = &t.FirstConv, &t.Classifier
		if p.InputSize[1] == 224 && p.InputSize[2] == 224 {
			c.Pretrained.PoolSize = []int{7, 7} // all of them halve the sides five times
		}
		if p.InputSize[0] != 3 {
			c.ModelArgs = map[string]json.RawMessage{"in_chans": json.RawMessage(fmt.Sprint(p.InputSize[0]))}
		}
	}
	return c
}

// labels returns the content of labels.txt: a class a line.
func (m *Model) labels() string {
	var b strings.Builder
	for _, name := range m.Classes {
		b.WriteString(printable.Line(name) + "\n")
	}
	return b.String()
}

// readLabels reads labels.txt of a model folder, for weights from elsewhere whose
// config.json has no names. There may be none.
func readLabels(dir string) ([]string, error) {
	const most = 1 << 20
	path := filepath.Join(dir, labelsFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Size() > most:
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(strings.ReplaceAll(strings.TrimPrefix(string(b), "\ufeff"), "\r\n", "\n"), "\n")
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

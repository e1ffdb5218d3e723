package modelfolder

import (
	"fmt"

	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// build makes the network and gives it the weights.
func (m *Model) build(s *source) error {
	classes := len(m.Classes)
	if classes == 0 {
		classes = m.Spec.Classes
	}
	if s.weights == nil {
		return m.buildImported(s)
	}
	shapes, err := s.shapes(m, classes)
	if err != nil {
		return err
	}
	given := s.weights.Entries
	var naming zoo.Naming
	s.weights.Entries, naming, m.Prefix = m.Spec.Import(given, shapes)
	if m.Library = naming.Library; naming.Differs != "" {
		return fmt.Errorf("%s: these are the weights that %s has for %s, which %s", s.weightsFile, naming.Library, m.Spec.Name, naming.Differs)
	}
	if err := weights.CheckFinite(s.weights.Entries); err != nil {
		return fmt.Errorf("%s: %w", s.weightsFile, err)
	}
	if len(m.Classes) == 0 {
		// The number of classes is that of the weights.
		if n := headSize(shapes, s.weights.Entries, classes); n > 0 {
			classes = n
			if shapes, err = s.shapes(m, classes); err != nil {
				return err
			}
		}
		for i := range classes {
			m.Classes = append(m.Classes, fmt.Sprint("class ", i))
		}
	}
	if err := s.checkSize(m, shapes); err != nil {
		return err
	}
	// The weights do not matter yet, and zeros are quick to draw.
	if m.Net, err = nn.New(m.Spec.New(classes), s.input, nn.Options{Init: nn.Constant(0)}); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	if err := modelfile.Explain(m.Net.TakeState(s.weights.Entries), given, m.Spec.Name); err != nil {
		return fmt.Errorf("%s: %w", s.weightsFile, err)
	}
	return m.checkOutput()
}

// shapes returns the shapes of the network's variables.
func (s *source) shapes(m *Model, classes int) (map[string]tensor.Shape, error) {
	shapes, err := nn.StateShapes(m.Spec.New(classes), s.input)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return shapes, nil
}

// headSize returns the number of classes that the weights are for, if they are
// those of the network but for that: they differ from it in their first axis
// only, which is as long as there are classes. Otherwise it returns 0.
func headSize(network map[string]tensor.Shape, weights []tensor.Named, classes int) int {
	size := 0
	for _, e := range weights {
		want, ok := network[e.Name]
		got := e.Tensor.Shape()
		switch {
		case !ok: // LoadState may know it under another name
		case got.Equal(want):
		case len(got) != len(want) || len(want) == 0 || want[0] != classes || !got[1:].Equal(want[1:]) || size != 0 && got[0] != size:
			return 0
		default:
			size = got[0]
		}
	}
	return size
}

// slack is how many numbers a network may have more than its weights before
// LoadState says what is missing: 64 MB.
const slack = 16 << 20

// checkSize reports a network that is much larger than its weights, as a damaged
// or hostile file can ask for, before memory is allocated for it.
func (s *source) checkSize(m *Model, network map[string]tensor.Shape) error {
	needs, has := 0.0, 0.0 // their product may be more than an int holds
	for _, shape := range network {
		n := 1.0
		for _, side := range shape {
			n *= float64(side)
		}
		needs += n
	}
	for _, e := range s.weights.Entries {
		has += float64(e.Tensor.Size())
	}
	if needs > has+slack {
		return fmt.Errorf("%s: %s for inputs of %v has %.0f parameters, but %s holds %.0f numbers", s.path, m.Spec.Name, s.input, needs, s.weightsFile, has)
	}
	return nil
}

// checkOutput reports a network whose output is not a score for each class.
func (m *Model) checkOutput() error {
	t, err := m.Net.Trace(1, nn.Eval)
	if err != nil {
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	if out := t.Output.Shape(); len(out) != 2 || out[1] != len(m.Classes) {
		return fmt.Errorf("%s: the output of %s has shape %v, but there are %d class names: want 1×%d", m.Path, m.Spec.Name, out, len(m.Classes), len(m.Classes))
	}
	return nil
}

package modelfolder

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// build makes the network and gives it the weights.
func (m *Model) build(s *source) error {
	classes := len(m.Classes)
	if classes == 0 {
		classes = m.Spec.Classes
	}
	if err := m.make(s, classes); err != nil {
		return err
	}
	if len(m.Classes) == 0 {
		// The number of classes is that of the weights.
		if n := headSize(m.Net, s.weights.Entries, classes); n > 0 && n != classes {
			classes = n
			if err := m.make(s, classes); err != nil {
				return err
			}
		}
		for i := range classes {
			m.Classes = append(m.Classes, fmt.Sprint("class ", i))
		}
	}
	if err := m.Net.LoadState(s.weights.Entries); err != nil {
		return fmt.Errorf("%s: %w", s.weightsFile, err)
	}
	return m.checkOutput()
}

// make makes the network. Its weights do not matter, and zeros are quick to
// draw.
func (m *Model) make(s *source, classes int) (err error) {
	m.Net, err = nn.New(m.Spec.New(classes), s.input, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return nil
}

// headSize returns the number of classes that the weights are for, if they are
// those of the network but for that: they differ from it in their first axis
// only, which is as long as there are classes. Otherwise it returns 0.
func headSize(net *nn.Model, weights []tensor.Named, classes int) int {
	size := 0
	for _, own := range net.State() {
		i := slices.IndexFunc(weights, func(e tensor.Named) bool { return e.Name == own.Name })
		if i < 0 {
			continue // LoadState may know it under another name
		}
		want, got := own.Tensor.Shape(), weights[i].Tensor.Shape()
		switch {
		case got.Equal(want):
		case len(got) != len(want) || len(want) == 0 || want[0] != classes || !got[1:].Equal(want[1:]) || size != 0 && got[0] != size:
			return 0
		default:
			size = got[0]
		}
	}
	return size
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

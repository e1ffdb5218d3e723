package nn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/tensor"
)

// State returns all parameters and buffers under the names that PyTorch's
// state_dict would give them, in its order: that of the network's walk. The
// tensors share memory with the model.
func (m *Model) State() []tensor.Named {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries := make([]tensor.Named, len(m.variables))
	for i, v := range m.variables {
		entries[i] = tensor.Named{Name: v.Name, Tensor: v.Value}
	}
	return entries
}

// LoadState copies values into the parameters and buffers. The entries must
// have exactly the model's names and shapes, in any order; if they have not,
// the error lists what is missing, unexpected or of another shape, and nothing
// is changed. PyTorch's num_batches_tracked is ignored, and a network that is a
// [StateNamer] may ignore more and know other names.
func (m *Model) LoadState(entries []tensor.Named) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	given, err := m.match(entries)
	if err != nil {
		return err
	}
	for name, v := range m.byName {
		if err := v.Value.CopyFrom(given[name].Tensor); err != nil {
			return fmt.Errorf("nn: %s: %w", name, err)
		}
		v.Changed()
	}
	return nil
}

// TakeState is LoadState without a copy: the parameters and buffers become the tensors
// given, which the caller must not use any more. It is for a model that was made to be
// loaded, of which nobody has a trace, a program or a parameter yet. It halves the
// memory that loading takes.
func (m *Model) TakeState(entries []tensor.Named) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	given, err := m.match(entries)
	if err != nil {
		return err
	}
	for name, v := range m.byName {
		v.Value = given[name].Tensor
		v.Changed()
	}
	return nil
}

// match returns the entries by the names that the model has for them, or an error that
// lists all that does not fit.
func (m *Model) match(entries []tensor.Named) (map[string]tensor.Named, error) {
	given := make(map[string]tensor.Named, len(entries))
	var unexpected, twice, misshapen, missing []string
	for _, e := range entries {
		if e.Name = m.ownName(e.Name); e.Name == "" {
			continue
		}
		v, known := m.byName[e.Name]
		_, repeated := given[e.Name]
		given[e.Name] = e
		switch {
		case repeated:
			twice = append(twice, e.Name)
		case !known && !m.isBatchCount(e.Name):
			unexpected = append(unexpected, e.Name)
		case known && e.Tensor == nil:
			misshapen = append(misshapen, e.Name+" has no tensor")
		case known && !e.Tensor.Shape().Equal(v.Value.Shape()):
			misshapen = append(misshapen, fmt.Sprintf("%s is %v, want %v", e.Name, e.Tensor.Shape(), v.Value.Shape()))
		}
	}
	for name := range m.byName {
		if _, ok := given[name]; !ok {
			missing = append(missing, name)
		}
	}
	var problems []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"missing", missing}, {"unexpected", unexpected}, {"wrong shape", misshapen}, {"given twice", twice}} {
		if len(p.names) > 0 {
			problems = append(problems, p.what+": "+some(p.names))
		}
	}
	if len(problems) > 0 {
		hint := ""
		if len(missing)+len(unexpected)+len(twice) == 0 {
			hint = m.classesHint(given)
		}
		return nil, fmt.Errorf("nn: state is not that of this network: %s%s", strings.Join(problems, "; "), hint)
	}
	return given, nil
}

// Param returns the parameter or buffer of that name in the state dict, such as
// "1.gamma" or "features.0.weight". Whoever changes its Value must call its
// Changed. If there is none of that name, the error says which is nearest.
func (m *Model) Param(name string) (*graph.Variable, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.byName[name]; ok {
		return v.Variable, nil
	}
	return nil, fmt.Errorf("nn: there is no parameter or buffer %q: %s", name, nearest(name, slices.Collect(maps.Keys(m.byName))))
}

// nearest ends a message about an unknown name: it asks for the one that may be
// meant, or else lists some of those there are.
func nearest(name string, names []string) string {
	slices.Sort(names)
	if near := suggest.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(names) == 0 {
		return "the network has none"
	}
	return "there are " + some(names)
}

// A StateNamer is a network whose weights are also known under other names, in
// files of older versions, or whose files hold more than the network has.
type StateNamer interface {
	// StateName returns the network's own name for an entry of a state, the
	// same name if there is nothing to change, or "" to ignore the entry. It is
	// asked about names that the network does not have.
	StateName(name string) string
}

// ownName applies the network's StateName, if it has one.
func (m *Model) ownName(name string) string {
	if namer, ok := m.net.(StateNamer); ok && m.byName[name] == nil {
		return namer.StateName(name)
	}
	return name
}

// classesHint explains a state of which everything fits but the number of
// classes: the parameters of one layer differ, and only in their first axis.
func (m *Model) classesHint(given map[string]tensor.Named) string {
	layer, has, wants := "", 0, 0
	for name, v := range m.byName {
		if given[name].Tensor == nil {
			return ""
		}
		got, want := given[name].Tensor.Shape(), v.Value.Shape()
		if got.Equal(want) {
			continue
		}
		path := name[:max(0, strings.LastIndexByte(name, '.'))]
		if len(got) == 0 || len(got) != len(want) || !got[1:].Equal(want[1:]) || layer != "" && (path != layer || got[0] != has) {
			return ""
		}
		layer, has, wants = path, got[0], want[0]
	}
	if layer == "" {
		return ""
	}
	return fmt.Sprintf(" (only %s differs: the weights are for %d classes, the network has %d; a network made with %d classes can load them)", layer, has, wants, has)
}

// isBatchCount is true for the num_batches_tracked of one of the model's
// batch normalizations.
func (m *Model) isBatchCount(name string) bool {
	path, ok := strings.CutSuffix(name, "num_batches_tracked")
	return ok && m.byName[path+"running_mean"] != nil
}

// some lists names in order, a few of them if there are many.
func some(names []string) string {
	const most = 6
	slices.Sort(names)
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

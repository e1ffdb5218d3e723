package torchfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/strideml/stride/torchfile/internal/pickle"
)

// stateKeys are where checkpoints have their weights, the best ones first: timm's
// order (timm/models/_helpers.py), with ultralytics' ema before the model that it is
// an average of.
var stateKeys = []string{"state_dict_ema", "model_ema", "ema", "state_dict", "model"}

// interpret finds the weights in the object of a file, and what else there is.
// budget is how much memory the tensors may take without their values.
func (f *File) interpret(root any, budget int64) error {
	c := &collector{file: f, steps: maxSteps, budget: budget}
	dict := dictOf(root)
	found, err := c.choose(root, 0)
	if err != nil {
		return err
	}
	if !found {
		return c.nothing(root)
	}
	// DistributedDataParallel's average counts its updates beside the network.
	if n := len(c.tensors); n > 1 && c.tensors[0].Name == "n_averaged" && strings.HasPrefix(c.tensors[1].Name, "module.") {
		c.tensors = c.tensors[1:]
	}
	f.Tensors, f.Key = c.tensors, strings.Join(c.keys, ".")
	v := &converter{left: maxValues}
	if dict != nil {
		used := ""
		if len(c.keys) > 0 {
			used = c.keys[0]
		}
		f.Values = v.entries(dict, used)
	}
	f.Classes = v.classes(dict, c.module)
	return nil
}

const (
	// maxSteps limits how many values are looked at: those of a pickle may be in many
	// places.
	maxSteps = 1 << 18
	// maxNesting limits how deep modules and dicts are.
	maxNesting = 64
	// maxChoices limits how deep in dicts the weights may be.
	maxChoices = 3
	// maxTensorName is the length of a name.
	maxTensorName = 4096
)

// A collector gathers the tensors of a state.
type collector struct {
	file    *File
	steps   int
	budget  int64
	tensors []*Tensor
	keys    []string       // where they were found
	module  *pickle.Object // if they are those of a pickled module
}

// step counts a value that is looked at.
func (c *collector) step() error {
	if c.steps--; c.steps < 0 {
		return fmt.Errorf("the object has more than %d values", maxSteps)
	}
	return nil
}

// choose gathers the weights in a value. It reports false if there are none.
func (c *collector) choose(v any, depth int) (bool, error) {
	if o, ok := v.(*pickle.Object); ok && isModule(o) {
		if err := c.walk(o, "", 0); err != nil || len(c.tensors) == 0 {
			return false, err
		}
		c.module = o
		return true, nil
	}
	dict := dictOf(v)
	if dict == nil || depth == maxChoices {
		return false, nil
	}
	for _, key := range stateKeys {
		inner, ok := dict.Get(key)
		if !ok {
			continue
		}
		c.keys = append(c.keys, key)
		if found, err := c.choose(inner, depth+1); found || err != nil {
			return found, err
		}
		c.keys = c.keys[:len(c.keys)-1]
	}
	if found, err := c.plain(dict); found || err != nil {
		return found, err
	}
	return c.only(dict, depth)
}

// plain gathers the tensors that a dict has under names.
func (c *collector) plain(dict *pickle.Dict) (found bool, err error) {
	for i, k := range dict.Keys {
		if err := c.step(); err != nil {
			return false, err
		}
		name, ok := k.(string)
		if !ok {
			continue
		}
		added, err := c.add(name, dict.Values[i])
		if err != nil {
			return false, err
		}
		found = found || added
	}
	return found, nil
}

// only gathers the tensors of the one entry of a dict that is a state dict.
func (c *collector) only(dict *pickle.Dict, depth int) (bool, error) {
	var names []string
	var chosen any
	for i, k := range dict.Keys {
		if err := c.step(); err != nil {
			return false, err
		}
		name, ok := k.(string)
		if ok && hasTensors(dict.Values[i]) {
			names, chosen = append(names, name), dict.Values[i]
		}
	}
	switch len(names) {
	case 0:
		return false, nil
	case 1:
		c.keys = append(c.keys, names[0])
		return c.choose(chosen, depth+1)
	}
	return false, fmt.Errorf("the file has several sets of weights (%s): save the one that is meant on its own", some(names))
}

// hasTensors reports whether a value is a state dict or a module. It looks at the
// first entry of a dict only, since all values of a state dict are tensors.
func hasTensors(v any) bool {
	if o, ok := v.(*pickle.Object); ok && isModule(o) {
		return true
	}
	dict := dictOf(v)
	if dict == nil || len(dict.Keys) == 0 {
		return false
	}
	_, isName := dict.Keys[0].(string)
	o, ok := dict.Values[0].(*pickle.Object)
	if !ok || !isName {
		return false
	}
	g, ok := o.Class.(pickle.Global)
	return ok && isRebuild(g)
}

// add adds a value if it is a tensor.
func (c *collector) add(name string, v any) (bool, error) {
	t, err := tensorOf(v, 0)
	if err != nil {
		return false, fmt.Errorf("tensor %.200q: %w", name, err)
	}
	if t == nil {
		return false, nil
	}
	if len(name) > maxTensorName {
		return false, fmt.Errorf("tensor %.40q… has a name of %d bytes", name, len(name))
	}
	if c.budget -= int64(512 + 2*len(name) + 32*len(t.Shape)); c.budget < 0 {
		return false, errors.New("the tensors are more than a file of this size can plausibly have")
	}
	t.Name, t.file = name, c.file
	c.tensors = append(c.tensors, t)
	return true, nil
}

// isModule reports whether an object is a pickled torch.nn.Module.
func isModule(o *pickle.Object) bool {
	attributes := stateOf(o)
	if attributes == nil {
		return false
	}
	_, ok := attributes.Get("_modules")
	_, ok1 := attributes.Get("_parameters")
	return ok && ok1
}

// walk gathers the parameters and buffers of a module and of the modules in it, in
// the order of torch.nn.Module.state_dict.
func (c *collector) walk(o *pickle.Object, prefix string, depth int) error {
	if depth == maxNesting {
		return fmt.Errorf("modules within modules, more than %d times", maxNesting)
	}
	attributes := stateOf(o)
	if attributes == nil {
		return nil
	}
	transient := map[string]bool{} // buffers that are no part of the state
	if v, ok := attributes.Get("_non_persistent_buffers_set"); ok {
		if set, ok := v.(*pickle.Set); ok && len(set.Items) < maxSteps {
			for _, name := range set.Items {
				if s, ok := name.(string); ok {
					transient[s] = true
				}
			}
			c.steps -= len(set.Items)
		}
	}
	for _, group := range []string{"_parameters", "_buffers", "_modules"} {
		v, _ := attributes.Get(group)
		dict := dictOf(v)
		if dict == nil {
			continue
		}
		for i, k := range dict.Keys {
			if err := c.step(); err != nil {
				return err
			}
			name, ok := k.(string)
			if !ok || group == "_buffers" && transient[name] || len(prefix)+len(name) > maxTensorName {
				continue
			}
			if group != "_modules" {
				if _, err := c.add(prefix+name, dict.Values[i]); err != nil {
					return err
				}
			} else if child, ok := dict.Values[i].(*pickle.Object); ok {
				if err := c.walk(child, prefix+name+".", depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// nothing says what a file without weights holds.
func (c *collector) nothing(root any) error {
	dict := dictOf(root)
	if t, err := tensorOf(root, 0); t != nil && err == nil {
		return errors.New("the file holds a single tensor without a name: save a dict of tensors")
	}
	if dict == nil {
		return fmt.Errorf("the file holds no weights but %s", pickle.Kind(root))
	}
	var names []string
	for _, k := range dict.Keys {
		if s, ok := k.(string); ok && len(names) < 100 {
			names = append(names, s)
		}
	}
	return fmt.Errorf("the file holds no weights: it is a dict with %d entries (%s)", len(dict.Keys), some(names))
}

// some lists the first names.
func some(names []string) string {
	const most = 6
	more := ""
	if len(names) > most {
		names, more = names[:most], ", …"
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%.60q", name)
	}
	return strings.Join(quoted, ", ") + more
}

// dictOf returns a dict, or what an object has as one.
func dictOf(v any) *pickle.Dict {
	switch v := v.(type) {
	case *pickle.Dict:
		return v
	case *pickle.Object:
		return v.Items
	}
	return nil
}

// stateOf returns the attributes of an object.
func stateOf(o *pickle.Object) *pickle.Dict {
	switch s := o.State.(type) {
	case *pickle.Dict:
		return s
	case *pickle.Tuple: // those in __dict__ and those in __slots__
		if len(s.Items) == 2 {
			d, _ := s.Items[0].(*pickle.Dict)
			return d
		}
	}
	return nil
}

package torchfile

import (
	"fmt"

	"github.com/strideml/stride/torchfile/internal/pickle"
)

// A converter makes plain Go values, as many as it has left.
type converter struct{ left int }

const (
	// maxValues is how many values are converted, and maxValueDepth how deep lists and
	// dicts are.
	maxValues     = 1 << 16
	maxValueDepth = 8
)

// entries converts the entries of a dict, but for that of a key.
func (c *converter) entries(dict *pickle.Dict, but string) map[string]any {
	out := map[string]any{}
	for i, k := range dict.Keys {
		name, ok := k.(string)
		if !ok || name == but {
			continue
		}
		if v, ok := c.value(dict.Values[i], 0); ok {
			out[name] = v
		}
	}
	return out
}

// value converts a value. It reports false for one that has no plain form.
func (c *converter) value(v any, depth int) (any, bool) {
	if c.left--; c.left < 0 || depth > maxValueDepth {
		return nil, false
	}
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v, true
	case pickle.Global:
		return v.String(), true
	case *pickle.Tuple:
		return c.list(v.Items, depth), true
	case *pickle.List:
		return c.list(v.Items, depth), true
	case *pickle.Set:
		return c.list(v.Items, depth), true
	case *pickle.Dict:
		return c.dict(v, depth), true
	case *pickle.Object:
		if isModule(v) {
			return nil, false
		}
		if v.Items != nil {
			return c.dict(v.Items, depth), true
		}
		if d := stateOf(v); d != nil { // such as argparse.Namespace
			return c.dict(d, depth), true
		}
	}
	return nil, false
}

func (c *converter) list(items []any, depth int) []any {
	out := []any{}
	for _, item := range items {
		if c.left < 0 {
			break
		}
		if v, ok := c.value(item, depth+1); ok {
			out = append(out, v)
		}
	}
	return out
}

// dict converts a dict, whose keys may be numbers.
func (c *converter) dict(d *pickle.Dict, depth int) map[string]any {
	out := map[string]any{}
	for i, k := range d.Keys {
		if c.left < 0 {
			break
		}
		switch k.(type) {
		case string, int64, float64, bool:
		default:
			continue
		}
		if v, ok := c.value(d.Values[i], depth+1); ok {
			out[fmt.Sprint(k)] = v
		}
	}
	return out
}

// maxClasses is far more than any classifier has.
const maxClasses = 1 << 16

// classes returns the names of the classes. ultralytics keeps them as an attribute of
// the module, others beside the weights; torchvision's ImageFolder has their indices by
// name, which tutorials save as class_to_idx.
func (c *converter) classes(root *pickle.Dict, module *pickle.Object) []string {
	var from []*pickle.Dict
	if module != nil {
		from = append(from, stateOf(module))
	}
	if root != nil {
		from = append(from, root)
		if v, ok := root.Get("meta"); ok { // of OpenMMLab
			from = append(from, dictOf(v))
		}
	}
	for _, d := range from {
		for _, key := range []string{"names", "classes", "class_names", "CLASSES"} {
			v, _ := d.Get(key)
			if names := namesOf(v); names != nil {
				return names
			}
		}
		v, _ := d.Get("class_to_idx")
		if names := namesByIndex(dictOf(v)); names != nil {
			return names
		}
	}
	return nil
}

// namesOf returns the strings of a list, or of a dict from 0, 1 and so on.
func namesOf(v any) []string {
	var items []any
	switch v := v.(type) {
	case *pickle.List:
		items = v.Items
	case *pickle.Tuple:
		items = v.Items
	case *pickle.Dict:
		if len(v.Keys) > maxClasses {
			return nil
		}
		for i := range v.Keys {
			item, ok := v.Get(int64(i))
			if !ok {
				return nil
			}
			items = append(items, item)
		}
	}
	if len(items) == 0 || len(items) > maxClasses {
		return nil
	}
	names := make([]string, len(items))
	for i, item := range items {
		name, ok := item.(string)
		if !ok {
			return nil
		}
		names[i] = name
	}
	return names
}

// namesByIndex returns the keys of a dict whose values are 0, 1 and so on.
func namesByIndex(d *pickle.Dict) []string {
	if d == nil || len(d.Keys) == 0 || len(d.Keys) > maxClasses {
		return nil
	}
	names, taken := make([]string, len(d.Keys)), make([]bool, len(d.Keys))
	for i, k := range d.Keys {
		name, ok := k.(string)
		index, isInt := d.Values[i].(int64)
		if !ok || !isInt || index < 0 || index >= int64(len(names)) || taken[index] {
			return nil
		}
		names[index], taken[index] = name, true
	}
	return names
}

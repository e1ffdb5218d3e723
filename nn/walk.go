package nn

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A place is where the walk found a layer.
type place struct {
	path  string
	order int // position in the walk
}

// maxDepth bounds the nesting of a network; only a container that contains
// itself reaches it.
const maxDepth = 200

// walker visits a network by reflection and notes the path of each layer.
type walker struct {
	places map[Layer]place
	absent map[reflect.Type][]string // paths of nil pointers to layers
	seen   map[any]bool
}

// walk finds every layer that can be reached from net through pointers,
// interfaces, struct fields (exported or not), slices, arrays and maps. Layers
// are keyed by pointer; the first path found counts.
func walk(net Layer) (*walker, error) {
	w := &walker{places: map[Layer]place{}, absent: map[reflect.Type][]string{}, seen: map[any]bool{}}
	if err := w.value(reflect.ValueOf(net), "", 0); err != nil {
		return nil, err
	}
	return w, nil
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

// value visits v, which must be usable with Interface.
func (w *walker) value(v reflect.Value, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("network is nested more than %d levels deep at %q: does a container contain itself?", maxDepth, path)
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return w.value(v.Elem(), path, depth+1)
	case reflect.Pointer:
		switch {
		case v.IsNil() && v.Type().Implements(reflect.TypeFor[Layer]()):
			w.absent[v.Type()] = append(w.absent[v.Type()], path)
			return nil
		case v.IsNil() || v.Elem().Kind() != reflect.Struct:
			return nil
		}
		return w.pointer(v, path, depth)
	case reflect.Struct:
		if v.CanAddr() {
			return w.pointer(v.Addr(), path, depth)
		}
		// Fields of a struct inside an interface are only readable in a copy;
		// the pointers in it are the same.
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		return w.fields(c, path, depth)
	case reflect.Slice, reflect.Array:
		if !mayHoldLayers(v.Type().Elem()) {
			return nil
		}
		for i := range v.Len() {
			if err := w.value(v.Index(i), join(path, strconv.Itoa(i)), depth+1); err != nil {
				return err
			}
		}
	case reflect.Map:
		return w.entries(v, path, depth)
	}
	return nil
}

// pointer visits a struct through a pointer to it, once.
func (w *walker) pointer(p reflect.Value, path string, depth int) error {
	id := p.Interface()
	if w.seen[id] {
		return nil
	}
	w.seen[id] = true
	layer, ok := id.(Layer)
	if ok {
		w.places[layer] = place{path, len(w.places)}
	}
	switch l := id.(type) {
	case *SequentialLayer:
		for i, child := range l.layers {
			name := l.names[i]
			if badName(name) || slices.Contains(l.names[:i], name) {
				return fmt.Errorf("%q of the Sequential at %q: a name must occur once and not be empty nor contain dots or spaces", name, path)
			}
			if err := w.value(reflect.ValueOf(&child).Elem(), join(path, name), depth+1); err != nil {
				return err
			}
		}
		return nil
	case leaf:
		return nil
	case Container:
		return w.children(l, path, depth)
	}
	return w.fields(p.Elem(), path, depth)
}

// children visits the layers of a container.
func (w *walker) children(c Container, path string, depth int) error {
	names := map[string]bool{}
	for _, child := range c.Children() {
		if child.Name == "" || names[child.Name] {
			return fmt.Errorf("%q of the %T at %q: a name must occur once and not be empty", child.Name, c, path)
		}
		names[child.Name] = true
		if err := w.value(reflect.ValueOf(&child.Layer).Elem(), join(path, child.Name), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// fields visits the fields of an addressable struct.
func (w *walker) fields(v reflect.Value, path string, depth int) error {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, tagged := f.Tag.Lookup("nn")
		if name == "-" || f.Name == "_" || !mayHoldLayers(f.Type) {
			continue
		}
		switch {
		case tagged && badName(name):
			return fmt.Errorf("field %s of %v has the tag nn:%q: a name must not be empty nor contain dots or spaces", f.Name, t, name)
		case tagged:
		case f.Anonymous:
			name = ""
		default:
			name = snake(f.Name)
		}
		field := v.Field(i)
		if !f.IsExported() {
			field = reflect.NewAt(f.Type, field.Addr().UnsafePointer()).Elem()
		}
		if err := w.value(field, join(path, name), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func badName(name string) bool { return name == "" || strings.ContainsAny(name, ". ") }

// entries visits a map with string or integer keys in the order of its keys.
func (w *walker) entries(m reflect.Value, path string, depth int) error {
	if !mayHoldLayers(m.Type().Elem()) {
		return nil
	}
	keys := m.MapKeys()
	switch kind := m.Type().Key().Kind(); {
	case kind == reflect.String:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	case kind >= reflect.Int && kind <= reflect.Int64:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return int(min(max(a.Int()-b.Int(), -1), 1)) })
	default:
		return nil
	}
	for _, k := range keys {
		if err := w.value(m.MapIndex(k), join(path, fmt.Sprint(k)), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// mayHoldLayers is false for types that the walk need not enter.
func mayHoldLayers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Struct, reflect.Map:
		return true
	case reflect.Pointer:
		return t.Elem().Kind() == reflect.Struct
	case reflect.Slice, reflect.Array:
		return mayHoldLayers(t.Elem())
	}
	return false
}

// snake turns a Go name into the style of PyTorch's attributes: Conv1 becomes
// conv1, DownSample down_sample, BNFirst bn_first and Conv2D conv2d.
func snake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, r := range rs {
		if i > 0 && unicode.IsUpper(r) && rs[i-1] != '_' {
			startsWord := i+1 < len(rs) && unicode.IsLower(rs[i+1])
			if unicode.IsLower(rs[i-1]) || startsWord {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

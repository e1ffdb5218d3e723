package main

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"syscall/js"
	"unsafe"

	"github.com/strideml/stride/book/live"
	"github.com/strideml/stride/internal/suggest"
)

// The constructors of typed arrays.
var (
	float32Array = js.Global().Get("Float32Array")
	uint8Array   = js.Global().Get("Uint8Array")
	isArray      = js.Global().Get("Array").Get("isArray")
	objectKeys   = js.Global().Get("Object").Get("keys")
)

// write returns a value of Go as one of JavaScript. Structs become objects with the
// keys of their json tags, []float32 and []uint8 typed arrays, whose buffers are
// added to moved.
func write(value any, moved *[]any) js.Value {
	return writeValue(reflect.ValueOf(value), moved)
}

func writeValue(v reflect.Value, moved *[]any) js.Value {
	switch v.Kind() {
	case reflect.Bool:
		return js.ValueOf(v.Bool())
	case reflect.Int, reflect.Int64, reflect.Int32:
		return js.ValueOf(float64(v.Int()))
	case reflect.Uint8, reflect.Uint64:
		return js.ValueOf(float64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		return js.ValueOf(v.Float())
	case reflect.String:
		return js.ValueOf(v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return js.Null()
		}
		return writeValue(v.Elem(), moved)
	case reflect.Struct:
		object := js.Global().Get("Object").New()
		for _, f := range fields(v.Type()) {
			object.Set(f.key, writeValue(v.FieldByIndex(f.index), moved))
		}
		return object
	case reflect.Slice:
		switch list := v.Interface().(type) {
		case []float32:
			return typed(float32Array, floatBytes(list), moved)
		case []uint8:
			return typed(uint8Array, list, moved)
		}
		fallthrough
	case reflect.Array:
		list := js.Global().Get("Array").New(v.Len())
		for i := range v.Len() {
			list.SetIndex(i, writeValue(v.Index(i), moved))
		}
		return list
	}
	panic(fmt.Sprintf("wasm: values of type %v cannot be written", v.Type()))
}

// A field is one of a struct, or of a struct that is embedded in it.
type field struct {
	key   string
	index []int
}

func fields(t reflect.Type) (list []field) {
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("json"); key != "" {
			list = append(list, field{key, f.Index})
		}
	}
	return list
}

// typed returns bytes as a typed array of its own memory.
func typed(constructor js.Value, bytes []byte, moved *[]any) js.Value {
	memory := uint8Array.New(len(bytes))
	js.CopyBytesToJS(memory, bytes)
	buffer := memory.Get("buffer")
	*moved = append(*moved, buffer)
	return constructor.New(buffer)
}

func floatBytes(list []float32) []byte {
	if len(list) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&list[0])), 4*len(list)) // little-endian, as wasm is
}

// read fills the struct that into points to with an object of JavaScript. Keys that are
// not there leave their fields as they are.
func read(object js.Value, into any) error {
	return readValue(object, reflect.ValueOf(into).Elem(), "")
}

func readValue(v js.Value, into reflect.Value, path string) error {
	if v.IsUndefined() || v.IsNull() {
		return nil
	}
	switch to := into.Addr().Interface().(type) {
	case *live.Array:
		return readArray(v, to, path)
	case *live.Pair:
		if v.Type() == js.TypeNumber {
			n, err := whole(v, path)
			*to = live.Pair{n, n}
			return err
		}
	case *[]float32:
		list, err := floats(v, path)
		*to = list
		return err
	case *[]uint8:
		list, err := octets(v, path)
		*to = list
		return err
	}
	switch into.Kind() {
	case reflect.Struct:
		return readStruct(v, into, path)
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return readValue(v, into.Elem(), path)
	case reflect.Slice, reflect.Array:
		return readList(v, into, path)
	case reflect.Bool:
		if v.Type() != js.TypeBoolean {
			return wrong(path, v, "true or false")
		}
		into.SetBool(v.Bool())
	case reflect.String:
		if v.Type() != js.TypeString {
			return wrong(path, v, "a text")
		}
		into.SetString(v.String())
	case reflect.Int:
		n, err := whole(v, path)
		into.SetInt(int64(n))
		return err
	case reflect.Float32, reflect.Float64:
		if v.Type() != js.TypeNumber {
			return wrong(path, v, "a number")
		}
		into.SetFloat(v.Float())
	case reflect.Uint64:
		n, err := whole(v, path)
		if err == nil && n < 0 {
			err = wrong(path, v, "a whole number of at least 0")
		}
		into.SetUint(uint64(n))
		return err
	default:
		panic(fmt.Sprintf("wasm: values of type %v cannot be read", into.Type()))
	}
	return nil
}

// wrong is the error for a value of a wrong type.
func wrong(path string, v js.Value, want string) error {
	got := v.Type().String()
	if v.Type() == js.TypeNumber {
		got = fmt.Sprint(v.Float())
	}
	return fmt.Errorf("%s is %s: want %s", name(path), got, want)
}

func name(path string) string {
	if path == "" {
		return "the argument"
	}
	return path
}

func whole(v js.Value, path string) (int, error) {
	if v.Type() != js.TypeNumber {
		return 0, wrong(path, v, "a whole number")
	}
	if f := v.Float(); f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, wrong(path, v, "a whole number")
	}
	return v.Int(), nil
}

func readStruct(v js.Value, into reflect.Value, path string) error {
	if v.Type() != js.TypeObject || isArray.Invoke(v).Bool() {
		return wrong(path, v, "an object")
	}
	var keys []string
	for _, f := range fields(into.Type()) {
		keys = append(keys, f.key)
		if err := readValue(v.Get(f.key), into.FieldByIndex(f.index), join(path, f.key)); err != nil {
			return err
		}
	}
	given := objectKeys.Invoke(v)
	for i := range given.Length() {
		key := given.Index(i).String()
		if slices.Contains(keys, key) {
			continue
		}
		where := ""
		if path != "" {
			where = " in " + path
		}
		if near := suggest.Nearest(key, keys); near != "" {
			return fmt.Errorf("there is no argument %q%s: did you mean %q?", key, where, near)
		}
		return fmt.Errorf("there is no argument %q%s: there are %s", key, where, strings.Join(keys, ", "))
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// listed reports whether a value is a list or a typed array.
func listed(v js.Value) bool {
	return v.Type() == js.TypeObject && (isArray.Invoke(v).Bool() || v.Get("BYTES_PER_ELEMENT").Type() == js.TypeNumber)
}

func readList(v js.Value, into reflect.Value, path string) error {
	if !listed(v) {
		return wrong(path, v, "a list")
	}
	n := v.Length()
	if into.Kind() == reflect.Slice {
		into.Set(reflect.MakeSlice(into.Type(), n, n))
	} else if n != into.Len() {
		return fmt.Errorf("%s has %d elements: want %d", name(path), n, into.Len())
	}
	for i := range n {
		if err := readValue(v.Index(i), into.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

// floats reads a typed array or a list of numbers.
func floats(v js.Value, path string) ([]float32, error) {
	if !listed(v) {
		return nil, wrong(path, v, "a Float32Array")
	}
	n := v.Length()
	list := make([]float32, n)
	if isArray.Invoke(v).Bool() {
		for i := range list {
			e := v.Index(i)
			if e.Type() != js.TypeNumber {
				return nil, wrong(fmt.Sprintf("%s[%d]", path, i), e, "a number")
			}
			list[i] = float32(e.Float())
		}
		return list, nil
	}
	if !v.InstanceOf(float32Array) {
		v = float32Array.New(v)
	}
	js.CopyBytesToGo(floatBytes(list), uint8Array.New(v.Get("buffer"), v.Get("byteOffset"), 4*n))
	return list, nil
}

// octets reads a typed array or a list of bytes.
func octets(v js.Value, path string) ([]uint8, error) {
	if !listed(v) {
		return nil, wrong(path, v, "a Uint8Array")
	}
	list := make([]uint8, v.Length())
	js.CopyBytesToGo(list, uint8Array.New(v))
	return list, nil
}

// readArray reads { shape, data } or nested lists of numbers.
func readArray(v js.Value, into *live.Array, path string) error {
	if !listed(v) {
		type plain live.Array
		return readStruct(v, reflect.ValueOf((*plain)(into)).Elem(), path)
	}
	into.Shape = nil
	for at := v; listed(at); at = at.Index(0) {
		into.Shape = append(into.Shape, at.Length())
		if at.Length() == 0 {
			break
		}
	}
	into.Data = nil
	return nested(v, into, 0, path)
}

func nested(v js.Value, into *live.Array, axis int, path string) error {
	if axis == len(into.Shape)-1 {
		row, err := floats(v, path)
		if err == nil && len(row) != into.Shape[axis] {
			err = fmt.Errorf("%s has %d elements: want %d, as those before", name(path), len(row), into.Shape[axis])
		}
		into.Data = append(into.Data, row...)
		return err
	}
	if !listed(v) || v.Length() != into.Shape[axis] {
		return wrong(path, v, fmt.Sprintf("a list of %d, as those before", into.Shape[axis]))
	}
	for i := range v.Length() {
		if err := nested(v.Index(i), into, axis+1, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

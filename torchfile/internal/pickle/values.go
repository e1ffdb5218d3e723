package pickle

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// The values of a pickle are nil, bool, int64, *big.Int, float64, string, and the
// types below.

// Bytes are Python's bytes and bytearray.
type Bytes string

// A Global is the name of a class or function. It is never looked up.
type Global struct{ Module, Name string }

// String returns the name as Python writes it, such as "torch._utils._rebuild_tensor_v2".
func (g Global) String() string { return g.Module + "." + g.Name }

// A Tuple is Python's tuple.
type Tuple struct{ Items []any }

// A List is Python's list.
type List struct{ Items []any }

// A Set is Python's set or frozenset.
type Set struct{ Items []any }

// A Dict is Python's dict, or one of its relatives in package collections, in the
// order in which keys were added.
type Dict struct {
	Keys, Values []any
	// State is what BUILD has given to it, such as the attributes of an
	// OrderedDict; nil if nothing has.
	State any

	index map[any]int // of Keys, once there are many
}

// An Object is what a call makes: of a class, or of a function that stands for
// one.
type Object struct {
	// Class is what was called: a Global, or another Object.
	Class any
	// Args are the arguments.
	Args []any
	// State is what BUILD has given to it, usually a Dict of attributes.
	State any
	// Items and Appended were added to it as to a dict and as to a list.
	Items    *Dict
	Appended *List
}

// manyKeys is the number of keys from which on a Dict has an index.
const manyKeys = 8

// maxKey is the largest number of bytes of a string that is a key.
const maxKey = 1 << 16

// Get returns the value of a key, which must be a string, a number, a bool or nil.
func (d *Dict) Get(key any) (any, bool) {
	if i := d.find(key); i >= 0 {
		return d.Values[i], true
	}
	return nil, false
}

func (d *Dict) find(key any) int {
	if d == nil {
		return -1
	}
	if d.index != nil {
		if i, ok := d.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range d.Keys {
		if k == key {
			return i
		}
	}
	return -1
}

// set gives a key a value, as Python does: a key that is there keeps its place.
// It reports whether the key is new. All values of a pickle can be compared with
// ==; those that Python compares by their content, such as tuples, are compared
// by identity here.
func (d *Dict) set(key, value any) (bool, error) {
	length := 0
	switch k := key.(type) {
	case string:
		length = len(k)
	case Bytes:
		length = len(k)
	case *List, *Dict, *Set:
		return false, fmt.Errorf("the key of a dict is %s", kind(key))
	}
	if length > maxKey {
		return false, fmt.Errorf("the key of a dict has %d bytes", length)
	}
	if i := d.find(key); i >= 0 {
		d.Values[i] = value
		return false, nil
	}
	d.Keys, d.Values = append(d.Keys, key), append(d.Values, value)
	switch n := len(d.Keys); {
	case d.index != nil:
		d.index[key] = n - 1
	case n > manyKeys:
		d.index = make(map[any]int, 2*n)
		for i, k := range d.Keys {
			d.index[k] = i
		}
	}
	return true, nil
}

// kind names the type of a value as Python does, with an article.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a str"
	case Bytes:
		return "bytes"
	case Global:
		return "the name " + v.String()
	case *Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Set:
		return "a set"
	case *Dict:
		return "a dict"
	case *Object:
		if g, ok := v.Class.(Global); ok {
			return "an object of " + g.String()
		}
		return "an object"
	}
	return "something else" // what Persistent has returned
}

// Kind describes a value in an error: "a dict", "an object of collections.deque".
func Kind(v any) string {
	const most = 200
	s := kind(v)
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Trim(strconv.QuoteToASCII(s), `"`)
}

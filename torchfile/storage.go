package torchfile

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/strideml/stride/internal/rawnum"
	"github.com/strideml/stride/torchfile/internal/pickle"
)

// A dtype is a type of numbers.
type dtype struct {
	name string      // PyTorch's, such as "float32"
	kind rawnum.Kind // 0 if it cannot be read
	size int64       // bytes of an element
}

// dtypes are those of PyTorch by the names of their storages, without "Storage".
var dtypes = map[string]dtype{
	"Double": {"float64", rawnum.Float64, 8}, "Float": {"float32", rawnum.Float32, 4}, "Half": {"float16", rawnum.Float16, 2},
	"BFloat16": {"bfloat16", rawnum.BFloat16, 2}, "Long": {"int64", rawnum.Int64, 8}, "Int": {"int32", rawnum.Int32, 4},
	"Short": {"int16", rawnum.Int16, 2}, "Char": {"int8", rawnum.Int8, 1}, "Byte": {"uint8", rawnum.Uint8, 1}, "Bool": {"bool", rawnum.Bool, 1},
	"ComplexDouble": {"complex128", 0, 16}, "ComplexFloat": {"complex64", 0, 8},
	"QUInt8": {"quint8", 0, 1}, "QInt8": {"qint8", 0, 1}, "QInt32": {"qint32", 0, 4}, "QUInt4x2": {"quint4x2", 0, 1}, "QUInt2x4": {"quint2x4", 0, 1},
	"Untyped": {"bytes", rawnum.Uint8, 1},
}

// dtypeNamed returns the type of torch.NAME, which tensors of an untyped storage name.
func dtypeNamed(name string) (dtype, bool) {
	for _, d := range dtypes {
		if d.name == name && name != "bytes" {
			return d, true
		}
	}
	switch {
	case name == "uint16":
		return dtype{name, rawnum.Uint16, 2}, true
	case name == "uint32":
		return dtype{name, rawnum.Uint32, 4}, true
	case name == "uint64":
		return dtype{name, rawnum.Uint64, 8}, true
	case strings.HasPrefix(name, "float8_"):
		return dtype{name, 0, 1}, true
	}
	return dtype{}, false
}

// A storage is the memory of one tensor or of several.
type storage struct {
	key      string
	dtype    dtype
	elements int64
	offset   int64 // of its bytes in the file; 0 until they are found
}

func (s *storage) bytes() int64 { return s.elements * s.dtype.size }

// storages are those that the object refers to.
type storages struct {
	list  []*storage
	byKey map[string]*storage
}

// A part is some elements of a storage, which old versions saved as a storage of its
// own, a view.
type part struct {
	*storage
	from, length int64
}

// persistent returns the storage of a persistent identifier: ("storage", type, key,
// location, elements), and in the older format a sixth field, the view. That format
// has ("module", class, file, source) besides, which stands for the class.
func (s *storages) persistent(id any) (any, error) {
	t, ok := id.(*pickle.Tuple)
	if !ok || len(t.Items) < 2 {
		return nil, fmt.Errorf("a persistent identifier that is %s: want a tuple", pickle.Kind(id))
	}
	if t.Items[0] == any("module") {
		return t.Items[1], nil
	}
	if t.Items[0] != any("storage") || len(t.Items) != 5 && len(t.Items) != 6 {
		return nil, errors.New("a persistent identifier that is not one of a storage")
	}
	class, ok := t.Items[1].(pickle.Global)
	if !ok {
		return nil, fmt.Errorf("the type of a storage is %s", pickle.Kind(t.Items[1]))
	}
	d, ok := dtypes[strings.TrimSuffix(class.Name, "Storage")]
	if !ok || class.Module != "torch" && class.Module != "torch.cuda" && class.Module != "torch.storage" || !strings.HasSuffix(class.Name, "Storage") {
		return nil, fmt.Errorf("a storage of the unknown type %.200s", class)
	}
	key, ok1 := t.Items[2].(string)
	n, ok2 := t.Items[4].(int64)
	if !ok1 || !ok2 || n < 0 || n > math.MaxInt64/16 {
		return nil, errors.New("a storage without a key and a number of elements")
	}
	st, err := s.get(key, d, n)
	if err != nil {
		return nil, err
	}
	whole := &part{st, 0, n}
	if len(t.Items) == 5 || t.Items[5] == nil {
		return whole, nil
	}
	v, ok := t.Items[5].(*pickle.Tuple) // the key of the view, its first element, their number
	if !ok || len(v.Items) != 3 {
		return nil, fmt.Errorf("storage %.200q: the view is %s", key, pickle.Kind(t.Items[5]))
	}
	from, ok1 := v.Items[1].(int64)
	length, ok2 := v.Items[2].(int64)
	if !ok1 || !ok2 || from < 0 || length < 0 || from > n || length > n-from {
		return nil, fmt.Errorf("storage %.200q of %d elements: the view is not a part of it", key, n)
	}
	return &part{st, from, length}, nil
}

// get returns the storage of a key, which must be the same wherever it is named.
func (s *storages) get(key string, d dtype, elements int64) (*storage, error) {
	if st := s.byKey[key]; st != nil {
		if st.dtype != d || st.elements != elements {
			return nil, fmt.Errorf("storage %.200q has %d elements of %s in one place, and %d of %s in another", key, st.elements, st.dtype.name, elements, d.name)
		}
		return st, nil
	}
	if s.byKey == nil {
		s.byKey = map[string]*storage{}
	}
	st := &storage{key: key, dtype: d, elements: elements}
	s.byKey[key] = st
	s.list = append(s.list, st)
	return st, nil
}

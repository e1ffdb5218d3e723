package torchfile

import (
	"errors"
	"fmt"
	"math"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/torchfile/internal/pickle"
)

// The functions of PyTorch that make tensors when Python reads a file, by what their
// arguments are.
var rebuilders = map[pickle.Global]func(o *pickle.Object, depth int) (*Tensor, error){}

func init() {
	for _, f := range []struct {
		module, name string
		rebuild      func(o *pickle.Object, depth int) (*Tensor, error)
	}{
		{"torch._utils", "_rebuild_tensor", rebuildV2},
		{"torch._utils", "_rebuild_tensor_v2", rebuildV2},
		{"torch._utils", "_rebuild_tensor_v3", rebuildV3},
		{"torch._utils", "_rebuild_parameter", rebuildParameter},
		{"torch._utils", "_rebuild_parameter_with_state", rebuildParameter},
		{"torch.nn.parameter", "Parameter", rebuildParameter},
		{"torch.nn.parameter", "Buffer", rebuildParameter},
		{"torch._tensor", "_rebuild_from_type_v2", rebuildFromType},
		{"torch.tensor", "_rebuild_from_type_v2", rebuildFromType},
		{"torch._utils", "_rebuild_qtensor", unreadable},
		{"torch._utils", "_rebuild_sparse_tensor", unreadable},
		{"torch._utils", "_rebuild_nested_tensor", unreadable},
		{"torch._utils", "_rebuild_meta_tensor_no_storage", unreadable},
		{"torch._utils", "_rebuild_wrapper_subclass", unreadable},
		{"torch._utils", "_rebuild_device_tensor_from_numpy", unreadable},
		{"torch._utils", "_rebuild_device_tensor_from_cpu_tensor", unreadable},
	} {
		rebuilders[pickle.Global{Module: f.module, Name: f.name}] = f.rebuild
	}
}

// isRebuild reports whether a name is that of a function which makes a tensor: such
// an object is no dict and no list, whatever a pickle does with it.
func isRebuild(g pickle.Global) bool { return rebuilders[g] != nil }

// maxDepth is how deep tensors are wrapped in one another.
const maxDepth = 8

// tensorOf returns the tensor that a value stands for, without a name; nil if it is
// none.
func tensorOf(v any, depth int) (*Tensor, error) {
	o, ok := v.(*pickle.Object)
	if !ok {
		return nil, nil
	}
	g, ok := o.Class.(pickle.Global)
	if !ok || rebuilders[g] == nil {
		return nil, nil
	}
	if depth == maxDepth {
		return nil, fmt.Errorf("a tensor is wrapped more than %d times", maxDepth)
	}
	t, err := rebuilders[g](o, depth)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.Name, err)
	}
	return t, nil
}

// rebuildV2 takes a storage, an offset, the size and the strides, then what matters
// to gradients only, and metadata.
func rebuildV2(o *pickle.Object, _ int) (*Tensor, error) {
	if len(o.Args) < 4 {
		return nil, fmt.Errorf("%d arguments", len(o.Args))
	}
	if len(o.Args) > 6 {
		if err := checkMetadata(o.Args[6]); err != nil {
			return nil, err
		}
	}
	p, ok := o.Args[0].(*part)
	if !ok {
		return nil, fmt.Errorf("the storage is %s", pickle.Kind(o.Args[0]))
	}
	return newTensor(p, p.dtype, o.Args[1], o.Args[2], o.Args[3])
}

// rebuildV3 has the type of the numbers after the arguments of v2: the storage
// consists of bytes.
func rebuildV3(o *pickle.Object, _ int) (*Tensor, error) {
	if len(o.Args) < 7 {
		return nil, fmt.Errorf("%d arguments", len(o.Args))
	}
	if len(o.Args) > 7 {
		if err := checkMetadata(o.Args[7]); err != nil {
			return nil, err
		}
	}
	p, ok := o.Args[0].(*part)
	g, isName := o.Args[6].(pickle.Global)
	if !ok || !isName || g.Module != "torch" {
		return nil, fmt.Errorf("the storage is %s, the type %s", pickle.Kind(o.Args[0]), pickle.Kind(o.Args[6]))
	}
	d, ok := dtypeNamed(g.Name)
	if !ok {
		return nil, fmt.Errorf("the type %.100q is not known", g.Name)
	}
	if p.dtype.size != 1 {
		return nil, fmt.Errorf("a tensor of %s in a storage of %s", d.name, p.dtype.name)
	}
	return newTensor(p, d, o.Args[1], o.Args[2], o.Args[3])
}

// checkMetadata refuses tensors that are the negative or the conjugate of what is
// stored.
func checkMetadata(v any) error {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil
	}
	for _, key := range []string{"conj", "neg"} {
		if set, _ := d.Get(key); set == any(true) {
			return fmt.Errorf("a tensor with the flag %s, which is not supported: call resolve_%s() before saving", key, key)
		}
	}
	return nil
}

// rebuildParameter takes a tensor.
func rebuildParameter(o *pickle.Object, depth int) (*Tensor, error) {
	if len(o.Args) == 0 {
		return nil, errors.New("no arguments")
	}
	t, err := tensorOf(o.Args[0], depth+1)
	if err == nil && t == nil {
		err = fmt.Errorf("of %s", pickle.Kind(o.Args[0]))
	}
	return t, err
}

// rebuildFromType takes a function of the others, the type that it makes, and its
// arguments.
func rebuildFromType(o *pickle.Object, depth int) (*Tensor, error) {
	if len(o.Args) < 3 {
		return nil, fmt.Errorf("%d arguments", len(o.Args))
	}
	args, ok := o.Args[2].(*pickle.Tuple)
	if !ok {
		return nil, fmt.Errorf("the arguments are %s", pickle.Kind(o.Args[2]))
	}
	t, err := tensorOf(&pickle.Object{Class: o.Args[0], Args: args.Items}, depth+1)
	if err == nil && t == nil {
		err = fmt.Errorf("calls %s", pickle.Kind(o.Args[0]))
	}
	return t, err
}

// unreadable stands for tensors that have no dense numbers.
func unreadable(o *pickle.Object, _ int) (*Tensor, error) {
	return &Tensor{DType: o.Class.(pickle.Global).Name[len("_rebuild_"):]}, nil
}

// newTensor checks that a tensor lies within its storage.
func newTensor(p *part, d dtype, offset, size, stride any) (*Tensor, error) {
	start, ok := offset.(int64)
	shape, ok1 := integers(size)
	strides, ok2 := integers(stride)
	const maxRank = 64
	if !ok || !ok1 || !ok2 || len(shape) != len(strides) || len(shape) > maxRank || start < 0 {
		return nil, errors.New("the offset, the size and the strides do not make a tensor")
	}
	last := start // the largest index of an element
	t := &Tensor{DType: d.name, Shape: make(tensor.Shape, len(shape)), dtype: d, part: p, start: start, strides: strides}
	for i, length := range shape {
		stride := strides[i]
		switch {
		case length < 0 || stride < 0 || int64(int(length)) != length:
			return nil, fmt.Errorf("size %v with strides %v does not make a tensor", shape, strides)
		case length > 1 && stride > (math.MaxInt64-last)/(length-1):
			return nil, fmt.Errorf("size %v with strides %v goes beyond all memory", shape, strides)
		case length > 1:
			last += stride * (length - 1)
		}
		t.Shape[i] = int(length)
	}
	const widest = 8 // bytes of an element
	n, err := t.Shape.SizeWithin(math.MaxInt / widest)
	if err != nil {
		return nil, fmt.Errorf("size %v with strides %v does not make a tensor: %w", shape, strides, err)
	}
	empty := n == 0
	if held := p.length * p.dtype.size / d.size; !empty && last >= held {
		return nil, fmt.Errorf("size %v with strides %v from %d on needs %d elements of %s, but the storage has %d", shape, strides, start, last+1, d.name, held)
	}
	t.elements, t.last = int64(n), last
	return t, nil
}

// integers returns the items of a tuple, list or torch.Size.
func integers(v any) ([]int64, bool) {
	var items []any
	switch v := v.(type) {
	case *pickle.Tuple:
		items = v.Items
	case *pickle.List:
		items = v.Items
	case *pickle.Object: // torch.Size takes a tuple
		if v.Class != any(pickle.Global{Module: "torch", Name: "Size"}) || len(v.Args) != 1 {
			return nil, false
		}
		t, ok := v.Args[0].(*pickle.Tuple)
		if !ok {
			return nil, false
		}
		items = t.Items
	default:
		return nil, false
	}
	if len(items) > 1000 {
		return nil, false
	}
	out := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

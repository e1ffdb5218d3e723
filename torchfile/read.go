package torchfile

import (
	"fmt"
	"io"

	"github.com/strideml/stride/internal/rawnum"
	"github.com/strideml/stride/tensor"
)

// A Tensor is a tensor of a file, whose values have not been read yet.
type Tensor struct {
	// Name is its name in the state dict, such as "layer1.0.conv1.weight".
	Name string
	// DType is PyTorch's name of its type, such as "float32"; of tensors that
	// cannot be read, what they are.
	DType string
	// Shape has its lengths; no axes for a single number.
	Shape tensor.Shape

	file     *File
	dtype    dtype
	part     *part
	start    int64 // the first element, in the part
	strides  []int64
	elements int64
	last     int64 // the last element that it uses, in the part
}

// sparse is how many times more elements than a tensor has may lie between its first
// and last one for all of them to be read.
const sparse = 4

// Read reads the values as float32: float64 and large integers are rounded, booleans
// are 0 and 1. The elements are in the order of the axes, whatever their strides in
// the file are. The error names the tensor.
func (t *Tensor) Read() (*tensor.Tensor, error) {
	x, err := t.read()
	if err != nil {
		return nil, fmt.Errorf("torchfile: tensor %q (%s %v): %w", t.Name, t.DType, t.Shape, err)
	}
	return x, nil
}

func (t *Tensor) read() (*tensor.Tensor, error) {
	if t.dtype.kind == 0 {
		return nil, fmt.Errorf("tensors of this type are not supported: convert it to float32 before saving")
	}
	if 4*t.elements > t.file.limit() {
		return nil, fmt.Errorf("takes %d bytes, which is more than a file of %d bytes should hold", 4*t.elements, t.file.size)
	}
	if t.elements == 0 || t.contiguous() {
		r := io.NewSectionReader(t.file.r, t.at(t.start), t.elements*t.dtype.size)
		data, err := rawnum.Read(r, t.dtype.kind, t.file.order, int(t.elements), true)
		if err != nil {
			return nil, err
		}
		return tensor.FromSlice(data, t.Shape...)
	}
	x := tensor.New(t.Shape...)
	return x, t.gather(x.Data())
}

// at is where an element of the part lies in the file.
func (t *Tensor) at(element int64) int64 {
	return t.part.offset + t.part.from*t.part.dtype.size + element*t.dtype.size
}

// contiguous reports whether the elements lie one after the other.
func (t *Tensor) contiguous() bool {
	next := int64(1)
	for i := len(t.Shape) - 1; i >= 0; i-- {
		if t.Shape[i] != 1 && t.strides[i] != next {
			return false
		}
		next *= int64(t.Shape[i])
	}
	return true
}

// gather reads elements that do not lie one after the other.
func (t *Tensor) gather(dst []float32) error {
	span, size := t.last-t.start+1, t.dtype.size
	var raw []byte // of all from the first to the last element; nil if they are far apart
	if span <= sparse*t.elements {
		raw = make([]byte, span*size)
		if err := readFull(t.file.r, raw, t.at(t.start)); err != nil {
			return err
		}
	}
	// Runs along the last axis with more than one element are decoded at once where they have no
	// gaps, or where all are the same element.
	last := len(t.Shape) - 1
	for last > 0 && t.Shape[last] == 1 {
		last--
	}
	run, decoded := 1, 1 // elements of a run, and how many of them are different
	switch t.strides[last] {
	case 0:
		run = t.Shape[last]
	case 1:
		run = t.Shape[last]
		decoded = run
	}
	single := make([]byte, int64(decoded)*size)
	index := make([]int, last+1)
	element := int64(0) // from the first one
	for done := 0; done < len(dst); done += run {
		b := single
		if raw != nil {
			b = raw[element*size : (element+int64(decoded))*size]
		} else if err := readFull(t.file.r, b, t.at(t.start+element)); err != nil {
			return err
		}
		rawnum.Decode(dst[done:done+decoded], b, t.dtype.kind, t.file.order)
		for filled := decoded; filled < run; filled *= 2 {
			copy(dst[done+filled:done+run], dst[done:done+filled])
		}
		axis := last
		if run > 1 {
			axis--
		}
		for ; axis >= 0; axis-- {
			index[axis]++
			element += t.strides[axis]
			if index[axis] < t.Shape[axis] {
				break
			}
			element -= t.strides[axis] * int64(index[axis])
			index[axis] = 0
		}
	}
	return nil
}

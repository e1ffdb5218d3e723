package operators

import (
	"fmt"

	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
)

// Literal reads a tensor whose elements must be known.
func Literal(r *tensordata.Reader, t *proto.Tensor) (*constant.Tensor, error) {
	k := &constant.Tensor{Type: t.Type, Shape: tensordata.Shape(t)}
	var err error
	switch {
	case tensordata.IsFloat(t.Type):
		k.Floats, err = r.Float64s(t)
	case tensordata.IsInteger(t.Type):
		k.Ints, err = r.Ints(t)
	default:
		err = fmt.Errorf("tensor %q has elements of type %v", t.Name, t.Type)
	}
	return k, err
}

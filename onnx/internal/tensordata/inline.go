package tensordata

import "github.com/strideml/stride/onnx/internal/proto"

// Inline makes the elements of a tensor that are in another file part of the tensor. They
// stay readable until the Reader is closed.
func (r *Reader) Inline(t *proto.Tensor) error {
	if !t.IsExternal {
		return nil
	}
	count, err := Count(t)
	if err != nil {
		return err
	}
	b, _, err := r.raw(t, count)
	if err != nil {
		return err
	}
	t.Raw, t.External, t.IsExternal = b, nil, false
	return nil
}

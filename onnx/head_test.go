package onnx_test

import (
	"errors"
	"testing"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// TestDropSoftmax leaves out a softmax at the end of a classifier, and no other.
func TestDropSoftmax(t *testing.T) {
	x := numbers(3, 3, 8, 8)
	native := newModel(t, trainedNet(), tensor.Shape{3, 8, 8})
	logits, err := native.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []onnx.WriteOptions{{}, {IncludeSoftmax: true}} {
		net := imported(t, native, o)
		net.DropSoftmax()
		net.DropSoftmax() // there is none any more
		m := newModel(t, net, net.Input())
		got, err := m.Predict(nil, x)
		if err != nil {
			t.Fatal(err)
		}
		if !got.AllClose(logits, 1e-5, 1e-5) {
			t.Errorf("softmax %v: got %v, want %v", o.IncludeSoftmax, got, logits)
		}
	}
	inner := newModel(t, nn.Sequential(nn.Flatten(), nn.Linear(4), nn.Softmax(), nn.Linear(3)), tensor.Shape{3, 8, 8})
	want, err := inner.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	net := imported(t, inner, onnx.WriteOptions{})
	net.DropSoftmax()
	m := newModel(t, net, net.Input())
	if got, err := m.Predict(nil, x); err != nil || !got.AllClose(want, 1e-5, 1e-5) {
		t.Errorf("a softmax within the network: got %v, want %v; %v", got, want, err)
	}
}

// TestDefaultSize fills in what the file leaves open, and only that.
func TestDefaultSize(t *testing.T) {
	open := []proto.Dim{{Param: "N"}, {Value: 3}, {Param: "height"}, {}}
	for _, c := range []struct {
		given, usual tensor.Shape
		want         tensor.Shape // nil if sizes stay open
	}{
		{nil, tensor.Shape{1, 5, 6}, tensor.Shape{3, 5, 6}},
		{tensor.Shape{3, 7, 8}, tensor.Shape{3, 5, 6}, tensor.Shape{3, 7, 8}},
		{nil, tensor.Shape{5, 6}, nil},
		{nil, tensor.Shape{3, 5, -1}, nil},
	} {
		net, err := onnx.Read(write(t, relu(), open), onnx.Options{Input: c.given, Default: c.usual})
		var stays *onnx.OpenInputError
		switch {
		case c.want == nil && !errors.As(err, &stays):
			t.Errorf("%v: got %v, want an error that sizes are open", c.usual, err)
		case c.want != nil && (err != nil || !net.Input().Equal(c.want)):
			t.Errorf("%v, %v: %v", c.given, c.usual, err)
		}
	}
}

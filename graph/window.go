package graph

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/strideml/stride/tensor"
)

// Window describes how a kernel moves over an image, as {height, width}
// pairs. Zero strides and dilations mean 1.
type Window struct {
	Stride   [2]int
	Pad      [2]int // on each side
	Dilation [2]int
	// ExtraPad is added to Pad below and to the right of the image, where the padding
	// is Pad + ExtraPad. It may be negative, but not below −Pad. See [Window.SamePad].
	ExtraPad [2]int
}

// SamePad returns w with TensorFlow's SAME padding for an image of the given
// height and width: the least that makes the output ⌈n/s⌉ long along an axis of
// length n. That is max(0, (⌈n/s⌉−1)·s + d·(k−1) + 1 − n) in all, half of it, rounded
// down, before the image and the rest after it. With stride 1 it is PyTorch's
// padding="same".
func (w Window) SamePad(height, width int, kernel [2]int) Window {
	w = w.normal()
	for i, n := range [2]int{height, width} {
		s := w.Stride[i]
		outputs := (n + s - 1) / s
		all := max(0, (outputs-1)*s+w.Dilation[i]*(kernel[i]-1)+1-n)
		w.Pad[i], w.ExtraPad[i] = all/2, all%2
	}
	return w
}

func (w Window) normal() Window {
	for i := range 2 {
		w.Stride[i] = max(w.Stride[i], 1)
		w.Dilation[i] = max(w.Dilation[i], 1)
	}
	return w
}

func (w Window) check() error {
	for i := range 2 {
		if w.Stride[i] < 1 || w.Dilation[i] < 1 || w.Pad[i] < 0 {
			return fmt.Errorf("stride %v and dilation %v must be at least 1 and padding %v at least 0", w.Stride, w.Dilation, w.Pad)
		}
		if w.after(i) < 0 {
			return fmt.Errorf("extra padding %v takes away more than the padding %v", w.ExtraPad, w.Pad)
		}
	}
	return nil
}

// after is the padding below (axis 0) or to the right (1) of the image.
func (w Window) after(axis int) int { return w.Pad[axis] + w.ExtraPad[axis] }

// extent is the distance from the first to the last element of a window, both counted.
func (w Window) extent(axis, kernel int) int { return w.Dilation[axis]*(kernel-1) + 1 }

var axisNames = [2]string{"height", "width"}

// outputSize applies ⌊(n + 2p + e − d·(k−1) − 1)/s⌋ + 1 along both axes, where e
// is the extra padding. in is C×H×W or N×C×H×W.
func (w Window) outputSize(in tensor.Shape, kernel [2]int, ceil bool) (out [2]int, err error) {
	if err := w.check(); err != nil {
		return out, err
	}
	for i := range 2 {
		n, k, s, p, d := in[len(in)-2+i], kernel[i], w.Stride[i], w.Pad[i], w.Dilation[i]
		e := w.ExtraPad[i]
		span := n + 2*p + e - d*(k-1) - 1
		o := floorDiv(span, s) + 1
		if ceil {
			o = floorDiv(span+s-1, s) + 1
			if (o-1)*s >= n+p { // the last window must start in the image or its left padding
				o--
			}
		}
		if o < 1 { // with ceil, a window may be larger than the image
			extra := ""
			switch {
			case e > 0:
				extra = fmt.Sprintf("+%d", e)
			case e < 0:
				extra = signed(e)
			}
			return out, fmt.Errorf("input %v is smaller than the kernel: output %s ⌊(%d+2·%d%s−%d)/%d⌋+1 = %s",
				in[max(0, len(in)-3):], axisNames[i], n, p, extra, d*(k-1)+1, s, signed(floorDiv(span, s)+1))
		}
		out[i] = o
	}
	return out, nil
}

// signed prints a number with the minus sign that formulas have.
func signed(n int) string { return strings.Replace(strconv.Itoa(n), "-", "−", 1) }

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// padding describes the padding: "1", "1×2", or "0 before and 1 after".
func (w Window) padding() string {
	if w.ExtraPad == [2]int{} {
		return pair(w.Pad, true)
	}
	after := [2]int{w.after(0), w.after(1)}
	return pair(w.Pad, true) + " before and " + pair(after, true) + " after"
}

// pair prints {5,5} as "5×5" or, with same, as "5".
func pair(p [2]int, same bool) string {
	if same && p[0] == p[1] {
		return fmt.Sprint(p[0])
	}
	return fmt.Sprintf("%d×%d", p[0], p[1])
}

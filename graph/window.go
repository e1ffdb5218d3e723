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
	Pad      [2]int
	Dilation [2]int
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
	}
	return nil
}

var axisNames = [2]string{"height", "width"}

// outputSize applies ⌊(n + 2p − d·(k−1) − 1)/s⌋ + 1 along both axes. in is
// C×H×W or N×C×H×W.
func (w Window) outputSize(in tensor.Shape, kernel [2]int, ceil bool) (out [2]int, err error) {
	if err := w.check(); err != nil {
		return out, err
	}
	for i := range 2 {
		n, k, s, p, d := in[len(in)-2+i], kernel[i], w.Stride[i], w.Pad[i], w.Dilation[i]
		span := n + 2*p - d*(k-1) - 1
		o := floorDiv(span, s) + 1
		if ceil {
			o = floorDiv(span+s-1, s) + 1
			if (o-1)*s >= n+p { // the last window must start in the image or its left padding
				o--
			}
		}
		if o < 1 { // with ceil, a window may be larger than the image
			return out, fmt.Errorf("input %v is smaller than the kernel: output %s ⌊(%d+2·%d−%d)/%d⌋+1 = %s",
				in[max(0, len(in)-3):], axisNames[i], n, p, d*(k-1)+1, s, signed(floorDiv(span, s)+1))
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

// pair prints {5,5} as "5×5" or, with same, as "5".
func pair(p [2]int, same bool) string {
	if same && p[0] == p[1] {
		return fmt.Sprint(p[0])
	}
	return fmt.Sprintf("%d×%d", p[0], p[1])
}

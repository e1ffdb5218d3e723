package lower

import (
	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A pooling is how the windows of a graph.Pool lie over an image. The frame is the image
// with the padding that windows reach into, and without what none reaches.
type pooling struct {
	graph.Pool
	image, output tensor.Shape
	// frame is its height and width.
	frame [2]int
	// before and after are the frame's rows and columns around the image; after may be
	// negative.
	before, after [2]int
}

func poolingOf(p graph.Pool, image, output tensor.Shape) pooling {
	q := pooling{Pool: p, image: image, output: output}
	for i := range 2 {
		q.frame[i] = q.spread(i) + p.Dilation[i]*(p.Kernel[i]-1)
		q.before[i] = p.Pad[i]
		q.after[i] = q.frame[i] - p.Pad[i] - image[2+i]
	}
	return q
}

// spread is the distance from the first window to the last one, both counted.
func (p pooling) spread(axis int) int { return p.Stride[axis]*(p.output[2+axis]-1) + 1 }

// sizes returns the size of a tensor of as many images and channels.
func (p pooling) sizes(height, width int) []int {
	return []int{p.image[0], p.image[1], height, width}
}

// edges makes the padding of an image's axes out of that of rows and columns.
func edges(rowsAndColumns [2]int) []int { return []int{0, 0, rowsAndColumns[0], rowsAndColumns[1]} }

// reduce combines the elements of each window with f, beginning with start, which
// padding counts as.
func (p pooling) reduce(b *builder, x, start value, f stablehlo.Combine) value {
	after := p.after
	for i := range 2 {
		after[i] = min(after[i], 0)
	}
	x = b.Pad(x, start, edges([2]int{}), edges(after), nil) // takes away what no window reaches
	return b.ReduceWindow(x, start, f, stablehlo.Window{
		Size:     []int{1, 1, p.Kernel[0], p.Kernel[1]},
		Stride:   []int{1, 1, p.Stride[0], p.Stride[1]},
		Dilation: []int{1, 1, p.Dilation[0], p.Dilation[1]},
		Pad:      [][2]int{{}, {}, {p.before[0], max(p.after[0], 0)}, {p.before[1], max(p.after[1], 0)}},
	})
}

// place puts the elements of windows, each at the element of its window that has the
// given row and column there, into images of zeros.
func (p pooling) place(b *builder, windows value, row, column int) value {
	var before, after, between [2]int
	for i, k := range [2]int{row, column} {
		before[i] = k*p.Dilation[i] - p.Pad[i]
		after[i] = p.image[2+i] - before[i] - p.spread(i)
		between[i] = p.Stride[i] - 1
	}
	zero := b.Fill(stablehlo.Scalar(windows.Type.Element), 0)
	return b.Pad(windows, zero, edges(before), edges(after), edges(between))
}

// framed puts x into its frame; padding has the given value.
func (p pooling) framed(b *builder, x value, padding float64) value {
	v := b.Fill(stablehlo.Scalar(x.Type.Element), padding)
	return b.Pad(x, v, edges(p.before), edges(p.after), nil)
}

// unframed is the image's part of a frame.
func (p pooling) unframed(b *builder, x value) value {
	negative := func(n [2]int) []int { return edges([2]int{-n[0], -n[1]}) }
	return b.Pad(x, b.Fill(stablehlo.Scalar(x.Type.Element), 0), negative(p.before), negative(p.after), nil)
}

// everyStride takes, of a part of a frame that reaches from the first to the last window,
// the element of each window.
func (p pooling) everyStride(b *builder, part value) value {
	return b.Slice(part, make([]int, 4), part.Shape(), []int{1, 1, p.Stride[0], p.Stride[1]})
}

// inside is true for the windows whose element at a row and column, given as numbers of
// the frame's rows and columns, lies in the image. It is nil if all do.
func (p pooling) inside(b *builder, starts [2]value) *value {
	var all *value
	for i := range 2 {
		if p.before[i] <= 0 && p.after[i] <= 0 {
			continue
		}
		t := stablehlo.Of(stablehlo.I32, p.output...)
		at := b.Add(b.Mul(b.Iota(t, 2+i), b.Fill(t, float64(p.Stride[i]))), b.broadcast(starts[i], t.Shape))
		low := b.Compare(stablehlo.GE, at, b.Fill(t, float64(p.before[i])))
		in := b.And(low, b.Compare(stablehlo.LT, at, b.Fill(t, float64(p.before[i]+p.image[2+i]))))
		if all != nil {
			in = b.And(*all, in)
		}
		all = &in
	}
	return all
}

// area is the number of elements of a window.
func (p pooling) area() int { return p.Kernel[0] * p.Kernel[1] }

// apart reports whether no two windows have an element in common, and no element of the
// image lies between those of a window.
func (p pooling) apart() bool {
	return p.Dilation == [2]int{1, 1} && p.Stride[0] >= p.Kernel[0] && p.Stride[1] >= p.Kernel[1]
}

// unpool sets all elements of each window to the window's element of x, where no two
// windows have one in common.
func (p pooling) unpool(b *builder, x value) value {
	s := x.Shape()
	k, zero := p.Kernel, b.Fill(stablehlo.Scalar(x.Type.Element), 0)
	x = b.BroadcastInDim(x, []int{s[0], s[1], s[2], k[0], s[3], k[1]}, []int{0, 1, 2, 4})
	x = b.Pad(x, zero, make([]int, 6), []int{0, 0, 0, p.Stride[0] - k[0], 0, p.Stride[1] - k[1]}, nil)
	x = b.Reshape(x, p.sizes(s[2]*p.Stride[0], s[3]*p.Stride[1])...)
	var before, after [2]int
	for i := range 2 {
		before[i] = -p.Pad[i]
		after[i] = p.image[2+i] - x.Shape()[2+i] + p.Pad[i]
	}
	return b.Pad(x, zero, edges(before), edges(after), nil)
}

// sumWindows adds up, for each element of the image, the elements of x whose windows it
// lies in.
func (p pooling) sumWindows(b *builder, x value) value {
	if p.apart() {
		return p.unpool(b, x)
	}
	// In the frame, x spread by the stride, all windows that an element lies in are a
	// window, too, which ends at it.
	var before, after, between [2]int
	for i := range 2 {
		before[i] = p.Dilation[i] * (p.Kernel[i] - 1)
		after[i] = before[i]
		between[i] = p.Stride[i] - 1
	}
	zero := b.Fill(stablehlo.Scalar(x.Type.Element), 0)
	x = b.Pad(x, zero, edges(before), edges(after), edges(between))
	x = b.ReduceWindow(x, zero, (*stablehlo.Builder).Add, stablehlo.Window{
		Size:     []int{1, 1, p.Kernel[0], p.Kernel[1]},
		Dilation: []int{1, 1, p.Dilation[0], p.Dilation[1]},
	})
	return p.unframed(b, x)
}

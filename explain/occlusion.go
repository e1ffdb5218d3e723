package explain

import (
	"context"
	"fmt"

	"github.com/strideml/stride/tensor"
)

// OcclusionOptions are the choices of Occlusion. The zero value is a good default.
type OcclusionOptions struct {
	// Window is the height and width of the window that is covered, in pixels of the input; 0 means
	// about a seventh of the input's shorter side.
	Window int
	// Stride is the step of the window, at most Window; 0 means half of Window.
	Stride int
	// Fill is the colour of the cover: a value for each channel of the input after preprocessing, or
	// one for all; nil means 0, which is the mean colour where the preprocessing subtracts it, and black
	// otherwise.
	Fill []float32
}

// maxWindows bounds the passes through the network that one call may ask for.
const maxWindows = 10_000

// Occlusion covers a window of the picture, at one place after the other, and says how much the score of a
// class falls (Zeiler & Fergus 2014, Visualizing and Understanding Convolutional Networks):
//
//	a[i,j] = mean of S(x) − S(x with window k covered) over the windows k that cover pixel (i, j)
//
// Windows begin at multiples of Stride; the last ones are cut off at the border. Where windows overlap the
// mean is taken, as in captum's Occlusion. Values are C×H×W, the same in all channels. They are negative
// where the score rises. It is an error to ask for more than 10,000 windows. x is the input C×H×W or 1×C×H×W of a
// picture, class an index or Predicted, of the whole picture.
func (m *Model) Occlusion(ctx context.Context, x *tensor.Tensor, class int, o OcclusionOptions) (*Attribution, error) {
	x, err := m.asInput(x)
	if err != nil {
		return nil, err
	}
	s := m.net.Input()
	fill, err := m.channelValues("the fill of the window", o.Fill)
	if err != nil {
		return nil, err
	}
	windows, err := o.windows(s[1], s[2])
	if err != nil {
		return nil, err
	}
	if class, err = m.choose(ctx, x, class); err != nil {
		return nil, err
	}
	scores, _, err := m.Scores(ctx, x)
	if err != nil {
		return nil, err
	}
	size := s[1] * s[2]
	sums, counts := make([]float64, size), make([]float64, size)
	cover := func(i int, to []float32) {
		copy(to, x.Data())
		windows[i].each(s[2], func(at int) {
			for c := range s[0] {
				to[c*size+at] = fill[c]
			}
		})
	}
	take := func(first, count int, results []*tensor.Tensor) error {
		for i := range count {
			fall := float64(scores[class]) - float64(results[0].Data()[i*len(m.classes)+class])
			windows[first+i].each(s[2], func(at int) {
				sums[at] += fall
				counts[at]++
			})
		}
		return nil
	}
	if err := m.inBatches(ctx, key{task: scoring}, len(windows), class, cover, take); err != nil {
		return nil, err
	}
	values := tensor.New(s...)
	for i := range values.Data() {
		values.Data()[i] = float32(sums[i%size] / counts[i%size])
	}
	return m.attribution(MethodOcclusion, "", class, scores, values)
}

// A window is rows top ≤ i < bottom and columns left ≤ j < right.
type window struct{ top, left, bottom, right int }

func (w window) each(width int, visit func(at int)) {
	for i := w.top; i < w.bottom; i++ {
		for j := w.left; j < w.right; j++ {
			visit(i*width + j)
		}
	}
}

// windows returns the places of the window, which together cover the picture.
func (o OcclusionOptions) windows(height, width int) (all []window, err error) {
	short := min(height, width)
	if o.Window == 0 {
		o.Window = max(1, (short+3)/7)
		if o.Stride > 0 {
			o.Window = max(o.Window, min(o.Stride, short))
		}
	}
	if o.Stride == 0 {
		o.Stride = max(1, o.Window/2)
	}
	if o.Window < 1 || o.Window > short {
		return nil, fmt.Errorf("explain: a window of %d pixels: want 1 to %d", o.Window, short)
	}
	if o.Stride < 1 || o.Stride > o.Window {
		return nil, fmt.Errorf("explain: a stride of %d pixels: want 1 to %d, the window, so that all of the picture is covered", o.Stride, o.Window)
	}
	places := func(n int) int { return (n-o.Window+o.Stride-1)/o.Stride + 1 }
	if n := places(height) * places(width); n > maxWindows {
		return nil, fmt.Errorf("explain: window %d and stride %d make %d passes through the network: want at most %d", o.Window, o.Stride, n, maxWindows)
	}
	for i := range places(height) {
		for j := range places(width) {
			top, left := i*o.Stride, j*o.Stride
			all = append(all, window{top, left, min(top+o.Window, height), min(left+o.Window, width)})
		}
	}
	return all, nil
}

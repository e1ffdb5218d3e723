package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Gradient is the derivative of the score of a class with respect to each element of the input, also
// called saliency (Simonyan, Vedaldi, Zisserman 2014, Deep Inside Convolutional Networks: Visualising
// Image Classification Models and Saliency Maps): ∂S/∂x[c,i,j], with its sign. Values are C×H×W; Heat
// is the paper's map, the greatest absolute value over the channels. x is the input C×H×W or 1×C×H×W
// of a picture, class an index or Predicted.
func (m *Model) Gradient(ctx context.Context, x *tensor.Tensor, class int) (*Attribution, error) {
	return m.gradient(ctx, x, class, MethodGradient, pixels)
}

// ErrNoReLU says that guided backpropagation of a network would be its gradient.
var ErrNoReLU = errors.New("explain: the network has no ReLU: guided backpropagation would be its gradient")

// GuidedBackprop is guided backpropagation (Springenberg et al. 2015, Striving for Simplicity: The All
// Convolutional Net): Gradient, but what comes back to a ReLU y = max(0, x) passes only where it is
// positive, too,
//
//	dx = max(0, dy) where x > 0, else 0
//
// as in captum's GuidedBackprop and pytorch-grad-cam's GuidedBackpropReLUModel. The same holds for ReLU6,
// where 0 < x < 6, and other ReLUs with an upper bound, which these two libraries leave as they are.
// Activations that pass negative values, such as SiLU, GELU and LeakyReLU, have their own derivative, as
// in both. A network without any ReLU is ErrNoReLU.
func (m *Model) GuidedBackprop(ctx context.Context, x *tensor.Tensor, class int) (*Attribution, error) {
	if !slices.ContainsFunc(m.outline.trace.Graph.Nodes(), func(n *graph.Node) bool { return rectifies(n.Op()) }) {
		return nil, ErrNoReLU
	}
	return m.gradient(ctx, x, class, MethodGuidedBackprop, guided)
}

func (m *Model) gradient(ctx context.Context, x *tensor.Tensor, class int, method Method, t task) (*Attribution, error) {
	x, err := m.asInput(x)
	if err != nil {
		return nil, err
	}
	if class, err = m.choose(ctx, x, class); err != nil {
		return nil, err
	}
	results, err := m.run(ctx, key{task: t}, x, m.oneHot(1, class))
	if err != nil {
		return nil, err
	}
	values, err := results[1].Reshape(m.net.Input()...)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	return m.attribution(method, "", class, results[0].Data(), values)
}

// GuidedGradCAM is the product of GuidedBackprop and of GradCAM of a layer, whose map is resized to the
// input (Selvaraju et al. 2017): bilinearly, with PyTorch's interpolate, align_corners=False. captum's
// GuidedGradCam gives the same with interpolate_mode="bilinear". Values are C×H×W.
func (m *Model) GuidedGradCAM(ctx context.Context, x *tensor.Tensor, layer string, class int) (*Attribution, error) {
	x, err := m.asInput(x)
	if err != nil {
		return nil, err
	}
	cam, err := m.GradCAM(ctx, x, layer, class)
	if err != nil {
		return nil, err
	}
	a, err := m.GuidedBackprop(ctx, x, cam.Class)
	if err != nil {
		return nil, err
	}
	s := m.net.Input()
	heat := resizeBilinear(cam.Values, s[1], s[2])
	for i := range a.Values.Data() {
		a.Values.Data()[i] *= heat.Data()[i%(s[1]*s[2])]
	}
	a.Method, a.Layer = MethodGuidedGradCAM, cam.Layer
	return a, nil
}

// resizeBilinear resizes a map as PyTorch's interpolate(mode="bilinear") does.
func resizeBilinear(m *tensor.Tensor, height, width int) *tensor.Tensor {
	h, w := m.Shape()[0], m.Shape()[1]
	op := graph.Resize2DOp{Resize: graph.Resize{Mode: graph.ResizeLinear}, Output: [2]int{height, width}}
	rows, columns := op.Terms(0, h), op.Terms(1, w)
	out := tensor.New(height, width)
	for i, row := range rows {
		for j, column := range columns {
			sum := 0.0
			for _, r := range row {
				for _, c := range column {
					sum += r.Weight * c.Weight * float64(m.Data()[r.Index*w+c.Index])
				}
			}
			out.Data()[i*width+j] = float32(sum)
		}
	}
	return out
}

package explain

import (
	"context"
	"fmt"

	"github.com/strideml/stride/tensor"
)

// GradCAM is Grad-CAM (Selvaraju et al. 2017, Grad-CAM: Visual Explanations from Deep Networks via
// Gradient-based Localization): with the maps A[k] of a layer and the score S of a class,
//
//	α[k] = mean over i, j of ∂S/∂A[k,i,j]
//	L[i,j] = max(0, Σ_k α[k]·A[k,i,j])
//
// Values are L, H'×W' for maps of H'×W' elements, not normalised. x is the input C×H×W or 1×C×H×W
// of a picture. layer is the name of a layer with maps; "" means Model.DefaultLayer. class is an
// index or Predicted. It is an error if the scores do not depend on the layer. pytorch-grad-cam's
// GradCAM gives the same before it scales the map to 0..1.
func (m *Model) GradCAM(ctx context.Context, x *tensor.Tensor, layer string, class int) (*Attribution, error) {
	return m.cam(ctx, x, layer, class, MethodGradCAM, meanGradient)
}

// GradCAMPlusPlus is Grad-CAM++ (Chattopadhay et al. 2018, Grad-CAM++: Generalized Gradient-based Visual
// Explanations for Deep Convolutional Networks), which finds several objects of a class better: in place
// of the mean of the gradients g = ∂S/∂A the weights are
//
//	w[k] = Σ_ij a[k,i,j]·max(0, g[k,i,j])
//	a[k,i,j] = g² / (2·g² + g³·Σ_ij A[k,i,j] + 10⁻⁶), 0 where g = 0
//
// which is the paper's for the class score exp(S), with the 10⁻⁶ of pytorch-grad-cam's
// GradCAMPlusPlus, which gives the same before it scales the map to 0..1. All else is as in GradCAM.
func (m *Model) GradCAMPlusPlus(ctx context.Context, x *tensor.Tensor, layer string, class int) (*Attribution, error) {
	return m.cam(ctx, x, layer, class, MethodGradCAMPlusPlus, plusPlus)
}

// meanGradient is α of GradCAM for one map.
func meanGradient(_, gradient []float32) (weight float64) {
	for _, g := range gradient {
		weight += float64(g)
	}
	return weight / float64(len(gradient))
}

// plusPlus is w of GradCAMPlusPlus for one map.
func plusPlus(maps, gradient []float32) (weight float64) {
	sum := 0.0
	for _, a := range maps {
		sum += float64(a)
	}
	for _, v := range gradient {
		if g := float64(v); g > 0 {
			weight += g * (g * g / (2*g*g + g*g*g*sum + 1e-6))
		}
	}
	return weight
}

// cam is a class activation map whose maps are weighed by a function.
func (m *Model) cam(ctx context.Context, x *tensor.Tensor, layer string, class int, method Method, weigh func(maps, gradient []float32) float64) (*Attribution, error) {
	x, err := m.asInput(x)
	if err != nil {
		return nil, err
	}
	if layer, err = m.camLayer(layer); err != nil {
		return nil, err
	}
	if class, err = m.choose(ctx, x, class); err != nil {
		return nil, err
	}
	results, err := m.run(ctx, key{task: camming, layer: layer}, x, m.oneHot(1, class))
	if err != nil {
		return nil, err
	}
	scores, maps, gradient := results[0], results[1], results[2]
	s := maps.Shape()
	size := s[2] * s[3]
	sums := make([]float64, size)
	for k := range s[1] {
		a, g := maps.Data()[k*size:][:size], gradient.Data()[k*size:][:size]
		w := weigh(a, g)
		for i, v := range a {
			sums[i] += w * float64(v)
		}
	}
	values := tensor.New(s[2], s[3])
	for i, v := range sums {
		values.Data()[i] = float32(max(0, v)) // NaN stays NaN
	}
	return m.attribution(method, layer, class, scores.Data(), values)
}

// camLayer checks a layer for Grad-CAM and fills in the default.
func (m *Model) camLayer(name string) (string, error) {
	if name == "" {
		return m.DefaultLayer()
	}
	n, err := m.outline.layer(name)
	if err != nil {
		return "", err
	}
	if leads := leadsTo(m.outline.scores); n.ID() >= len(leads) || !leads[n.ID()] {
		return "", fmt.Errorf("explain: the scores do not depend on layer %q", name)
	}
	return name, nil
}

package explain

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/tensor"
)

// Predicted stands for the most probable class of the picture where a class is asked for.
const Predicted = -1

// A Method is a way to explain a score.
type Method string

// The methods, by the names that Explain takes.
const (
	MethodGradCAM             Method = "gradcam"
	MethodGradCAMPlusPlus     Method = "gradcam++"
	MethodGradient            Method = "gradient"
	MethodGuidedBackprop      Method = "guided-backprop"
	MethodGuidedGradCAM       Method = "guided-gradcam"
	MethodSmoothGrad          Method = "smoothgrad"
	MethodIntegratedGradients Method = "integrated-gradients"
	MethodOcclusion           Method = "occlusion"
)

// Methods returns all methods, the cheapest first.
func Methods() []Method {
	return []Method{
		MethodGradCAM, MethodGradCAMPlusPlus, MethodGradient, MethodGuidedBackprop, MethodGuidedGradCAM,
		MethodIntegratedGradients, MethodSmoothGrad, MethodOcclusion,
	}
}

// TakesLayer reports whether the method works on the output of a layer.
func (m Method) TakesLayer() bool {
	return m == MethodGradCAM || m == MethodGradCAMPlusPlus || m == MethodGuidedGradCAM
}

// An Attribution says how much each place of a picture counts for the score of a class.
type Attribution struct {
	// Method is the one that was used, and Layer the layer that it has worked on, "" for methods
	// that take none.
	Method Method `json:"method"`
	Layer  string `json:"layer,omitempty"`
	// Class is the index of the class that is explained, ClassName its name. Score is its score
	// for the picture, before softmax, and Probability its probability.
	Class       int     `json:"class_index"`
	ClassName   string  `json:"class"`
	Score       float64 `json:"score"`
	Probability float64 `json:"probability"`
	// Values are the attributions: one for each element of the layer's maps, H'×W', for Grad-CAM and
	// Grad-CAM++; one for each element of the input, C×H×W, for all others.
	Values *tensor.Tensor `json:"-"`
	// Delta is the convergence delta of integrated gradients: the sum of Values less the
	// difference of the scores of picture and baseline. It is 0 for other methods.
	Delta float64 `json:"delta,omitempty"`
}

// Signed reports whether the values of Heat may be negative, where a place speaks against the class.
func (a *Attribution) Signed() bool {
	return a.Method == MethodIntegratedGradients || a.Method == MethodOcclusion
}

// Heat returns a map H×W of the attribution, H'×W' for Grad-CAM and Grad-CAM++, whose scale is
// arbitrary. It is
//
//   - the attribution itself for Grad-CAM and Grad-CAM++: at least 0;
//   - the greatest absolute value over the channels for Gradient, GuidedBackprop, GuidedGradCAM and
//     SmoothGrad, as Simonyan et al. draw it;
//   - the sum over the channels for IntegratedGradients, which keeps its sum, and Occlusion, where all
//     channels have the same value and the mean is taken: both may be negative.
func (a *Attribution) Heat() *tensor.Tensor {
	s := a.Values.Shape()
	if len(s) == 2 {
		return a.Values.Clone()
	}
	size := s[1] * s[2]
	heat := tensor.New(s[1], s[2])
	out := heat.Data()
	for c := range s[0] {
		for i, v := range a.Values.Data()[c*size:][:size] {
			switch {
			case a.Method == MethodOcclusion:
				out[i] += v / float32(s[0])
			case a.Signed():
				out[i] += v
			default:
				out[i] = max(out[i], float32(math.Abs(float64(v))))
			}
		}
	}
	return heat
}

// A Request says what Explain is to do. The zero value is Grad-CAM of class 0: set Class to
// Predicted for the most probable class.
type Request struct {
	// Method is the method; "" means MethodGradCAM.
	Method Method
	// Layer names the layer of methods that take one; "" means Model.DefaultLayer. For
	// other methods it must be "".
	Layer string
	// Class is the index of the class, or Predicted.
	Class int
	// Integrated, Smooth and Occlusion are for the methods of these names.
	Integrated IntegratedOptions
	Smooth     SmoothOptions
	Occlusion  OcclusionOptions
}

// Explain explains the score of a class for x, a picture's C×H×W or 1×C×H×W input, with the method of the
// request. Errors are those of the method, and that the method is unknown.
func (m *Model) Explain(ctx context.Context, x *tensor.Tensor, r Request) (*Attribution, error) {
	if r.Method == "" {
		r.Method = MethodGradCAM
	}
	if r.Layer != "" && !r.Method.TakesLayer() && slices.Contains(Methods(), r.Method) {
		return nil, fmt.Errorf("explain: method %s works on the input, not on a layer: %q", r.Method, r.Layer)
	}
	switch r.Method {
	case MethodGradCAM:
		return m.GradCAM(ctx, x, r.Layer, r.Class)
	case MethodGradCAMPlusPlus:
		return m.GradCAMPlusPlus(ctx, x, r.Layer, r.Class)
	case MethodGradient:
		return m.Gradient(ctx, x, r.Class)
	case MethodGuidedBackprop:
		return m.GuidedBackprop(ctx, x, r.Class)
	case MethodGuidedGradCAM:
		return m.GuidedGradCAM(ctx, x, r.Layer, r.Class)
	case MethodSmoothGrad:
		return m.SmoothGrad(ctx, x, r.Class, r.Smooth)
	case MethodIntegratedGradients:
		return m.IntegratedGradients(ctx, x, r.Class, r.Integrated)
	case MethodOcclusion:
		return m.Occlusion(ctx, x, r.Class, r.Occlusion)
	}
	return nil, fmt.Errorf("explain: unknown method %q: there are %v", r.Method, Methods())
}

// Scores returns the score of each class for x, before softmax, and their softmax.
func (m *Model) Scores(ctx context.Context, x *tensor.Tensor) (scores []float32, probabilities []float64, err error) {
	x, err = m.asInput(x)
	if err != nil {
		return nil, nil, err
	}
	results, err := m.run(ctx, key{task: scoring}, x, nil)
	if err != nil {
		return nil, nil, err
	}
	scores = results[0].Data()
	probabilities, err = softmax(scores)
	return scores, probabilities, err
}

// choose resolves Predicted, which takes a pass through the network, and checks a class.
func (m *Model) choose(ctx context.Context, x *tensor.Tensor, class int) (int, error) {
	if class != Predicted {
		if class < 0 || class >= len(m.classes) {
			return 0, fmt.Errorf("explain: class %d: want 0 to %d, or %d for the most probable one", class, len(m.classes)-1, Predicted)
		}
		return class, nil
	}
	scores, _, err := m.Scores(ctx, x)
	if err != nil {
		return 0, err
	}
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return best, nil
}

// oneHot returns weights of the scores of n samples that choose a class.
func (m *Model) oneHot(n, class int) *tensor.Tensor {
	w := tensor.New(n, len(m.classes))
	for i := range n {
		w.Data()[i*len(m.classes)+class] = 1
	}
	return w
}

// attribution makes the result of a method out of the scores of the picture and the values.
func (m *Model) attribution(method Method, layer string, class int, scores []float32, values *tensor.Tensor) (*Attribution, error) {
	p, err := softmax(scores)
	if err != nil {
		return nil, err
	}
	for _, v := range values.Data() {
		if v-v != 0 {
			return nil, fmt.Errorf("explain: %s of class %q gives %v: picture or weights cannot be used", method, m.classes[class], v)
		}
	}
	return &Attribution{
		Method: method, Layer: layer, Class: class, ClassName: m.classes[class],
		Score: float64(scores[class]), Probability: p[class], Values: values,
	}, nil
}

// softmax returns the probabilities of scores, which must be finite.
func softmax(scores []float32) ([]float64, error) {
	for i, s := range scores {
		if s-s != 0 {
			return nil, fmt.Errorf("explain: the network's output %d is %v: picture or weights cannot be used", i, s)
		}
	}
	return metrics.Softmax(scores), nil
}

package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/strideml/stride/tensor"
)

// A BatchTransform mixes the images of a batch with each other, and their
// targets alike. It is a Transform so that it can stand in a Pipeline, but its
// Apply does nothing: Pipeline.Batch returns it.
type BatchTransform interface {
	Transform
	// ApplyBatch changes images, N×C×H×W, and their soft targets, N×K, in place,
	// drawing all that is random from r. Each image is mixed with the one before
	// it, and the first with the last, so the batch should be shuffled.
	ApplyBatch(r *rand.Rand, images, targets *tensor.Tensor)
}

// Batch returns the transform on batches of the pipeline, nil if it has none. If
// there are several, it applies one of them to each batch, drawn evenly.
func (p Pipeline) Batch() BatchTransform {
	var all oneOf
	for _, t := range p.flat() {
		if batch, ok := t.(BatchTransform); ok {
			all = append(all, batch)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// oneOf applies one of several transforms.
type oneOf []BatchTransform

func (o oneOf) Apply(*rand.Rand, []float32, tensor.Shape) {}
func (o oneOf) Check(tensor.Shape) error                  { return nil }

func (o oneOf) String() string {
	var p Pipeline
	for _, t := range o {
		p = append(p, t)
	}
	return p.String()
}

func (o oneOf) ApplyBatch(r *rand.Rand, images, targets *tensor.Tensor) {
	o[r.IntN(len(o))].ApplyBatch(r, images, targets)
}

// MixUp makes each image, and its target, λ of itself and 1−λ of the one before
// it. λ is drawn from the beta distribution with both parameters Alpha, once for
// a batch (Zhang et al., 2018).
type MixUp struct {
	// Alpha is above 0; 0 means the default, 1.
	Alpha float64
}

// Apply does nothing: see BatchTransform.
func (m MixUp) Apply(*rand.Rand, []float32, tensor.Shape) {}

// ApplyBatch implements BatchTransform.
func (m MixUp) ApplyBatch(r *rand.Rand, images, targets *tensor.Tensor) {
	lambda := beta(r, orOne(m.Alpha))
	mix(images, lambda)
	mix(targets, lambda)
}

// Check implements Transform.
func (m MixUp) Check(tensor.Shape) error { return checkAlpha(m.Alpha) }

// String returns "mixup" or "mixup=ALPHA".
func (m MixUp) String() string { return alphaWord("mixup", m.Alpha) }

// CutMix puts a random rectangle of the image before into each image. The targets
// are mixed by area. The rectangle's share of the area, before it is cut off at
// the border, is 1−λ, with λ from the beta distribution with both parameters
// Alpha (Yun et al., 2019).
type CutMix struct {
	// Alpha is above 0; 0 means the default, 1.
	Alpha float64
}

// Apply does nothing: see BatchTransform.
func (m CutMix) Apply(*rand.Rand, []float32, tensor.Shape) {}

// ApplyBatch implements BatchTransform.
func (m CutMix) ApplyBatch(r *rand.Rand, images, targets *tensor.Tensor) {
	lambda := beta(r, orOne(m.Alpha))
	height, width := images.Shape()[2], images.Shape()[3]
	b := cutBox(lambda, r.IntN(width), r.IntN(height), height, width)
	b.paste(images)
	mix(targets, b.kept)
}

// A box is the rectangle of CutMix, from x0 and y0 on and before x1 and y1; kept
// is the share of the area outside of it.
type box struct {
	x0, y0, x1, y1 int
	kept           float64
}

// cutBox returns the rectangle of 1−λ of the area around (x, y), cut off at the
// border.
func cutBox(lambda float64, x, y, height, width int) box {
	half := 0.5 * math.Sqrt(1-lambda)
	halfW, halfH := int(half*float64(width)), int(half*float64(height))
	b := box{max(x-halfW, 0), max(y-halfH, 0), min(x+halfW, width), min(y+halfH, height), 0}
	b.kept = 1 - float64((b.x1-b.x0)*(b.y1-b.y0))/float64(width*height)
	return b
}

// paste copies the box of each image from the image before. The images are done
// from the last to the first, so only the last one's box must be remembered.
func (b box) paste(images *tensor.Tensor) {
	shape, data := images.Shape(), images.Data()
	n, channels, height, width := shape[0], shape[1], shape[2], shape[3]
	size := channels * height * width
	last := slices.Clone(data[(n-1)*size:])
	for i := n - 1; i >= 0; i-- {
		before := last
		if i > 0 {
			before = data[(i-1)*size : i*size]
		}
		image := data[i*size : (i+1)*size]
		for c := range channels {
			for y := b.y0; y < b.y1; y++ {
				row := (c*height + y) * width
				copy(image[row+b.x0:row+b.x1], before[row+b.x0:])
			}
		}
	}
}

// Check implements Transform.
func (m CutMix) Check(tensor.Shape) error { return checkAlpha(m.Alpha) }

// String returns "cutmix" or "cutmix=ALPHA".
func (m CutMix) String() string { return alphaWord("cutmix", m.Alpha) }

// mix makes row i of x, along its first axis, λ·x[i] + (1−λ)·x[i−1].
func mix(x *tensor.Tensor, lambda float64) {
	data, n := x.Data(), x.Shape()[0]
	size := len(data) / n
	own, other := float32(lambda), float32(1-lambda)
	last := slices.Clone(data[(n-1)*size:])
	for i := n - 1; i >= 0; i-- {
		before := last
		if i > 0 {
			before = data[(i-1)*size : i*size]
		}
		row := data[i*size : (i+1)*size]
		for j, v := range row {
			row[j] = float32(before[j]*other) + float32(v*own)
		}
	}
}

// OneHot writes class labels, N, as soft targets, N×K: 1−s of the class itself and
// s spread evenly over all K, s being the smoothing. PyTorch's label_smoothing is
// defined so.
func OneHot(targets, labels *tensor.Tensor, smoothing float32) {
	k := targets.Shape()[1]
	data := targets.Data()
	rest := smoothing / float32(k)
	for i := range data {
		data[i] = rest
	}
	for i, label := range labels.Data() {
		data[i*k+int(label)] = 1 - smoothing + rest
	}
}

func orOne(alpha float64) float64 {
	if alpha == 0 {
		return 1
	}
	return alpha
}

func checkAlpha(alpha float64) error {
	return checkRange("alpha", orOne(alpha), 0.01, 100)
}

func alphaWord(name string, alpha float64) string {
	if orOne(alpha) == 1 {
		return name
	}
	return fmt.Sprintf("%s=%s", name, number(alpha))
}

// beta draws from the beta distribution with both parameters a: the share of a
// gamma variate in the sum of two.
func beta(r *rand.Rand, a float64) float64 {
	x, y := logGamma(r, a), logGamma(r, a)
	return 1 / (1 + math.Exp(y-x))
}

// logGamma draws the logarithm of a gamma variate of shape a and scale 1, with the
// method of Marsaglia and Tsang (2000). It is a logarithm because for small a most
// variates are too small for a float64.
func logGamma(r *rand.Rand, a float64) float64 {
	boost := 0.0
	if a < 1 {
		boost = math.Log(1-r.Float64()) / a // Float64 can be 0, but not 1
		a++
	}
	d := a - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if u := 1 - r.Float64(); math.Log(u) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return math.Log(d*v) + boost
		}
	}
}

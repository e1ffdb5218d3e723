package randgraph

import (
	"fmt"
	"math"

	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// Values returns a tensor of numbers that kind and seed determine:
//
//	normal    standard normal numbers
//	weights   normal numbers of deviation 0.3
//	positive  numbers from ½ to 2
//	digits    whole numbers from −1 to 2, so that there are ties and zeros
//	labels    class indices from 0 to 3
//	step      the number of a training step, for dropout
//	special   normal numbers, some of which are replaced by ±Inf or NaN
func Values(kind string, seed uint64, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	r := rng.New(seed, "randgraph "+kind)
	for i := range x.Data() {
		var v float32
		switch kind {
		case "normal":
			v = float32(r.NormFloat64())
		case "weights":
			v = float32(0.3 * r.NormFloat64())
		case "positive":
			v = 0.5 + 1.5*r.Float32()
		case "digits":
			v = float32(r.IntN(4) - 1)
		case "labels":
			v = float32(r.IntN(4))
		case "step":
			v = float32(r.IntN(1000) * (i % 2))
		case "special":
			v = float32(r.NormFloat64())
			switch r.IntN(24) {
			case 0:
				v = float32(math.Inf(1))
			case 1:
				v = float32(math.Inf(-1))
			case 2:
				v = float32(math.NaN())
			}
		default:
			panic(fmt.Sprintf("randgraph: values of kind %q", kind))
		}
		x.Data()[i] = v
	}
	return x
}

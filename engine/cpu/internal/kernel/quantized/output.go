package quantized

import (
	"math"
	"unsafe"
)

// An Output says how int32 sums become results. With sum the sum of column j, and r the element of
// the residual if there is one, the result is, every operation rounded to float32,
//
//	y = float32(sum) · Scale[j]
//	y = y + float32(r − AddZero) · AddScale            only with a residual
//	y = min(max(y, Low), High)
//	result = Zero + round(y)                           8 bits; round is to the nearest, ties to even
//	result = y                                         float32
//
// so that a multiply-add, which rounds once, is not the same. This is the order of ONNX's QuantizeLinear, which
// adds the zero point after rounding. Quantities with scale s and zero point z are s·(q − z); a convolution
// of an input of scale sx by weights of scale sw[j] has
//
//	Scale[j] = sx·sw[j] / sy      8 bits, output scale sy          AddScale = sr / sy
//	Scale[j] = sx·sw[j]           float32                          AddScale = sr
//
// Low and High are the activation and the range of the type. Of 8 bits they count steps from the zero
// point and are integers, −Zero ≤ Low ≤ High ≤ 255−Zero: [Bounds8] has them. Of float32
// they are numbers, and −∞ and +∞ are no limits. Scales must be finite and so small that no y overflows.
//
// The assembly relies on the order and the types of the fields.
type Output struct {
	Scale    *float32 // of each column; as many readable numbers as Bias
	Low      float32
	High     float32
	AddScale float32 // of the residual
	AddZero  int32   // 0 to 255
	Zero     int32   // 0 to 255; ignored for float32
}

// Bounds8 returns Low and High of an [Output] of 8 bits whose numbers lie in low ≤ y ≤ high: 0 and +∞ are ReLU's, 0 and 6
// ReLU6's, −∞ and +∞ none.
func Bounds8(low, high, scale float32, zero int32) (Low, High float32) {
	least, most := float32(-zero), float32(255-zero)
	clip := func(x float32) float32 { return min(max(roundEven(x/scale), least), most) }
	return clip(low), clip(high)
}

// roundEven rounds to an integer, ties to even.
func roundEven(x float32) float32 { return float32(math.RoundToEven(float64(x))) }

// value is y of the formula, limited. The conversions keep the compiler from joining a product and a sum.
func (o *Output) value(sum int32, scale float32) float32 { return float32(float32(sum) * scale) }

func (o *Output) added(y float32, r uint8) float32 {
	return y + float32(float32(int32(r)-o.AddZero)*o.AddScale)
}

func (o *Output) limited(y float32) float32 { return limited(y, o.Low, o.High) }

// limited returns low for a NaN.
func limited(y, low, high float32) float32 {
	if !(y > low) {
		y = low
	}
	if !(y < high) {
		y = high
	}
	return y
}

// byteOf is the result for y.
func (o *Output) byteOf(y float32) uint8 { return byteOf(y, o.Low, o.High, o.Zero) }

func byteOf(y, low, high float32, zero int32) uint8 {
	return uint8(int32(roundEven(limited(y, low, high))) + zero)
}

// bytes stores 8 bits; add may be nil.
func (o *Output) bytes(dst []uint8, sums []int32, add []uint8) {
	scale := unsafe.Slice(o.Scale, len(dst))
	for j := range dst {
		y := o.value(sums[j], scale[j])
		if add != nil {
			y = o.added(y, add[j])
		}
		dst[j] = o.byteOf(y)
	}
}

// floats stores float32; add may be nil.
func (o *Output) floats(dst []float32, sums []int32, add []uint8) {
	scale := unsafe.Slice(o.Scale, len(dst))
	for j := range dst {
		y := o.value(sums[j], scale[j])
		if add != nil {
			y = o.added(y, add[j])
		}
		dst[j] = o.limited(y)
	}
}

package vec

import "math"

// Pow computes dst = x to the power of exponent, as math.Pow does: NaN where x is
// negative, unless the exponent is whole, and 1 if it is 0, even for NaN. Products,
// roots and reciprocals take the place of the common exponents −2, −1, −1/2, 1/2, 1,
// 2 and 3, with an error of at most 1.5 ulp, others 0.5 ulp. There is assembly for
// the exponents −1 and 2 only.
func Pow(dst, x []float32, exponent float32) {
	x = x[:len(dst)]
	switch exponent {
	case 0:
		Fill(dst, 1)
	case 1:
		copy(dst, x)
	case 2:
		Mul(dst, x, x)
	case -1:
		reciprocal(dst, x)
	case 3:
		for i, v := range x {
			dst[i] = v * v * v
		}
	case -2:
		for i, v := range x {
			dst[i] = float32(1 / (float64(v) * float64(v)))
		}
	case 0.5:
		for i, v := range x {
			dst[i] = squareRoot(v)
		}
	case -0.5:
		for i, v := range x {
			dst[i] = 1 / squareRoot(v)
		}
	default:
		for i, v := range x {
			dst[i] = float32(math.Pow(float64(v), float64(exponent)))
		}
	}
}

// squareRoot is x to the power of 1/2: unlike √x, it is +0 for −0 and +Inf for −Inf.
func squareRoot(x float32) float32 {
	switch {
	case x == 0:
		return 0
	case x == minusInf:
		return -x
	}
	return float32(math.Sqrt(float64(x)))
}

// Power computes a to the power of b, as math.Pow does, with an error of at most
// 0.5 ulp, without assembly.
func Power(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range a {
		dst[i] = float32(math.Pow(float64(v), float64(b[i])))
	}
}

// Mod computes the remainder of a/b with the sign of b, without assembly.
func Mod(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range a {
		r := math.Mod(float64(v), float64(b[i]))
		if r != 0 && (r < 0) != (b[i] < 0) {
			r += float64(b[i])
		}
		dst[i] = float32(r)
	}
}

// FMod computes the remainder of a/b with the sign of a, without assembly.
func FMod(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range a {
		dst[i] = float32(math.Mod(float64(v), float64(b[i])))
	}
}

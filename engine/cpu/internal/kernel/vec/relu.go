package vec

import "github.com/strideml/stride/internal/isa"

// ReLU computes dst = max(0, x); a NaN stays a NaN, as in PyTorch.
func ReLU(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		reluSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

// ReLUGrad computes the gradient of [ReLU] from its output y: dst = dy where
// y > 0 and 0 elsewhere.
func ReLUGrad(dst, y, dy []float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		reluGradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	for i, v := range y {
		g := dy[i]
		if !(v > 0) {
			g = 0
		}
		dst[i] = g
	}
}

// ReLU6 computes dst = min(max(0, x), 6); a NaN stays a NaN, as in PyTorch.
func ReLU6(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		relu6SIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		if v < 0 {
			v = 0
		} else if v > 6 {
			v = 6
		}
		dst[i] = v
	}
}

// ReLU6Grad computes the gradient of [ReLU6] from its output y: dst = dy where
// 0 < y < 6 and 0 elsewhere.
func ReLU6Grad(dst, y, dy []float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		relu6GradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	for i, v := range y {
		g := dy[i]
		if !(v > 0 && v < 6) {
			g = 0
		}
		dst[i] = g
	}
}

// LeakyReLU computes dst = x where x > 0 and slope·x elsewhere.
func LeakyReLU(dst, x []float32, slope float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		leakyReLUSIMD(data(dst), data(x), slope, len(dst))
		return
	}
	for i, v := range x {
		if !(v > 0) {
			v *= slope
		}
		dst[i] = v
	}
}

// LeakyReLUGrad computes the gradient of [LeakyReLU] from its argument x: dst = dy
// where x > 0 and slope·dy elsewhere.
func LeakyReLUGrad(dst, x, dy []float32, slope float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		leakyReLUGradSIMD(data(dst), data(x), data(dy), slope, len(dst))
		return
	}
	for i, v := range x {
		g := dy[i]
		if !(v > 0) {
			g *= slope
		}
		dst[i] = g
	}
}

// HardSigmoid computes dst = min(max(0, x+3), 6)/6 with an error of at most 1 ulp.
func HardSigmoid(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		hardSigmoidSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = hardSigmoid32(v)
	}
}

// HardSigmoidGrad computes the gradient of [HardSigmoid] from its argument x:
// dst = dy/6 where −3 < x < 3 and 0 elsewhere.
func HardSigmoidGrad(dst, x, dy []float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		hardSigmoidGradSIMD(data(dst), data(x), data(dy), len(dst))
		return
	}
	for i, v := range x {
		g := dy[i] / 6
		if !(v > -3 && v < 3) {
			g = 0
		}
		dst[i] = g
	}
}

// HardSwish computes dst = x·min(max(0, x+3), 6)/6 with an error of at most 2 ulp.
// It is NaN for −Inf, as in PyTorch.
func HardSwish(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		hardSwishSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = v * hardSigmoid32(v)
	}
}

// HardSwishGrad computes the gradient of [HardSwish] from its argument x: dst = 0
// where x ≤ −3, dy where x ≥ 3 and dy·(x/3+1/2) elsewhere.
func HardSwishGrad(dst, x, dy []float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		hardSwishGradSIMD(data(dst), data(x), data(dy), len(dst))
		return
	}
	for i, v := range x {
		g := dy[i]
		switch {
		case v <= -3:
			g = 0
		case !(v >= 3):
			g *= float32(v/3) + 0.5
		}
		dst[i] = g
	}
}

// hardSigmoid32 returns min(max(0, x+3), 6)/6.
func hardSigmoid32(x float32) float32 {
	t := x + 3
	if t < 0 {
		t = 0
	} else if t > 6 {
		t = 6
	}
	return t / 6
}

// The assembly.

//go:noescape
func reluSIMD(dst, x *float32, n int)

//go:noescape
func reluGradSIMD(dst, a, b *float32, n int)

//go:noescape
func relu6SIMD(dst, x *float32, n int)

//go:noescape
func relu6GradSIMD(dst, a, b *float32, n int)

//go:noescape
func leakyReLUSIMD(dst, x *float32, slope float32, n int)

//go:noescape
func leakyReLUGradSIMD(dst, x, dy *float32, slope float32, n int)

//go:noescape
func hardSigmoidSIMD(dst, x *float32, n int)

//go:noescape
func hardSigmoidGradSIMD(dst, x, dy *float32, n int)

//go:noescape
func hardSwishSIMD(dst, x *float32, n int)

//go:noescape
func hardSwishGradSIMD(dst, x, dy *float32, n int)

package kernel

// ReLU computes dst = max(0, x); a NaN stays a NaN, as in PyTorch.
func ReLU(dst, x []float32) {
	x = x[:len(dst)]
	if useSIMD {
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
	if useSIMD {
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
	if useSIMD {
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
	if useSIMD {
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

// The assembly.

//go:noescape
func reluSIMD(dst, x *float32, n int)

//go:noescape
func reluGradSIMD(dst, a, b *float32, n int)

//go:noescape
func relu6SIMD(dst, x *float32, n int)

//go:noescape
func relu6GradSIMD(dst, a, b *float32, n int)

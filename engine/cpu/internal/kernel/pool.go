package kernel

// The pooling kernels work on one output row in NHWC: n pixels of c channels.
// The window of output pixel p starts at element p·stride of the input slice, and
// tapOff lists, in row-major order of the window, the distances of its taps from
// there. Windows that hang over the border are called with the taps that lie
// within the image. The caller warrants that all taps lie in the slice.

// SumPoolRow computes dst[p·c+j] = scale·Σ_t src[p·stride+tapOff[t]+j], adding in
// the order of the taps. dst must not overlap src.
func SumPoolRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	sumPoolRow(dst[:n*c], src, tapOff, n, stride, c, scale)
}

// MaxPoolRow computes dst[p·c+j] = max_t src[p·stride+tapOff[t]+j]: NaN if any tap
// is NaN, −Inf if there is no tap. dst must not overlap src.
func MaxPoolRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	maxPoolRow(dst[:n*c], src, tapOff, n, stride, c)
}

// MaxPoolArgmaxTaps is the most taps that [MaxPoolArgmaxRow] takes.
const MaxPoolArgmaxTaps = 256

// MaxPoolArgmaxFast reports whether [MaxPoolArgmaxRow] and [MaxPoolArgmaxGradRow] are as fast
// as the other pooling kernels here.
func MaxPoolArgmaxFast() bool { return maxPoolArgmaxFast }

// MaxPoolArgmaxRow is [MaxPoolRow] and stores the number of the tap that the
// maximum comes from: of the first that has it, as in PyTorch, or 0 if it is NaN or
// all taps are −Inf. There must be at most [MaxPoolArgmaxTaps].
func MaxPoolArgmaxRow(dst []float32, argmax []byte, src []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxRow(dst[:n*c], argmax[:n*c], src, tapOff, n, stride, c)
}

// MaxPoolArgmaxGradRow adds the gradient of [MaxPoolArgmaxRow] to dx: dy[p·c+j] goes to
// the tap argmax[p·c+j]. It may read, but ignores, 7 bytes after the argmax.
// Windows may overlap.
func MaxPoolArgmaxGradRow(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxGradRow(dx, argmax[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// MaxPoolArgmaxGradRowSet is [MaxPoolArgmaxGradRow] for windows that do not overlap: every
// tap of dx is overwritten, with dy or 0.
func MaxPoolArgmaxGradRowSet(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxGradRowSet(dx, argmax[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// MaxPoolGradRow adds the gradient of [MaxPoolRow] to dx: dy[p·c+j] goes to the
// first tap whose x equals the maximum y[p·c+j], as in PyTorch. Where y is NaN it
// goes to the first tap. Windows may overlap.
func MaxPoolGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolGradRow(dx, x, y[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// MaxPoolGradRowSet is [MaxPoolGradRow] for windows that do not overlap: every tap
// of dx is overwritten, with dy or 0.
func MaxPoolGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolGradRowSet(dx, x, y[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// SumPoolGradRow adds the gradient of [SumPoolRow] to dx:
// dx[p·stride+tapOff[t]+j] += scale·dy[p·c+j] for every tap. Windows may overlap.
func SumPoolGradRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	sumPoolGradRow(dx, dy[:n*c], tapOff, n, stride, c, scale)
}

// SumPoolGradRowSet is [SumPoolGradRow] for windows that do not overlap: it
// overwrites the taps of dx.
func SumPoolGradRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	sumPoolGradRowSet(dx, dy[:n*c], tapOff, n, stride, c, scale)
}

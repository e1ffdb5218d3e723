package kernel

// The pooling kernels work on one output row in NHWC: n pixels of c channels.
// The window of output pixel p starts at element p·stride of the input slice, and
// tapOff lists, in row-major order of the window, the distances of its taps from
// there. Windows that hang over the border are called with the taps that lie
// within the image. The caller warrants that all taps lie in the slice.

// PoolSumRow computes dst[p·c+j] = scale·Σ_t src[p·stride+tapOff[t]+j], adding in
// the order of the taps. dst must not overlap src.
func PoolSumRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	poolSumRow(dst[:n*c], src, tapOff, n, stride, c, scale)
}

// PoolMaxRow computes dst[p·c+j] = max_t src[p·stride+tapOff[t]+j]: NaN if any tap
// is NaN, −Inf if there is no tap. dst must not overlap src.
func PoolMaxRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	poolMaxRow(dst[:n*c], src, tapOff, n, stride, c)
}

// PoolPlaceTaps is the most taps that [PoolMaxPlaceRow] takes.
const PoolPlaceTaps = 256

// PoolPlaces reports whether [PoolMaxPlaceRow] and [PoolPlaceGradRow] are as fast
// as the other pooling kernels here.
func PoolPlaces() bool { return poolPlaces }

// PoolMaxPlaceRow is [PoolMaxRow] and stores the number of the tap that the
// maximum comes from: of the first that has it, as in PyTorch, or 0 if it is NaN or
// all taps are −Inf. There must be at most [PoolPlaceTaps].
func PoolMaxPlaceRow(dst []float32, places []byte, src []float32, tapOff []int32, n, stride, c int) {
	poolMaxPlaceRow(dst[:n*c], places[:n*c], src, tapOff, n, stride, c)
}

// PoolPlaceGradRow adds the gradient of [PoolMaxPlaceRow] to dx: dy[p·c+j] goes to
// the tap places[p·c+j]. It may read, but ignores, 7 bytes after the places.
// Windows may overlap.
func PoolPlaceGradRow(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	poolPlaceGradRow(dx, places[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// PoolPlaceGradRowSet is [PoolPlaceGradRow] for windows that do not overlap: every
// tap of dx is overwritten, with dy or 0.
func PoolPlaceGradRowSet(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	poolPlaceGradRowSet(dx, places[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// PoolMaxGradRow adds the gradient of [PoolMaxRow] to dx: dy[p·c+j] goes to the
// first tap whose x equals the maximum y[p·c+j], as in PyTorch. Where y is NaN it
// goes to the first tap. Windows may overlap.
func PoolMaxGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	poolMaxGradRow(dx, x, y[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// PoolMaxGradRowSet is [PoolMaxGradRow] for windows that do not overlap: every tap
// of dx is overwritten, with dy or 0.
func PoolMaxGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	poolMaxGradRowSet(dx, x, y[:n*c], dy[:n*c], tapOff, n, stride, c)
}

// PoolSpreadRow adds the gradient of [PoolSumRow] to dx:
// dx[p·stride+tapOff[t]+j] += scale·dy[p·c+j] for every tap. Windows may overlap.
func PoolSpreadRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	poolSpreadRow(dx, dy[:n*c], tapOff, n, stride, c, scale)
}

// PoolSpreadRowSet is [PoolSpreadRow] for windows that do not overlap: it
// overwrites the taps of dx.
func PoolSpreadRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	poolSpreadRowSet(dx, dy[:n*c], tapOff, n, stride, c, scale)
}

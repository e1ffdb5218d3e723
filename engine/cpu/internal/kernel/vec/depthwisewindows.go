package vec

import "github.com/strideml/stride/internal/isa"

// MaxWindows is how many windows a group of [DepthwiseWindows] has at most.
const MaxWindows = 7

// Windows are groups of neighbouring windows of a depthwise convolution, in one row of the
// output. Distances count float32 elements.
type Windows struct {
	Groups             int // groups, at least 1
	DstGroup, SrcGroup int // from group to group of the output and of the source

	Width, Stride int // columns of a window, and the distance of two windows in columns
	Rows          int // rows of a window that exist in the image
	N             int // windows of a group, 1 to [MaxWindows]
	From, To      int // the columns From ≤ x < To exist, 0 being the first of a group's first window; From ≥ 0

	DstStep         int // from pixel to pixel of the output
	SrcStep, SrcRow int // from pixel to pixel of the source and from row to row
	WStep           int // from weight to weight of a channel

	Bounds *Bounds // limits the results, unless it is nil
}

// HasWindows reports whether [DepthwiseWindows] is fast for windows of this width, this
// many columns apart: faster than [DepthwiseRow], which has the same bits.
func HasWindows(width, stride int) bool {
	return isa.UseAVX512 && (width == 3 || width == 5) && (stride == 1 || stride == 2)
}

// DepthwiseWindows computes, for the windows 0 ≤ p < N of each group and c channels,
//
//	dst[p·DstStep+j] = bias[j] + Σ_y Σ_x src[y·SrcRow+(p·Stride+x−From)·SrcStep+j]·w[(y·Width+x)·WStep+j]
//
// over the rows 0 ≤ y < Rows and those columns 0 ≤ x < Width that exist, adding in this
// order, and limits it. src begins with column From of the first row, and
// both are those of the group. dst must not overlap src. The
// assembly rounds each sum once, the twin twice.
func DepthwiseWindows(dst, src, w, bias []float32, o *Windows, c int) {
	if c <= 0 {
		return
	}
	_ = dst[(o.Groups-1)*o.DstGroup+(o.N-1)*o.DstStep+c-1]
	bias = bias[:c]
	if to := min(o.To, (o.N-1)*o.Stride+o.Width); o.Rows > 0 && o.From < to && HasWindows(o.Width, o.Stride) {
		_, _ = src[(o.Groups-1)*o.SrcGroup+(o.Rows-1)*o.SrcRow+(to-1-o.From)*o.SrcStep+c-1], w[(o.Rows*o.Width-1)*o.WStep+c-1]
		args := windowArgs{
			data(dst), data(src), data(w), data(bias), o.Groups, 4 * o.DstGroup, 4 * o.SrcGroup, o.Rows, o.N,
			4 * o.DstStep, 4 * o.SrcStep, 4 * o.SrcRow, 4 * o.WStep, 1<<to - 1<<o.From, c, o.Bounds,
		}
		switch {
		case o.Width == 3 && o.Stride == 1:
			depthwiseWindows3x1AVX512(&args)
		case o.Width == 3:
			depthwiseWindows3x2AVX512(&args)
		case o.Stride == 1:
			depthwiseWindows5x1AVX512(&args)
		default:
			depthwiseWindows5x2AVX512(&args)
		}
		return
	}
	for g := range o.Groups {
		for p := range o.N {
			d := dst[g*o.DstGroup+p*o.DstStep:][:c]
			copy(d, bias)
			for y := range o.Rows {
				for x := max(0, o.From-p*o.Stride); x < min(o.Width, o.To-p*o.Stride); x++ {
					weights := w[(y*o.Width+x)*o.WStep:][:c]
					for j, v := range src[g*o.SrcGroup+y*o.SrcRow+(p*o.Stride+x-o.From)*o.SrcStep:][:c] {
						d[j] += v * weights[j]
					}
				}
			}
			limit(d, o.Bounds)
		}
	}
}

// windowArgs are the arguments of the assembly, which relies on their order and types.
// Distances are in bytes; bit x of valid is set if column x exists.
type windowArgs struct {
	dst, src, w, bias          *float32
	groups, dstGroup, srcGroup int
	rows, n                    int
	dstStep, srcStep, srcRow   int
	wStep, valid, c            int
	bounds                     *Bounds
}

// The assembly.

//go:noescape
func depthwiseWindows3x1AVX512(args *windowArgs)

//go:noescape
func depthwiseWindows3x2AVX512(args *windowArgs)

//go:noescape
func depthwiseWindows5x1AVX512(args *windowArgs)

//go:noescape
func depthwiseWindows5x2AVX512(args *windowArgs)

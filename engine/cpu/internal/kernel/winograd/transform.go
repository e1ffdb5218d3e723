package winograd

import (
	"unsafe"

	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"
	"github.com/strideml/stride/internal/isa"
)

// A Transform multiplies small square matrices from both sides by a matrix M:
// Y = M·X·Mᵀ, for many channels at once. The transforms of this package are
// those of Winograd's convolutions; see package matrices for M.
type Transform struct {
	from, to int
	matrix   []float32 // to × from
	id       transformID
}

// transformID tells the assembly forms apart.
type transformID int

const (
	input4 transformID = iota
	input5
	input6
	input7
	output4to2
	output5to3
	output6to4
	output6to2
	output7to3
	outputGrad2to4
	outputGrad3to5
	outputGrad4to6
	outputGrad2to6
	outputGrad3to7
	kernel3to4
	kernel3to5
	kernel3to6
	kernel5to6
	kernel5to7
	kernelGrad4to3
	kernelGrad5to3
	kernelGrad6to3
	kernelGrad6to5
	kernelGrad7to5
)

// Transforms are the transforms of the algorithm F(M×M, R×R), which
// has N×N points, N = M+R−1.
type Transforms struct {
	M, R, N    int
	Input      Transform // N×N pixels to points: Bᵀ·d·B
	Kernel     Transform // R×R weights to points: G·g·Gᵀ
	Output     Transform // points to M×M pixels: Aᵀ·p·A; adds the bias and applies ReLU
	OutputGrad Transform // gradient of M×M pixels to points: A·dy·Aᵀ
	KernelGrad Transform // points to the gradient of R×R weights: Gᵀ·p·G
}

// The algorithms that there are.
var (
	F23 = newTransforms(2, 3, input4, kernel3to4, output4to2, outputGrad2to4, kernelGrad4to3)
	F33 = newTransforms(3, 3, input5, kernel3to5, output5to3, outputGrad3to5, kernelGrad5to3)
	F43 = newTransforms(4, 3, input6, kernel3to6, output6to4, outputGrad4to6, kernelGrad6to3)
	F25 = newTransforms(2, 5, input6, kernel5to6, output6to2, outputGrad2to6, kernelGrad6to5)
	F35 = newTransforms(3, 5, input7, kernel5to7, output7to3, outputGrad3to7, kernelGrad7to5)
)

func newTransforms(m, r int, in, k, out, outGrad, kGrad transformID) *Transforms {
	n := m + r - 1
	return &Transforms{
		M: m, R: r, N: n,
		Input:      newTransform(matrices.Input(n), in),
		Kernel:     newTransform(matrices.Kernel(m, r), k),
		Output:     newTransform(matrices.Output(m, r), out),
		OutputGrad: newTransform(matrices.Output(m, r).Transposed(), outGrad),
		KernelGrad: newTransform(matrices.Kernel(m, r).Transposed(), kGrad),
	}
}

// From returns the number of rows and columns of the source.
func (t *Transform) From() int { return t.from }

// To returns the number of rows and columns of the result.
func (t *Transform) To() int { return t.to }

func newTransform(m matrices.Matrix, id transformID) Transform {
	t := Transform{from: m.Cols(), to: m.Rows(), id: id}
	for _, row := range m {
		for _, v := range row {
			t.matrix = append(t.matrix, float32(v))
		}
	}
	return t
}

// TransformArgs describes one call of [Transform.Apply]: element i,j of the
// source has its N channels at Src[i·SrcRow+j·SrcCol:], and that of the result
// at Dst[i·DstRow+j·DstCol:]. Distances count float32 elements and may be
// negative in the source.
//
// The assembly relies on the order and the types of the fields.
type TransformArgs struct {
	Src            *float32
	SrcRow, SrcCol int
	Dst            *float32
	DstRow, DstCol int
	N              int      // channels, a multiple of 8
	Bias           *float32 // output transforms only: N floats that are added, or nil
	ReLU           bool     // output transforms only: max(0, ·) at the end; a NaN stays a NaN
}

// channelLanes are the channels that a transform computes at a time.
const channelLanes = 8

// Apply computes the transform. Source and result must not overlap.
func (t *Transform) Apply(args *TransformArgs) {
	if isa.UseSIMD {
		t.applySIMD(args)
		return
	}
	t.applyGeneric(args)
}

// applyGeneric is the twin of the assembly.
func (t *Transform) applyGeneric(args *TransformArgs) {
	var frame [7 * 7][channelLanes]float32
	for c := 0; c < args.N; c += channelLanes {
		for i := range t.to {
			for j := range t.from {
				var y [channelLanes]float32
				for k, w := range t.matrix[i*t.from:][:t.from] {
					if w != 0 {
						addScaled(&y, w, (*[channelLanes]float32)(unsafe.Pointer(at(args.Src, k*args.SrcRow+j*args.SrcCol+c))))
					}
				}
				frame[i*t.from+j] = y
			}
		}
		for i := range t.to {
			for j := range t.to {
				var y [channelLanes]float32
				for k, w := range t.matrix[j*t.from:][:t.from] {
					if w != 0 {
						addScaled(&y, w, &frame[i*t.from+k])
					}
				}
				t.finish(&y, args, c)
				*(*[channelLanes]float32)(unsafe.Pointer(at(args.Dst, i*args.DstRow+j*args.DstCol+c))) = y
			}
		}
	}
}

// finish adds the bias from channel c on and applies ReLU.
func (t *Transform) finish(y *[channelLanes]float32, args *TransformArgs, c int) {
	for l := range y {
		if args.Bias != nil {
			y[l] += *at(args.Bias, c+l)
		}
		if args.ReLU && y[l] < 0 {
			y[l] = 0
		}
	}
}

func addScaled(y *[channelLanes]float32, w float32, x *[channelLanes]float32) {
	for l := range y {
		y[l] += w * x[l]
	}
}

// at returns the address of the i-th float after p.
func at(p *float32, i int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// applySIMD calls the assembly of the transform.
func (t *Transform) applySIMD(args *TransformArgs) {
	// Spelled out, so that args stays on the caller's stack.
	switch t.id {
	case input4:
		input4to4SIMD(args)
	case input5:
		input5to5SIMD(args)
	case input6:
		input6to6SIMD(args)
	case input7:
		input7to7SIMD(args)
	case output4to2:
		output4to2SIMD(args)
	case output5to3:
		output5to3SIMD(args)
	case output6to4:
		output6to4SIMD(args)
	case output6to2:
		output6to2SIMD(args)
	case output7to3:
		output7to3SIMD(args)
	case outputGrad2to4:
		outputGrad2to4SIMD(args)
	case outputGrad3to5:
		outputGrad3to5SIMD(args)
	case outputGrad4to6:
		outputGrad4to6SIMD(args)
	case outputGrad2to6:
		outputGrad2to6SIMD(args)
	case outputGrad3to7:
		outputGrad3to7SIMD(args)
	case kernel3to4:
		kernel3to4SIMD(args)
	case kernel3to5:
		kernel3to5SIMD(args)
	case kernel3to6:
		kernel3to6SIMD(args)
	case kernel5to6:
		kernel5to6SIMD(args)
	case kernel5to7:
		kernel5to7SIMD(args)
	case kernelGrad4to3:
		kernelGrad4to3SIMD(args)
	case kernelGrad5to3:
		kernelGrad5to3SIMD(args)
	case kernelGrad6to3:
		kernelGrad6to3SIMD(args)
	case kernelGrad6to5:
		kernelGrad6to5SIMD(args)
	case kernelGrad7to5:
		kernelGrad7to5SIMD(args)
	}
}

// The assembly.

//go:noescape
func input4to4SIMD(args *TransformArgs)

//go:noescape
func input5to5SIMD(args *TransformArgs)

//go:noescape
func input6to6SIMD(args *TransformArgs)

//go:noescape
func input7to7SIMD(args *TransformArgs)

//go:noescape
func output4to2SIMD(args *TransformArgs)

//go:noescape
func output5to3SIMD(args *TransformArgs)

//go:noescape
func output6to4SIMD(args *TransformArgs)

//go:noescape
func output6to2SIMD(args *TransformArgs)

//go:noescape
func output7to3SIMD(args *TransformArgs)

//go:noescape
func outputGrad2to4SIMD(args *TransformArgs)

//go:noescape
func outputGrad3to5SIMD(args *TransformArgs)

//go:noescape
func outputGrad4to6SIMD(args *TransformArgs)

//go:noescape
func outputGrad2to6SIMD(args *TransformArgs)

//go:noescape
func outputGrad3to7SIMD(args *TransformArgs)

//go:noescape
func kernel3to4SIMD(args *TransformArgs)

//go:noescape
func kernel3to5SIMD(args *TransformArgs)

//go:noescape
func kernel3to6SIMD(args *TransformArgs)

//go:noescape
func kernel5to6SIMD(args *TransformArgs)

//go:noescape
func kernel5to7SIMD(args *TransformArgs)

//go:noescape
func kernelGrad4to3SIMD(args *TransformArgs)

//go:noescape
func kernelGrad5to3SIMD(args *TransformArgs)

//go:noescape
func kernelGrad6to3SIMD(args *TransformArgs)

//go:noescape
func kernelGrad6to5SIMD(args *TransformArgs)

//go:noescape
func kernelGrad7to5SIMD(args *TransformArgs)

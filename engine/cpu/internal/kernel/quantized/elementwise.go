package quantized

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// The functions of this file work element by element on slices of one length, len(dst); longer inputs are cut,
// shorter ones panic. dst may be the same slice as an input but must not overlap one in any other way.

// Lookup computes dst[i] = table[src[i]]: any function of a quantity, such as an activation, and its conversion to another
// scale and zero point.
func Lookup(dst, src []uint8, table *[256]uint8) {
	src = src[:len(dst)]
	if len(dst) == 0 {
		return
	}
	if isa.UseAVX512VNNI {
		lookupAVX512(&dst[0], &src[0], len(dst), table)
		return
	}
	for i, v := range src {
		dst[i] = table[v]
	}
}

// Sum says how two tensors are added. With a and b elements of them, the result is, every operation rounded to
// float32,
//
//	y = float32(a − ZeroA)·ScaleA + float32(b − ZeroB)·ScaleB
//	result = Zero + round(min(max(y, Low), High))
//
// with Low, High, Zero and round as in [Output], ScaleA = sa/sy and ScaleB = sb/sy.
//
// The assembly relies on the order and the types of the fields.
type Sum struct {
	ScaleA, ScaleB float32
	ZeroA, ZeroB   int32
	Low, High      float32
	Zero           int32
}

// Add computes the sum of a and b; see [Sum].
func Add(dst, a, b []uint8, o *Sum) {
	a, b = a[:len(dst)], b[:len(dst)]
	if len(dst) == 0 {
		return
	}
	if isa.UseAVX512VNNI {
		addAVX512(&dst[0], &a[0], &b[0], len(dst), o)
		return
	}
	done := 0
	if n := len(dst) &^ (narrowBlock - 1); n > 0 && (isa.UseAVX2 || isa.UseDotProd) {
		addSIMD(&dst[0], &a[0], &b[0], n, o)
		done = n
	}
	for i := done; i < len(dst); i++ {
		x, y := float32(int32(a[i])-o.ZeroA), float32(int32(b[i])-o.ZeroB)
		dst[i] = byteOf(float32(x*o.ScaleA)+float32(y*o.ScaleB), o.Low, o.High, o.Zero)
	}
}

// Quantization says how numbers become 8 bits:
//
//	result = Zero + round(min(max(x / Scale, Low), High))
//
// with Low, High, Zero and round as in [Output]. A NaN becomes Low. It is ONNX's QuantizeLinear.
//
// The assembly relies on the order and the types of the fields.
type Quantization struct {
	Scale     float32
	Low, High float32
	Zero      int32
}

// Quantize makes 8 bits of numbers; see [Quantization].
func Quantize(dst []uint8, src []float32, o *Quantization) {
	src = src[:len(dst)]
	if len(dst) == 0 {
		return
	}
	if isa.UseAVX512VNNI {
		quantizeAVX512(&dst[0], &src[0], len(dst), o)
		return
	}
	done := 0
	if n := len(dst) &^ (narrowBlock - 1); n > 0 && (isa.UseAVX2 || isa.UseDotProd) {
		quantizeSIMD(&dst[0], &src[0], n, o)
		done = n
	}
	for i := done; i < len(dst); i++ {
		dst[i] = byteOf(src[i]/o.Scale, o.Low, o.High, o.Zero)
	}
}

// Dequantize computes dst[i] = float32(src[i] − zero)·scale.
func Dequantize(dst []float32, src []uint8, scale float32, zero int32) {
	src = src[:len(dst)]
	if len(dst) == 0 {
		return
	}
	if isa.UseAVX512VNNI {
		dequantizeAVX512(&dst[0], &src[0], len(dst), scale, zero)
		return
	}
	done := 0
	if n := len(dst) &^ (narrowBlock - 1); n > 0 && (isa.UseAVX2 || isa.UseDotProd) {
		dequantizeSIMD(&dst[0], &src[0], n, scale, zero)
		done = n
	}
	for i := done; i < len(dst); i++ {
		dst[i] = float32(int32(src[i])-zero) * scale
	}
}

// data returns the address of a slice's first element.
func data[T any](x []T) *T { return unsafe.SliceData(x) }

// narrowBlock is the number of elements that the kernels with SIMD compute at a time: they get a multiple of it.
const narrowBlock = 16

// The assembly.

//go:noescape
func addSIMD(dst, a, b *uint8, n int, o *Sum)

//go:noescape
func quantizeSIMD(dst *uint8, src *float32, n int, o *Quantization)

//go:noescape
func dequantizeSIMD(dst *float32, src *uint8, n int, scale float32, zero int32)

//go:noescape
func lookupAVX512(dst, src *uint8, n int, table *[256]uint8)

//go:noescape
func addAVX512(dst, a, b *uint8, n int, o *Sum)

//go:noescape
func quantizeAVX512(dst *uint8, src *float32, n int, o *Quantization)

//go:noescape
func dequantizeAVX512(dst *float32, src *uint8, n int, scale float32, zero int32)

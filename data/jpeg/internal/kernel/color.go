package kernel

import "github.com/strideml/stride/internal/isa"

// Numbers with 16 fractional bits.
const (
	fix034414 = 22554
	fix071414 = 46802
	fix14020  = 91881
	fix17720  = 116130
)

// YCbCrToRGB converts rows of equal length, len(y). Those of the result must not overlap
// the others.
func YCbCrToRGB(r, g, b, y, cb, cr []uint8) {
	n := len(y)
	r, g, b, cb, cr = r[:n], g[:n], b[:n], cb[:n], cr[:n]
	if isa.UseSIMD && n >= lanes {
		toRGBSIMD(&r[0], &g[0], &b[0], &y[0], &cb[0], &cr[0], n)
		return
	}
	for i, level := range y {
		u, v := &fromCb[cb[i]], &fromCr[cr[i]]
		r[i], g[i], b[i] = limit(int32(level)+v.whole), limit(int32(level)+(u.green+v.green)>>16), limit(int32(level)+u.whole)
	}
}

// YCbCrToRGBA converts rows of length len(y) to interleaved red, green, blue and alpha,
// 4·len(y) bytes; alpha is 255.
func YCbCrToRGBA(dst, y, cb, cr []uint8) {
	n := len(y)
	dst, cb, cr = dst[:4*n], cb[:n], cr[:n]
	if isa.UseSIMD && n >= lanes {
		toRGBASIMD(&dst[0], &y[0], &cb[0], &cr[0], n)
		return
	}
	for i, level := range y {
		u, v, pixel := &fromCb[cb[i]], &fromCr[cr[i]], (*[4]uint8)(dst[4*i:])
		pixel[0], pixel[1], pixel[2] = limit(int32(level)+v.whole), limit(int32(level)+(u.green+v.green)>>16), limit(int32(level)+u.whole)
		pixel[3] = 255
	}
}

// A share is what a sample of chroma adds to colours.
type share struct {
	whole int32 // to red (Cr) or blue (Cb)
	green int32 // to green, with 16 fractional bits; half is added in Cb's
}

var fromCb, fromCr = shares()

func shares() (cb, cr [256]share) {
	const half = 1 << 15
	for i := range cb {
		v := int32(i) - 128
		cb[i] = share{(fix17720*v + half) >> 16, half - fix034414*v}
		cr[i] = share{(fix14020*v + half) >> 16, -fix071414 * v}
	}
	return cb, cr
}

// limit limits x to 0 … 255.
func limit(x int32) uint8 {
	if uint32(x) > 255 {
		return uint8(^(x >> 31)) // 0 if x is negative
	}
	return uint8(x)
}

// Invert replaces each level v by 255−v. That turns YCCK that [YCbCrToRGB] has converted
// into the CMY that libjpeg makes of it, and the inverted CMYK of Adobe's programs into
// CMYK.
func Invert(levels []uint8) {
	for i, v := range levels {
		levels[i] = 255 - v
	}
}

// CMYKToRGB converts rows of equal length, len(k), as Pillow does: red is
// (255−C)·(255−K)/255 with C·(255−K)/255 rounded. A level of 255 is full ink. The rows of
// the result may be those of c, m and y.
func CMYKToRGB(r, g, b, c, m, y, k []uint8) {
	n := len(k)
	r, g, b, c, m, y = r[:n], g[:n], b[:n], c[:n], m[:n], y[:n]
	for i := range k {
		light := 255 - uint32(k[i])
		r[i], g[i], b[i] = uint8(light-absorbed(c[i], light)), uint8(light-absorbed(m[i], light)), uint8(light-absorbed(y[i], light))
	}
}

// absorbed is ink·light/255, rounded.
func absorbed(ink uint8, light uint32) uint32 {
	v := uint32(ink)*light + 128
	return (v>>8 + v) >> 8
}

//go:noescape
func toRGBSIMD(red, green, blue, y, cb, cr *uint8, n int)

//go:noescape
func toRGBASIMD(dst, y, cb, cr *uint8, n int)

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
	for i := range y {
		r[i], g[i], b[i] = rgb(y[i], cb[i], cr[i])
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
	for i := range y {
		pixel := (*[4]uint8)(dst[4*i:])
		pixel[0], pixel[1], pixel[2] = rgb(y[i], cb[i], cr[i])
		pixel[3] = 255
	}
}

// rgb converts a pixel. libjpeg's tables hold the rounded products for red and blue, and
// the sum for green is rounded.
func rgb(y, cb, cr uint8) (r, g, b uint8) {
	const half = 1 << 15
	level, u, v := int32(y), int32(cb)-128, int32(cr)-128
	return limit(level + (fix14020*v+half)>>16),
		limit(level + (half-fix034414*u-fix071414*v)>>16),
		limit(level + (fix17720*u+half)>>16)
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
		r[i], g[i], b[i] = uint8(light-share(c[i], light)), uint8(light-share(m[i], light)), uint8(light-share(y[i], light))
	}
}

// share is ink·light/255, rounded.
func share(ink uint8, light uint32) uint32 {
	v := uint32(ink)*light + 128
	return (v>>8 + v) >> 8
}

//go:noescape
func toRGBSIMD(red, green, blue, y, cb, cr *uint8, n int)

//go:noescape
func toRGBASIMD(dst, y, cb, cr *uint8, n int)

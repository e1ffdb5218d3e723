package kernel

import "github.com/strideml/stride/internal/isa"

// lanes is the least number of bytes, or pixels of [Split], that assembly takes.
const lanes = 32

// Undo undoes the filter of a row: it makes dst the bytes of src, the filtered row, with
// above, the row above, which is zero at the top. A pixel has size bytes, 1 where it has
// less than a byte. The rows have equal lengths and do not overlap. It is false if there is no
// such filter.
func Undo(filter uint8, dst, src, above []uint8, size int) bool {
	switch filter {
	case 0:
		copy(dst, src)
	case 1:
		Sub(dst, src, size)
	case 2:
		Up(dst, src, above)
	case 3:
		Average(dst, src, above, size)
	case 4:
		Paeth(dst, src, above, size)
	default:
		return false
	}
	return true
}

// Sub adds the pixel to the left.
func Sub(dst, src []uint8, size int) {
	n := len(src)
	dst = dst[:n]
	done := 0
	if isa.UseSIMD && n >= lanes {
		switch size {
		case 3:
			done = n/3*3 - 3 // a pixel is stored with a byte more
			sub3SIMD(&dst[0], &src[0], done)
		case 4:
			done = n &^ 3
			sub4SIMD(&dst[0], &src[0], done)
		}
	}
	if done == 0 {
		done = copy(dst[:min(size, n)], src)
	}
	for i := done; i < n; i++ {
		dst[i] = src[i] + dst[i-size]
	}
}

// Up adds the pixel above.
func Up(dst, src, above []uint8) {
	n := len(src)
	dst, above = dst[:n], above[:n]
	if isa.UseSIMD && n >= lanes {
		upSIMD(&dst[0], &src[0], &above[0], n)
		return
	}
	for i, x := range src {
		dst[i] = x + above[i]
	}
}

// Average adds the mean of the pixels to the left and above, rounded down.
func Average(dst, src, above []uint8, size int) {
	n := len(src)
	dst, above = dst[:n], above[:n]
	done := 0
	if isa.UseSIMD && n >= lanes {
		switch size {
		case 3:
			done = n/3*3 - 3
			average3SIMD(&dst[0], &src[0], &above[0], done)
		case 4:
			done = n &^ 3
			average4SIMD(&dst[0], &src[0], &above[0], done)
		}
	}
	if done == 0 {
		for done = 0; done < min(size, n); done++ {
			dst[done] = src[done] + above[done]/2
		}
	}
	for i := done; i < n; i++ {
		dst[i] = src[i] + uint8((uint(dst[i-size])+uint(above[i]))/2)
	}
}

// Paeth adds that of the pixels to the left, above, and to the left of that above, which is
// closest to what they predict.
func Paeth(dst, src, above []uint8, size int) {
	n := len(src)
	dst, above = dst[:n], above[:n]
	done := 0
	if isa.UseSIMD && n >= lanes {
		switch size {
		case 3:
			done = n/3*3 - 3
			paeth3SIMD(&dst[0], &src[0], &above[0], done)
		case 4:
			done = n &^ 3
			paeth4SIMD(&dst[0], &src[0], &above[0], done)
		}
	}
	if done == 0 {
		for done = 0; done < min(size, n); done++ {
			dst[done] = src[done] + above[done]
		}
	}
	if size == 3 && n-done >= 3 {
		done = paeth3(dst, src, above, done)
	}
	for i := done; i < n; i++ {
		dst[i] = src[i] + predicted(int32(dst[i-size]), int32(above[i]), int32(above[i-size]))
	}
}

// paeth3 is the loop of Paeth for pixels of three bytes, from byte i on: a processor
// computes the three chains side by side. It returns where it ended.
func paeth3(dst, src, above []uint8, i int) int {
	a0, a1, a2 := int32(dst[i-3]), int32(dst[i-2]), int32(dst[i-1])
	c0, c1, c2 := int32(above[i-3]), int32(above[i-2]), int32(above[i-1])
	for ; i+3 <= len(src); i += 3 {
		x, up, out := (*[3]uint8)(src[i:]), (*[3]uint8)(above[i:]), (*[3]uint8)(dst[i:])
		b0, b1, b2 := int32(up[0]), int32(up[1]), int32(up[2])
		out[0], out[1], out[2] = x[0]+predicted(a0, b0, c0), x[1]+predicted(a1, b1, c1), x[2]+predicted(a2, b2, c2)
		a0, a1, a2, c0, c1, c2 = int32(out[0]), int32(out[1]), int32(out[2]), b0, b1, b2
	}
	return i
}

// predicted is Paeth's predictor, of the values to the left, above, and above to the left.
func predicted(a, b, c int32) uint8 {
	t, low, high := 3*c-a-b, min(a, b), max(a, b)
	if t >= high {
		c = low
	}
	if t <= low {
		c = high
	}
	return uint8(c)
}

// Split separates pixels of red, green and blue: src has three bytes for each of the
// len(red) pixels. The rows of the result must not overlap src.
func Split(red, green, blue, src []uint8) {
	n := len(red)
	green, blue, src = green[:n], blue[:n], src[:3*n]
	if isa.UseSIMD && n >= lanes {
		splitSIMD(&red[0], &green[0], &blue[0], &src[0], n)
		return
	}
	for i := range red {
		p := (*[3]uint8)(src[3*i:])
		red[i], green[i], blue[i] = p[0], p[1], p[2]
	}
}

// Of the assembly functions, n is the number of bytes, whole pixels. Those for pixels of
// three bytes read and write a byte more, with an undefined value.

//go:noescape
func upSIMD(dst, src, above *uint8, n int)

//go:noescape
func sub3SIMD(dst, src *uint8, n int)

//go:noescape
func sub4SIMD(dst, src *uint8, n int)

//go:noescape
func average3SIMD(dst, src, above *uint8, n int)

//go:noescape
func average4SIMD(dst, src, above *uint8, n int)

//go:noescape
func paeth3SIMD(dst, src, above *uint8, n int)

//go:noescape
func paeth4SIMD(dst, src, above *uint8, n int)

//go:noescape
func splitSIMD(red, green, blue, src *uint8, n int)

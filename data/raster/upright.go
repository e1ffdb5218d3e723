package raster

import "encoding/binary"

// An Orientation is EXIF's: how a stored picture must be turned to stand upright. 1
// is upright; 2 to 4 are mirrored left to right, turned by 180° and mirrored top to
// bottom; 5 to 8 also swap rows and columns: transposed, turned by 90° clockwise,
// transposed the other way, turned by 90° anticlockwise. All other numbers count as 1.
type Orientation int

// Swaps says whether rows become columns.
func (o Orientation) Swaps() bool { return o >= 5 && o <= 8 }

// Upright makes dst src as it stands upright: Pillow's ImageOps.exif_transpose.
func Upright(dst, src *Raster, o Orientation) {
	h, w := src.Height, src.Width
	if o.Swaps() {
		dst.Reset(src.Channels, w, h)
	} else {
		dst.Reset(src.Channels, h, w)
	}
	for channel := range src.Channels {
		to, from := dst.Plane(channel), src.Plane(channel)
		switch o {
		case 2:
			for y := range h {
				reverse(to[y*w:][:w], from[y*w:][:w])
			}
		case 3:
			reverse(to, from)
		case 4:
			for y := range h {
				copy(to[y*w:][:w], from[(h-1-y)*w:])
			}
		case 5, 6, 7, 8:
			transpose(to, from, h, w, o == 6 || o == 7, o == 7 || o == 8)
		default:
			copy(to, from)
		}
	}
}

// reverse makes dst the values of src from the last to the first.
func reverse(dst, src []uint8) {
	for len(dst) >= 8 {
		binary.BigEndian.PutUint64(dst, binary.LittleEndian.Uint64(src[len(src)-8:]))
		dst, src = dst[8:], src[:len(src)-8]
	}
	for i := range dst {
		dst[i] = src[len(src)-1-i]
	}
}

// transpose makes rows of h values from the columns of h rows of w. With across the
// new rows are mirrored left to right, with down the new columns top to bottom.
func transpose(dst, src []uint8, h, w int, across, down bool) {
	// place is where the stored pixel x, y belongs.
	place := func(x, y int) int {
		if across {
			y = h - 1 - y
		}
		if down {
			x = w - 1 - x
		}
		return x*h + y
	}
	// Blocks of 8×8 are transposed in registers, in the order in which they fill
	// whole cache lines of dst.
	const strip = 64
	wide, high := w&^7, h&^7
	for top := 0; top < high; top += strip {
		bottom := min(top+strip, high)
		for x := 0; x < wide; x += 8 {
			for y := top; y < bottom; y += 8 {
				var block [8]uint64
				first := y // the row that becomes the leftmost column
				if across {
					first = y + 7
					for i := range block {
						block[i] = binary.LittleEndian.Uint64(src[(y+7-i)*w+x:])
					}
				} else {
					for i := range block {
						block[i] = binary.LittleEndian.Uint64(src[(y+i)*w+x:])
					}
				}
				transpose8(&block)
				for i, values := range block {
					binary.LittleEndian.PutUint64(dst[place(x+i, first):], values)
				}
			}
		}
		for y := top; y < bottom; y++ {
			for x := wide; x < w; x++ {
				dst[place(x, y)] = src[y*w+x]
			}
		}
	}
	for y := high; y < h; y++ {
		for x, v := range src[y*w:][:w] {
			dst[place(x, y)] = v
		}
	}
}

// transpose8 transposes a matrix of 8×8 bytes, of which each number has a row, the
// first byte lowest: by halves, quarters and single bytes.
func transpose8(m *[8]uint64) {
	for i := range 4 {
		swap := (m[i]>>32 ^ m[i+4]) & 0x00000000ffffffff
		m[i], m[i+4] = m[i]^swap<<32, m[i+4]^swap
	}
	for _, i := range [4]int{0, 1, 4, 5} {
		swap := (m[i]>>16 ^ m[i+2]) & 0x0000ffff0000ffff
		m[i], m[i+2] = m[i]^swap<<16, m[i+2]^swap
	}
	for i := 0; i < 8; i += 2 {
		swap := (m[i]>>8 ^ m[i+1]) & 0x00ff00ff00ff00ff
		m[i], m[i+1] = m[i]^swap<<8, m[i+1]^swap
	}
}

package png

import (
	"github.com/strideml/stride/data/png/internal/kernel"
	"github.com/strideml/stride/data/raster"
)

// A span is a part of a row of the picture: n pixels from x on, step apart.
type span struct{ y, x, step, n int }

// output is what a picture is decoded to: planes, or, where rgba is not nil, red, green, blue
// and alpha of each pixel.
type output struct {
	width, channels int
	planes          [3][]uint8
	rgba            []uint8
}

// put stores a row as it is in the file, without its filter.
func (d *Decoder) put(row []uint8, at span) {
	i := d.info
	if i.ColorType == TypeRGB && i.BitDepth == 8 && !d.keyed && at.step == 1 && d.out.channels == 3 {
		first := at.y*d.out.width + at.x
		p := &d.out.planes
		kernel.Split(p[0][first:][:at.n], p[1][first:][:at.n], p[2][first:][:at.n], row)
		return
	}
	switch {
	case d.isGrey():
		d.out.grey(d.levels(row, at.n), at)
	case i.ColorType == TypeRGBA && i.BitDepth == 8:
		d.out.color(row, at)
	default:
		d.expanded = grow(d.expanded, 4*at.n)
		d.expand(d.expanded, row)
		d.out.color(d.expanded, at)
	}
}

// levels returns a row of grey, or of indices, of less than 8 bits or of 16 as bytes:
// grey from 0 to 255.
func (d *Decoder) levels(row []uint8, n int) []uint8 {
	depth := d.info.BitDepth
	if depth == 8 {
		return row
	}
	d.expanded = grow(d.expanded, n)
	out := d.expanded
	if depth == 16 {
		for i := range out {
			out[i] = row[2*i]
		}
		return out
	}
	factor := uint8(255 / (1<<depth - 1))
	for i := range out {
		out[i] = bitsAt(row, i, depth) * factor
	}
	return out
}

// bitsAt returns sample i of depth bits, fewer than 8.
func bitsAt(row []uint8, i, depth int) uint8 {
	bit := i * depth
	return row[bit>>3] << (bit & 7) >> (8 - depth)
}

// expand makes dst red, green, blue and alpha of each pixel.
func (d *Decoder) expand(dst, row []uint8) {
	key, deep := d.transparent, d.info.BitDepth == 16
	switch d.info.ColorType {
	case TypePalette:
		d.expandPalette(dst, row)
	case TypeGray: // with a transparent level
		d.expandKeyedGrey(dst, row)
	case TypeGrayAlpha:
		size := d.bits() / 8
		for len(dst) >= 4 {
			dst[0], dst[1], dst[2], dst[3] = row[0], row[0], row[0], row[size/2]
			dst, row = dst[4:], row[size:]
		}
	case TypeRGB:
		for len(dst) >= 4 {
			var is bool
			if deep {
				is = be16(row) == key[0] && be16(row[2:]) == key[1] && be16(row[4:]) == key[2]
				dst[0], dst[1], dst[2] = row[0], row[2], row[4]
				row = row[6:]
			} else {
				is = uint16(row[0]) == key[0] && uint16(row[1]) == key[1] && uint16(row[2]) == key[2]
				dst[0], dst[1], dst[2] = row[0], row[1], row[2]
				row = row[3:]
			}
			dst[3] = 255
			if is && d.keyed {
				dst[3] = 0
			}
			dst = dst[4:]
		}
	case TypeRGBA: // of 16 bits
		for i := range dst {
			dst[i] = row[2*i]
		}
	}
}

func (d *Decoder) expandPalette(dst, row []uint8) {
	depth := d.info.BitDepth
	if depth == 8 {
		for i, index := range row {
			*(*[4]uint8)(dst[4*i:]) = d.palette[index]
		}
		return
	}
	for i := range len(dst) / 4 {
		*(*[4]uint8)(dst[4*i:]) = d.palette[bitsAt(row, i, depth)]
	}
}

func (d *Decoder) expandKeyedGrey(dst, row []uint8) {
	depth := d.info.BitDepth
	for i := range len(dst) / 4 {
		var level uint8
		var is bool
		switch depth {
		case 16:
			level, is = row[2*i], be16(row[2*i:]) == d.transparent[0]
		case 8:
			level, is = row[i], uint16(row[i]) == d.transparent[0]
		default:
			v := bitsAt(row, i, depth)
			level, is = v*uint8(255/(1<<depth-1)), uint16(v) == d.transparent[0]
		}
		alpha := uint8(255)
		if is {
			alpha = 0
		}
		*(*[4]uint8)(dst[4*i:]) = [4]uint8{level, level, level, alpha}
	}
}

// grey stores a row of grey levels.
func (o *output) grey(row []uint8, at span) {
	for _, plane := range o.planes[:o.channels] {
		plane = plane[at.y*o.width+at.x:]
		if at.step == 1 {
			copy(plane, row[:at.n])
			continue
		}
		for i, level := range row[:at.n] {
			plane[i*at.step] = level
		}
	}
}

// color stores a row of red, green, blue and alpha.
func (o *output) color(row []uint8, at span) {
	first := at.y*o.width + at.x
	switch {
	case o.rgba != nil && at.step == 1:
		copy(o.rgba[4*first:], row[:4*at.n])
	case o.rgba != nil:
		for i := range at.n {
			copy(o.rgba[4*(first+i*at.step):][:4], row[4*i:])
		}
	case o.channels == 1:
		plane := o.planes[0][first:]
		for i := range at.n {
			p := (*[4]uint8)(row[4*i:])
			plane[i*at.step] = raster.Luma(onWhite(p[0], p[3]), onWhite(p[1], p[3]), onWhite(p[2], p[3]))
		}
	default:
		red, green, blue := o.planes[0][first:], o.planes[1][first:], o.planes[2][first:]
		for i := range at.n {
			p := (*[4]uint8)(row[4*i:])
			to := i * at.step
			red[to], green[to], blue[to] = onWhite(p[0], p[3]), onWhite(p[1], p[3]), onWhite(p[2], p[3])
		}
	}
}

// onWhite is a value on white, as package image/draw rounds it.
func onWhite(v, alpha uint8) uint8 {
	if alpha == 255 {
		return v
	}
	a := 257 * uint32(alpha)
	return uint8((65535 - a + uint32(v)*a/255) >> 8)
}

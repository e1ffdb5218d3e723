package jpeg

import (
	"github.com/strideml/stride/data/jpeg/internal/kernel"
	"github.com/strideml/stride/data/raster"
)

// guessColorSpace finds out what the components are. No file says so; this is what
// libjpeg believes.
func (d *Decoder) guessColorSpace() {
	switch len(d.components) {
	case 1:
		d.space = SpaceGray
	case 3:
		ids := [3]uint8{d.components[0].id, d.components[1].id, d.components[2].id}
		d.space = SpaceYCbCr
		if !d.jfif && (d.adobe == 0 || d.adobe < 0 && ids == [3]uint8{'R', 'G', 'B'}) {
			d.space = SpaceRGB
		}
	case 4:
		d.space = SpaceCMYK
		if d.adobe > 0 {
			d.space = SpaceYCCK
		}
	}
}

// convert writes row y of the output, of which planes are the components.
func (d *Decoder) convert(y int, planes *[4][]uint8) {
	o := &d.out
	from, to := y*d.outWidth, (y+1)*d.outWidth
	switch {
	case o.rgba != nil:
		d.convertRGBA(o.rgba[4*from:4*to], planes)
	case o.channels == 3:
		d.convertRGB(o.planes[0][from:to], o.planes[1][from:to], o.planes[2][from:to], planes)
	case d.space == SpaceGray || d.space == SpaceYCbCr && d.options.Color == Luma:
		copy(o.planes[0][from:to], planes[0])
	default:
		r, g, b := o.rgb[0], o.rgb[1], o.rgb[2]
		d.convertRGB(r, g, b, planes)
		luma(o.planes[0][from:to], r, g, b)
	}
}

// convertRGB makes rows of red, green and blue.
func (d *Decoder) convertRGB(r, g, b []uint8, planes *[4][]uint8) {
	switch d.space {
	case SpaceGray:
		copy(r, planes[0])
		copy(g, planes[0])
		copy(b, planes[0])
	case SpaceRGB:
		copy(r, planes[0])
		copy(g, planes[1])
		copy(b, planes[2])
	case SpaceYCbCr:
		kernel.YCbCrToRGB(r, g, b, planes[0], planes[1], planes[2])
	case SpaceYCCK:
		// libjpeg's C is 255 − R, and so on. Pillow inverts all four, as Adobe's programs
		// do, which makes it R again.
		kernel.YCbCrToRGB(r, g, b, planes[0], planes[1], planes[2])
		d.inks(r, g, b, planes[3])
	case SpaceCMYK:
		copy(r, planes[0])
		copy(g, planes[1])
		copy(b, planes[2])
		kernel.Invert(r)
		kernel.Invert(g)
		kernel.Invert(b)
		d.inks(r, g, b, planes[3])
	}
}

// inks turns rows of cyan, magenta and yellow into red, green and blue. black is as
// it is stored: inverted.
func (d *Decoder) inks(c, m, y, black []uint8) {
	k := d.out.black
	copy(k, black)
	kernel.Invert(k)
	kernel.CMYKToRGB(c, m, y, c, m, y, k)
}

// convertRGBA makes a row of interleaved red, green, blue and alpha.
func (d *Decoder) convertRGBA(dst []uint8, planes *[4][]uint8) {
	if d.space == SpaceYCbCr {
		kernel.YCbCrToRGBA(dst, planes[0], planes[1], planes[2])
		return
	}
	r, g, b := d.out.rgb[0], d.out.rgb[1], d.out.rgb[2]
	d.convertRGB(r, g, b, planes)
	for i := range r {
		dst[4*i], dst[4*i+1], dst[4*i+2], dst[4*i+3] = r[i], g[i], b[i], 255
	}
}

// luma makes a row grey.
func luma(dst, r, g, b []uint8) {
	r, g, b = r[:len(dst)], g[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = raster.Luma(r[i], g[i], b[i])
	}
}

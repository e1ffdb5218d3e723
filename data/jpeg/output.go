package jpeg

import (
	"fmt"

	"github.com/strideml/stride/data/jpeg/internal/kernel"
)

// An output is where pixels go, and the memory that making them takes.
type output struct {
	channels int
	planes   [3][]uint8 // of a raster, or
	rgba     []uint8    // interleaved

	groups  int        // row groups written so far
	context bool       // an upsampling needs the rows above and below
	rows    [4][]uint8 // upsampled rows of the components
	rgb     [3][]uint8
	black   []uint8
}

// samples are some rows of a component: those of a row of MCUs, and before them the
// last ones of the row of MCUs above, which are still needed.
type samples struct {
	rows           []uint8
	stride, before int
	group          int // rows of a row group
	first          int // the row of the component that is the first one after before
	upsample       upsampling
	across, down   int // the factors by which rows are made longer, and more
}

// A row group is what becomes maxV rows of the output: up to maxV rows of each
// component. upsampling is how they are made more.
type upsampling uint8

const (
	fullSize  upsampling = iota // nothing to do
	replicate                   // each sample becomes a box of samples
	fancyH2V1                   // libjpeg's triangle filters
	fancyH1V2
	fancyH2V2
)

// startOutput chooses how samples become pixels, and provides the memory. The rules
// are libjpeg's: triangle filters for ratios of 2, boxes for all other whole
// ratios, no others.
func (d *Decoder) startOutput() error {
	o := &d.out
	o.channels = 3
	if d.options.Color == Gray || d.options.Color == Luma || d.options.Color == Stored && d.space == SpaceGray {
		o.channels = 1
	}
	o.groups, o.context = 0, false
	for i := range d.components {
		c := &d.components[i]
		c.needed = i == 0 || d.space != SpaceYCbCr || d.options.Color != Luma
		if !c.needed {
			continue
		}
		s := &c.samples
		wide := c.h * c.dctSize / d.dctSize
		s.group = c.v * c.dctSize / d.dctSize
		if d.maxH%wide != 0 || d.maxV%s.group != 0 {
			return UnsupportedError(fmt.Sprintf("sampling of component %d at %d/%d×%d/%d", i+1, c.h, d.maxH, c.v, d.maxV))
		}
		s.across, s.down = d.maxH/wide, d.maxV/s.group
		s.upsample = replicate
		switch fancy := d.dctSize > 1; {
		case s.across == 1 && s.down == 1:
			s.upsample = fullSize
		case !fancy:
		case s.across == 2 && s.down == 1 && c.width > 2:
			s.upsample = fancyH2V1
		case s.across == 1 && s.down == 2:
			s.upsample = fancyH1V2
		case s.across == 2 && s.down == 2 && c.width > 2:
			s.upsample = fancyH2V2
		}
		o.context = o.context || s.upsample == fancyH1V2 || s.upsample == fancyH2V2
	}
	for i := range d.components {
		if c := &d.components[i]; c.needed {
			s := &c.samples
			s.before = 0
			if o.context {
				s.before = s.group + 1
			}
			s.stride = c.blocksWide * c.dctSize
			s.rows = grow(s.rows, (s.before+c.v*c.dctSize)*s.stride)
			s.first = 0
			o.rows[i] = grow(o.rows[i], c.width*s.across)
		}
	}
	for i := range o.rgb {
		o.rgb[i] = grow(o.rgb[i], d.outWidth)
	}
	o.black = grow(o.black, d.outWidth)
	return nil
}

// emit writes the pixels for which there are samples after a row of MCUs.
func (d *Decoder) emit(row int) {
	o := &d.out
	end := (row + 1) * d.dctSize
	if o.context && row < d.mcuRows-1 {
		end-- // its last row group needs a row of the next row of MCUs
	}
	var planes [4][]uint8
	for ; o.groups < end; o.groups++ {
		for i := range d.maxV {
			y := o.groups*d.maxV + i
			if y >= d.outHeight {
				return
			}
			for j := range d.components {
				if c := &d.components[j]; c.needed {
					planes[j] = c.upsampledRow(o.rows[j], o.groups, i)[:d.outWidth]
				}
			}
			d.convert(y, &planes)
		}
	}
	for i := range d.components {
		if c := &d.components[i]; c.needed {
			s := &c.samples
			copy(s.rows, s.rows[c.v*c.dctSize*s.stride:][:s.before*s.stride])
			s.first += c.v * c.dctSize
		}
	}
}

// upsampledRow returns row i of those that a row group becomes, in memory that
// upsampled provides where it is not as it is stored.
func (c *component) upsampledRow(upsampled []uint8, group, i int) []uint8 {
	s := &c.samples
	row := group*s.group + i/s.down
	near := c.row(row)
	other := row + 1
	upper := i%s.down == 0
	if upper {
		other = row - 1
	}
	switch s.upsample {
	case fullSize:
		return near
	case replicate:
		if i%s.down == 0 {
			kernel.Replicate(upsampled, near, s.across)
		}
	case fancyH2V1:
		kernel.UpsampleH2V1(upsampled, near)
	case fancyH1V2:
		kernel.UpsampleH1V2(upsampled, near, c.row(other), upper)
	case fancyH2V2:
		kernel.UpsampleH2V2(upsampled, near, c.row(other))
	}
	return upsampled
}

// row returns a row of a component's samples. Beyond the picture it is the nearest
// one.
func (c *component) row(y int) []uint8 {
	s := &c.samples
	y = min(max(y, 0), c.height-1)
	return s.rows[(y-s.first+s.before)*s.stride:][:c.width]
}

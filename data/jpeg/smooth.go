package jpeg

import "github.com/strideml/stride/data/jpeg/internal/kernel"

// Of a progressive file that is not complete libjpeg estimates the first nine AC
// coefficients that are still 0, from the DC coefficients of the blocks around: an
// extension of T.81, K.8, to windows of 5×5 blocks. What follows computes the same.

// smoothed is the number of coefficients that may be estimated, with the first.
const smoothed = 10

// smoothingHelps says whether coefficients are to be estimated.
func (d *Decoder) smoothingHelps() bool {
	if !d.progressive {
		return false
	}
	helps := false
	for i := range d.components {
		c := &d.components[i]
		if !c.latched || c.approximation[0] < 0 {
			return false
		}
		for k := range smoothed {
			if c.quant[natural[k]] == 0 {
				return false
			}
			helps = helps || k > 0 && c.approximation[k] != 0
		}
	}
	return helps
}

// transformSmooth is transform with estimated coefficients.
func (d *Decoder) transformSmooth(c *component, row int) {
	missing := c.approximation[:smoothed]
	if row > d.lastGood { // the last scan did not come so far
		missing = c.before[:smoothed]
		if d.scans < 2 {
			missing = unknown[:]
		}
	}
	weights := &weightsAC
	withDC := true
	for _, bits := range missing[1:] {
		withDC = withDC && bits == -1
	}
	if withDC {
		weights = &weightsDC
	}
	d.smooth.coefficients = grow(d.smooth.coefficients, 64*c.blocksWide)
	d.smooth.last = grow(d.smooth.last, c.blocksWide)
	rows := min(c.v, c.blocksHigh-row*c.v)
	for y := range rows {
		window := c.windowRows(row, y, rows, d.mcuRows)
		from := (row*c.v + y) * c.paddedWide
		copy(d.smooth.coefficients, c.coefficients[64*from:])
		for x := range c.blocksWide {
			b := (*[64]int16)(d.smooth.coefficients[64*x:])
			var dc [25]int64
			for i, at := range window {
				for j := range 5 {
					dc[5*i+j] = int64(c.coefficients[64*(at+min(max(x+j-2, 0), c.blocksWide-1))])
				}
			}
			c.estimate(b, &dc, weights, missing, withDC)
			d.smooth.last[x] = max(c.last[from+x], smoothed-1)
		}
		d.transformRow(c, y, d.smooth.coefficients, d.smooth.last)
	}
}

// unknown is what is known of the coefficients before the first scan.
var unknown = [smoothed]int8{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// windowRows returns where five rows of blocks begin, of which the middle one is row
// y of a row of MCUs. Those beyond the picture are the nearest of it; rows is the
// number of rows of blocks in this row of MCUs, from which libjpeg finds the place
// in the picture.
func (c *component) windowRows(row, y, rows, mcuRows int) (at [5]int) {
	place, end := row*rows+y, rows*mcuRows
	middle := row*c.v + y
	at = [5]int{middle, middle, middle, middle, middle}
	if place > 0 {
		at[0], at[1] = middle-1, middle-1
	}
	if place > 1 {
		at[0] = middle - 2
	}
	if place < end-1 {
		at[3], at[4] = middle+1, middle+1
	}
	if place < end-2 {
		at[4] = middle + 2
	}
	for i := range at {
		at[i] *= c.paddedWide
	}
	return at
}

// estimate sets those of the first coefficients of a block that are 0 and of which
// bits are missing, and with withDC the DC coefficient, from the DC coefficients of
// the blocks around it.
func (c *component) estimate(b *[64]int16, dc *[25]int64, weights *[smoothed][25]int16, missing []int8, withDC bool) {
	for k := range smoothed {
		at := natural[k]
		if k > 0 && (missing[k] == 0 || b[at] != 0) || k == 0 && !withDC || k > 5 && !withDC {
			continue
		}
		sum := int64(0)
		for i, w := range &weights[k] {
			sum += int64(w) * dc[i]
		}
		sum *= int64(c.quant[0])
		quant := int64(c.quant[at])
		most := int64(1<<31 - 1)
		if k > 0 && missing[k] > 0 {
			most = 1<<missing[k] - 1
		}
		if sum >= 0 {
			b[at] = int16(min((quant<<7+sum)/(quant<<8), most))
		} else {
			b[at] = int16(-min((quant<<7-sum)/(quant<<8), most))
		}
	}
}

// transform makes samples of a component's blocks in a row of MCUs.
func (d *Decoder) transform(c *component, row int, coefficients []int16, last []uint8) {
	for y := range min(c.v, c.blocksHigh-row*c.v) {
		from := y * c.paddedWide
		d.transformRow(c, y, coefficients[64*from:], last[from:])
	}
}

// transformRow makes samples of row y of the blocks in a row of MCUs.
func (d *Decoder) transformRow(c *component, y int, coefficients []int16, last []uint8) {
	to := c.samples.rows[(c.samples.before+y*c.dctSize)*c.samples.stride:]
	kernel.InverseDCT(to, c.samples.stride, coefficients[:64*c.blocksWide], last[:c.blocksWide], &c.quant, c.dctSize)
}

// weightsDC are the weights of the 25 DC coefficients, row by row, in 1/256, where
// nothing is known of the AC coefficients: the DC coefficients are estimated, too.
var weightsDC = [smoothed][25]int16{
	{-2, -6, -8, -6, -2, -6, 6, 42, 6, -6, -8, 42, 152, 42, -8, -6, 6, 42, 6, -6, -2, -6, -8, -6, -2},
	{-1, -1, 0, 1, 1, -3, 13, 0, -13, 3, -3, 38, 0, -38, 3, -3, 13, 0, -13, 3, -1, -1, 0, 1, 1},
	{-1, -3, -3, -3, -1, -1, 13, 38, 13, -1, 0, 0, 0, 0, 0, 1, -13, -38, -13, 1, 1, 3, 3, 3, 1},
	{0, 0, 1, 0, 0, 0, 2, 7, 2, 0, 0, -5, -14, -5, 0, 0, 2, 7, 2, 0, 0, 0, 1, 0, 0},
	{-1, 0, 0, 0, 1, 0, 9, 0, -9, 0, 0, 0, 0, 0, 0, 0, -9, 0, 9, 0, 1, 0, 0, 0, -1},
	{0, 0, 0, 0, 0, 0, 2, -5, 2, 0, 1, 7, -14, 7, 1, 0, 2, -5, 2, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, 2, 0, -2, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 0, 0, 1, -3, 1, 0, 0, 0, 0, 0, 0, 0, -1, 3, -1, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, -3, 0, 3, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, -1, -2, -1, 0, 0, 0, 0, 0, 0},
}

// weightsAC are the weights where something is known of the AC coefficients. Those of
// which no bits are missing are not estimated, and none beyond the fifth.
var weightsAC = [smoothed][25]int16{
	{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -7, 50, 0, -50, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	{0, 0, -7, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, -50, 0, 0, 0, 0, 7, 0, 0},
	{0, 0, -1, 0, 0, 0, 0, 13, 0, 0, 0, 0, -24, 0, 0, 0, 0, 13, 0, 0, 0, 0, -1, 0, 0},
	{0, -1, 0, 1, 0, -1, 10, 0, -10, 1, 0, 0, 0, 0, 0, 1, -10, 0, 10, -1, 0, 1, 0, -1, 0},
	{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 13, -24, 13, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
}

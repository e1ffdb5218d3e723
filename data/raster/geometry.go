package raster

import (
	"math"
	"slices"
	"strconv"
)

// Crop makes dst the height×width pixels of src from row top and column left on.
// What lies outside of src is black.
func Crop(dst, src *Raster, top, left, height, width int) {
	dst.Reset(src.Channels, height, width)
	from, to := min(max(-left, 0), width), max(min(src.Width-left, width), 0) // columns of dst inside of src
	for channel := range src.Channels {
		plane, out := src.Plane(channel), dst.Plane(channel)
		for y := range height {
			row := out[y*width:][:width]
			if y+top < 0 || y+top >= src.Height || from >= to {
				clear(row)
				continue
			}
			clear(row[:from])
			copy(row[from:to], plane[(y+top)*src.Width+left+from:])
			clear(row[to:])
		}
	}
}

// FlipHorizontal mirrors r left to right, in place.
func FlipHorizontal(r *Raster) {
	for row := range slices.Chunk(r.Pix, r.Width) {
		slices.Reverse(row)
	}
}

// FlipVertical turns r upside down, as a mirror does, in place.
func FlipVertical(r *Raster) {
	for channel := range r.Channels {
		plane := r.Plane(channel)
		for top, bottom := 0, r.Height-1; top < bottom; top, bottom = top+1, bottom-1 {
			a, b := plane[top*r.Width:][:r.Width], plane[bottom*r.Width:][:r.Width]
			for x := range a {
				a[x], b[x] = b[x], a[x]
			}
		}
	}
}

// A Warp says where each pixel of the new picture comes from. With x and y the
// middle of a new pixel, 0.5 in the first column and row, its source is
//
//	x' = (w[0]·x + w[1]·y + w[2]) / (w[6]·x + w[7]·y + 1)
//	y' = (w[3]·x + w[4]·y + w[5]) / (w[6]·x + w[7]·y + 1)
//
// w[6] and w[7] of an affine transform are 0.
type Warp [8]float64

// Apply makes dst the warped src, of the same size. Pixels from outside of src
// become fill in each channel. The filter is Nearest or Bilinear, which is not
// antialiased; any other makes it panic.
func (w *Warp) Apply(dst, src *Raster, f Filter, fill uint8) {
	dst.Reset(src.Channels, src.Height, src.Width)
	switch affine := w[6] == 0 && w[7] == 0; {
	case f == Bilinear:
		w.bilinear(dst, src, fill)
	case f != Nearest:
		panic("warp: want the filter nearest or bilinear")
	case affine && w[1] == 0 && w[3] == 0:
		w.scale(dst, src, fill)
	case affine && w.fitsFixed(src):
		w.fixed(dst, src, fill)
	default:
		for y := range dst.Height {
			for x := range dst.Width {
				sx, sy := w.source(x, y)
				take(dst, src, y*dst.Width+x, sx, sy, fill)
			}
		}
	}
}

// source is where the pixel in column x and row y comes from.
func (w *Warp) source(x, y int) (float64, float64) {
	fx, fy := float64(x)+0.5, float64(y)+0.5
	sx := float64(w[0]*fx) + float64(w[1]*fy) + w[2]
	sy := float64(w[3]*fx) + float64(w[4]*fy) + w[5]
	if w[6] != 0 || w[7] != 0 {
		under := float64(w[6]*fx) + float64(w[7]*fy) + 1
		sx, sy = sx/under, sy/under
	}
	return sx, sy
}

// take sets pixel at of dst to the one of src at (x, y), or to fill.
func take(dst, src *Raster, at int, x, y float64, fill uint8) {
	if x >= 0 && x < float64(src.Width) && y >= 0 && y < float64(src.Height) {
		takeFrom(dst, src, at, int(y)*src.Width+int(x))
	} else {
		setPixel(dst, at, fill)
	}
}

// takeFrom sets pixel at of dst to pixel from of src, which has the same size.
func takeFrom(dst, src *Raster, at, from int) {
	size := dst.Height * dst.Width
	for c := range dst.Channels {
		dst.Pix[c*size+at] = src.Pix[c*size+from]
	}
}

func setPixel(dst *Raster, at int, v uint8) {
	size := dst.Height * dst.Width
	for c := range dst.Channels {
		dst.Pix[c*size+at] = v
	}
}

// bilinear computes in float64 and cuts fractions off, as Pillow does.
func (w *Warp) bilinear(dst, src *Raster, fill uint8) {
	width, height := src.Width, src.Height
	size := width * height
	for y := range height {
		for x := range width {
			at := y*width + x
			sx, sy := w.source(x, y)
			if !(sx >= 0 && sx < float64(width) && sy >= 0 && sy < float64(height)) {
				setPixel(dst, at, fill)
				continue
			}
			sx, sy = sx-0.5, sy-0.5
			left, top := int(math.Floor(sx)), int(math.Floor(sy))
			dx, dy := sx-float64(left), sy-float64(top)
			x0, x1 := max(left, 0), min(left+1, width-1)
			upper, lower := max(top, 0)*width, min(top+1, height-1)*width
			for c := range src.Channels {
				plane := src.Pix[c*size:][:size]
				a := between(float64(plane[upper+x0]), float64(plane[upper+x1]), dx)
				b := between(float64(plane[lower+x0]), float64(plane[lower+x1]), dx)
				dst.Pix[c*size+at] = uint8(between(a, b, dy))
			}
		}
	}
}

func between(a, b, t float64) float64 { return a + float64((b-a)*t) }

// scale is Nearest without rotation or shear. As in Pillow the columns and rows
// are found by adding up steps.
func (w *Warp) scale(dst, src *Raster, fill uint8) {
	sy := w[5] + float64(w[4]*0.5)
	for y := range dst.Height {
		sx := w[2] + float64(w[0]*0.5)
		for x := range dst.Width {
			take(dst, src, y*dst.Width+x, sx, sy, fill)
			sx += w[0]
		}
		sy += w[4]
	}
}

// fitsFixed reports whether the corners are within the range of fixed.
func (w *Warp) fitsFixed(r *Raster) bool {
	for _, corner := range [4][2]float64{{0, 0}, {float64(r.Width), float64(r.Height)}, {0, float64(r.Height)}, {float64(r.Width), 0}} {
		x := float64(corner[0]*w[0]) + float64(corner[1]*w[1]) + w[2]
		y := float64(corner[0]*w[3]) + float64(corner[1]*w[4]) + w[5]
		if !(math.Abs(x) < 32768 && math.Abs(y) < 32768) {
			return false
		}
	}
	return true
}

// fixed is Nearest for affine transforms, with 16 fractional bits.
func (w *Warp) fixed(dst, src *Raster, fill uint8) {
	fix := func(v float64) int { return int(math.Floor(float64(v*65536) + 0.5)) }
	stepX, stepY := [2]int{fix(w[0]), fix(w[3])}, [2]int{fix(w[1]), fix(w[4])}
	startX := fix(w[2] + float64(w[0]*0.5) + float64(w[1]*0.5))
	startY := fix(w[5] + float64(w[3]*0.5) + float64(w[4]*0.5))
	for y := range dst.Height {
		sx, sy := startX, startY
		for x := range dst.Width {
			at := y*dst.Width + x
			if column, row := sx>>16, sy>>16; column >= 0 && column < src.Width && row >= 0 && row < src.Height {
				takeFrom(dst, src, at, row*src.Width+column)
			} else {
				setPixel(dst, at, fill)
			}
			sx, sy = sx+stepX[0], sy+stepX[1]
		}
		startX, startY = startX+stepY[0], startY+stepY[1]
	}
}

// Affine says how RandomAffine of torchvision moves a picture: it is sheared,
// scaled and rotated around Center, and then moved.
type Affine struct {
	Degrees        float64    // of rotation, clockwise
	X, Y           float64    // pixels to move right and down
	Scale          float64    // above 0
	ShearX, ShearY float64    // in degrees
	Center         [2]float64 // x and y, in pixels from the top left corner
}

// Warp returns the inverse of the transform: torchvision's
// _get_inverse_affine_matrix.
func (a Affine) Warp() Warp {
	radians := func(degrees float64) float64 { return degrees * (math.Pi / 180) }
	rot, sx, sy := radians(a.Degrees), radians(a.ShearX), radians(a.ShearY)
	cos, sin := math.Cos(rot-sy)/math.Cos(sy), math.Sin(rot-sy)/math.Cos(sy)
	b := float64(-math.Cos(rot-sy)*math.Tan(sx))/math.Cos(sy) - math.Sin(rot)
	d := float64(-math.Sin(rot-sy)*math.Tan(sx))/math.Cos(sy) + math.Cos(rot)
	w := Warp{d / a.Scale, -b / a.Scale, 0, -sin / a.Scale, cos / a.Scale, 0}
	x, y := -a.Center[0]-a.X, -a.Center[1]-a.Y
	w[2] = float64(w[0]*x) + float64(w[1]*y) + a.Center[0]
	w[5] = float64(w[3]*x) + float64(w[4]*y) + a.Center[1]
	return w
}

// Rotate makes dst src rotated counterclockwise around its middle, at the same
// size: Pillow's src.rotate(degrees, f). Corners become fill. The filter is
// Nearest or Bilinear.
func Rotate(dst, src *Raster, degrees float64, f Filter, fill uint8) {
	degrees = math.Mod(degrees, 360)
	if degrees < 0 {
		degrees += 360
	}
	square := src.Width == src.Height
	switch {
	case degrees == 0:
		dst.CopyFrom(src)
		return
	case degrees == 180, degrees == 90 && square, degrees == 270 && square:
		quarterTurns(dst, src, int(degrees)/90)
		return
	}
	angle := -(degrees * (math.Pi / 180))
	cos, sin := round15(math.Cos(angle)), round15(math.Sin(angle))
	cx, cy := float64(src.Width)/2, float64(src.Height)/2
	w := Warp{cos, sin, 0, -sin, cos, 0}
	w[2] = float64(cos*-cx) + float64(sin*-cy) + cx
	w[5] = float64(-sin*-cx) + float64(cos*-cy) + cy
	w.Apply(dst, src, f, fill)
}

// quarterTurns rotates by n quarters counterclockwise; odd n want a square.
func quarterTurns(dst, src *Raster, n int) {
	dst.Reset(src.Channels, src.Height, src.Width)
	last := src.Height - 1
	for y := range dst.Height {
		for x := range dst.Width {
			fromX, fromY := src.Width-1-x, last-y
			switch n {
			case 1:
				fromX, fromY = last-y, x
			case 3:
				fromX, fromY = y, last-x
			}
			takeFrom(dst, src, y*dst.Width+x, fromY*src.Width+fromX)
		}
	}
}

// round15 rounds to 15 decimal places, as Python does.
func round15(v float64) float64 {
	var buffer [32]byte
	v, _ = strconv.ParseFloat(string(strconv.AppendFloat(buffer[:0], v, 'f', 15, 64)), 64) // a number was just written
	return v
}

// PerspectiveWarp returns the warp that moves four points of a picture, start,
// to the points end. It fails when three of the points lie on a line. The
// numbers are rounded to float32, as in torchvision.
func PerspectiveWarp(start, end [4][2]float64) (Warp, bool) {
	var rows [8][9]float64 // two linear equations for a point
	for i, e := range end {
		s := start[i]
		rows[2*i] = [9]float64{e[0], e[1], 1, 0, 0, 0, -s[0] * e[0], -s[0] * e[1], s[0]}
		rows[2*i+1] = [9]float64{0, 0, 0, e[0], e[1], 1, -s[1] * e[0], -s[1] * e[1], s[1]}
	}
	for i := range rows { // Gauss and Jordan, with the largest pivot of the column
		best := i
		for j := i + 1; j < len(rows); j++ {
			if math.Abs(rows[j][i]) > math.Abs(rows[best][i]) {
				best = j
			}
		}
		rows[i], rows[best] = rows[best], rows[i]
		if pivot := rows[i][i]; math.Abs(pivot) < 1e-9 {
			return Warp{}, false
		}
		for j := range rows {
			if j == i {
				continue
			}
			factor := rows[j][i] / rows[i][i]
			for k := i; k < 9; k++ {
				rows[j][k] -= float64(factor * rows[i][k])
			}
		}
	}
	var w Warp
	for i := range w {
		w[i] = float64(float32(rows[i][8] / rows[i][i]))
	}
	return w, !slices.ContainsFunc(w[:], func(v float64) bool { return v-v != 0 })
}

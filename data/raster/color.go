package raster

import "math"

// blend is a + factor·(b − a), with the fraction cut off and limits of 0 and
// 255, as Pillow computes it.
func blend(a, b uint8, factor float32) uint8 {
	switch factor {
	case 0:
		return a
	case 1:
		return b
	}
	v := float32(a) + float32(factor*float32(int(b)-int(a)))
	return uint8(min(max(v, 0), 255))
}

// blendAll blends every value of r with one value.
func blendAll(r *Raster, with uint8, factor float32) {
	var table [256]uint8
	for v := range table {
		table[v] = blend(with, uint8(v), factor)
	}
	apply(r.Pix, &table)
}

func apply(pix []uint8, table *[256]uint8) {
	for i, v := range pix {
		pix[i] = table[v]
	}
}

// AdjustBrightness multiplies all values by a factor: 0 gives black, 1 leaves p
// as it is.
func AdjustBrightness(r *Raster, factor float64) { blendAll(r, 0, float32(factor)) }

// AdjustContrast moves all values away from the mean grey of r by a factor: 0
// gives grey, 1 leaves r as it is.
func AdjustContrast(r *Raster, factor float64) {
	sum, count := 0, r.Height*r.Width
	if count == 0 {
		return
	}
	if r.Channels == 3 {
		red, green, blue := r.colours()
		for i := range red {
			sum += int(Luma(red[i], green[i], blue[i]))
		}
	} else {
		for _, v := range r.Plane(0) {
			sum += int(v)
		}
	}
	blendAll(r, uint8(float64(sum)/float64(count)+0.5), float32(factor))
}

// colours returns the three planes, of one length.
func (r *Raster) colours() (red, green, blue []uint8) {
	red = r.Plane(0)
	return red, r.Plane(1)[:len(red)], r.Plane(2)[:len(red)]
}

// AdjustSaturation moves each pixel away from its own grey by a factor: 0 gives
// a grey picture, 1 leaves r as it is. It does nothing to one channel.
func AdjustSaturation(r *Raster, factor float64) {
	if r.Channels != 3 || factor == 1 {
		return
	}
	f := float32(factor)
	red, green, blue := r.colours()
	for i := range red {
		grey := Luma(red[i], green[i], blue[i])
		red[i], green[i], blue[i] = blend(grey, red[i], f), blend(grey, green[i], f), blend(grey, blue[i], f)
	}
}

// Grayscale gives each channel the luma of its pixel.
func Grayscale(r *Raster) { AdjustSaturation(r, 0) }

// AdjustHue turns the hue of each pixel by a share of the circle, −0.5 to 0.5,
// by way of 8-bit HSV: even a share of 0 rounds. It does nothing to one channel.
func AdjustHue(r *Raster, share float64) {
	if r.Channels != 3 {
		return
	}
	turn := uint8(int(share * 255)) // below 0 it wraps around, which is the circle
	red, green, blue := r.colours()
	for i := range red {
		h, s, v := toHSV(red[i], green[i], blue[i])
		red[i], green[i], blue[i] = fromHSV(h+turn, s, v)
	}
}

// toHSV has Pillow's mixture of float32 and float64, and so its rounding.
func toHSV(r, g, b uint8) (h, s, v uint8) {
	top, bottom := max(r, g, b), min(r, g, b)
	if top == bottom {
		return 0, 0, top
	}
	spread := float32(top - bottom)
	red, green, blue := float32(top-r)/spread, float32(top-g)/spread, float32(top-b)/spread
	var hue float32
	switch top {
	case r:
		hue = blue - green
	case g:
		hue = float32(2 + float64(red) - float64(blue))
	default:
		hue = float32(4 + float64(green) - float64(red))
	}
	turn := float64(hue)/6 + 1
	turn -= math.Floor(turn) // 5/6 to 11/6 before
	hue = float32(turn)
	return uint8(int(float64(hue) * 255)), uint8(int(float64(spread/float32(top)) * 255)), top
}

func fromHSV(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	sixths := float64(float32(h)) * 6 / 255
	sector := math.Floor(sixths)
	part := float32(sixths - sector)
	saturation := float32(float64(float32(s)) / 255)
	value := float64(v)
	round := func(v float64) uint8 { return uint8(min(max(int(math.Round(v)), 0), 255)) }
	bottom := round(value * (1 - float64(saturation)))
	down := round(value * (1 - float64(saturation*part)))
	up := round(value * (1 - float64(float64(saturation)*(1-float64(part)))))
	switch int(sector) % 6 {
	case 0:
		return v, up, bottom
	case 1:
		return down, v, bottom
	case 2:
		return bottom, v, up
	case 3:
		return bottom, down, v
	case 4:
		return up, bottom, v
	default:
		return v, bottom, down
	}
}

// Invert makes each value v 255 − v.
func Invert(r *Raster) {
	for i, v := range r.Pix {
		r.Pix[i] = 255 - v
	}
}

// Posterize keeps the highest bits of each value, 1 to 8 of them.
func Posterize(r *Raster, bits int) {
	mask := uint8(0xff << (8 - bits))
	for i, v := range r.Pix {
		r.Pix[i] = v & mask
	}
}

// Solarize inverts the values from a threshold on.
func Solarize(r *Raster, threshold float64) {
	for i, v := range r.Pix {
		if float64(v) >= threshold {
			r.Pix[i] = 255 - v
		}
	}
}

// AutoContrast stretches the values of each channel to the range 0 to 255.
func AutoContrast(r *Raster) {
	for channel := range r.Channels {
		plane := r.Plane(channel)
		counts := histogram(plane)
		low, high := 0, 255
		for low < 255 && counts[low] == 0 {
			low++
		}
		for high > 0 && counts[high] == 0 {
			high--
		}
		if high <= low {
			continue
		}
		scale := 255 / float64(high-low)
		offset := float64(-low) * scale
		var table [256]uint8
		for v := range table {
			table[v] = uint8(min(max(int(float64(float64(v)*scale)+offset), 0), 255))
		}
		apply(plane, &table)
	}
}

// Equalize makes the values of each channel about equally frequent.
func Equalize(r *Raster) {
	for channel := range r.Channels {
		plane := r.Plane(channel)
		counts := histogram(plane)
		total, last, different := 0, 0, 0
		for _, n := range counts {
			if n > 0 {
				total, last, different = total+n, n, different+1
			}
		}
		step := (total - last) / 255
		if different <= 1 || step == 0 {
			continue
		}
		var table [256]uint8
		n := step / 2
		for v := range table {
			table[v] = uint8(min(n/step, 255))
			n += counts[v]
		}
		apply(plane, &table)
	}
}

func histogram(plane []uint8) (counts [256]int) {
	for _, v := range plane {
		counts[v]++
	}
	return counts
}

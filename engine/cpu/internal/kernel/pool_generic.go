package kernel

// This file holds the pure Go twins of the pooling kernels.

func sumPoolRowGeneric(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	for p := range n {
		d := dst[p*c:][:c]
		clear(d)
		for _, off := range tapOff {
			for j, v := range src[p*stride+int(off):][:c] {
				d[j] += v
			}
		}
		for j := range d {
			d[j] *= scale
		}
	}
}

func maxPoolRowGeneric(dst, src []float32, tapOff []int32, n, stride, c int) {
	for p := range n {
		d := dst[p*c:][:c]
		fillGeneric(d, minusInf)
		for _, off := range tapOff {
			for j, v := range src[p*stride+int(off):][:c] {
				d[j] = larger(v, d[j])
			}
		}
	}
}

func maxPoolArgmaxRowGeneric(dst []float32, argmax []byte, src []float32, tapOff []int32, n, stride, c int) {
	for p := range n {
		d, place := dst[p*c:][:c], argmax[p*c:][:c]
		fillGeneric(d, minusInf)
		clear(place)
		for t, off := range tapOff {
			for j, v := range src[p*stride+int(off):][:c] {
				switch {
				case v > d[j]:
					d[j], place[j] = v, byte(t)
				case v != v:
					d[j], place[j] = v, 0
				}
			}
		}
	}
}

func maxPoolArgmaxGradRowGeneric(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	if len(tapOff) == 0 {
		return
	}
	for p := range n {
		for j, place := range argmax[p*c:][:c] {
			dx[p*stride+int(tapOff[place])+j] += dy[p*c+j]
		}
	}
}

func maxPoolArgmaxGradRowSetGeneric(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	for p := range n {
		for t, off := range tapOff {
			d := dx[p*stride+int(off):][:c]
			for j, place := range argmax[p*c:][:c] {
				d[j] = 0
				if int(place) == t {
					d[j] = dy[p*c+j]
				}
			}
		}
	}
}

func maxPoolGradRowGeneric(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	for p := range n {
		for j, m := range y[p*c:][:c] {
			for _, off := range tapOff {
				i := p*stride + int(off) + j
				if x[i] == m || m != m {
					dx[i] += dy[p*c+j]
					break
				}
			}
		}
	}
}

func maxPoolGradRowSetGeneric(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	for p := range n {
		for j, m := range y[p*c:][:c] {
			g := dy[p*c+j]
			for _, off := range tapOff {
				i := p*stride + int(off) + j
				if x[i] == m || m != m {
					dx[i] = g
					g, m = 0, minusInf
				} else {
					dx[i] = 0
				}
			}
		}
	}
}

func sumPoolGradRowGeneric(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	for p := range n {
		for j, g := range dy[p*c:][:c] {
			g = float32(g * scale) // rounded, and not fused with the addition
			for _, off := range tapOff {
				dx[p*stride+int(off)+j] += g
			}
		}
	}
}

func sumPoolGradRowSetGeneric(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	for p := range n {
		for j, g := range dy[p*c:][:c] {
			g *= scale
			for _, off := range tapOff {
				dx[p*stride+int(off)+j] = g
			}
		}
	}
}

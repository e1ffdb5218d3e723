package kernel

// UpsampleH2V1 doubles the width of a row: len(dst) is 2·len(src). The first and last
// samples stay as they are.
//
// libjpeg does so only with rows of more than two samples; it replicates shorter ones.
func UpsampleH2V1(dst, src []uint8) {
	n := len(src)
	if n == 0 {
		return
	}
	dst = dst[:2*n]
	dst[0], dst[2*n-1] = src[0], src[n-1]
	for i := 1; i < n; i++ {
		left, right := uint32(src[i-1]), uint32(src[i])
		dst[2*i-1] = uint8((3*left + right + 2) >> 2)
		dst[2*i] = uint8((left + 3*right + 1) >> 2)
	}
}

// UpsampleH2V2 doubles width and height: it makes one row of the nearer and the
// farther one of two rows, which are equally long; len(dst) is 2·len(near). Rows beyond the
// edge of the picture are like those at the edge.
//
// libjpeg does so only with rows of more than two samples; it replicates shorter ones.
func UpsampleH2V2(dst, near, far []uint8) {
	n := len(near)
	if n == 0 {
		return
	}
	dst, far = dst[:2*n], far[:n]
	left := 3*uint32(near[0]) + uint32(far[0])
	dst[0] = uint8((4*left + 8) >> 4)
	for i := 1; i < n; i++ {
		right := 3*uint32(near[i]) + uint32(far[i])
		dst[2*i-1] = uint8((3*left + right + 7) >> 4)
		dst[2*i] = uint8((left + 3*right + 8) >> 4)
		left = right
	}
	dst[2*n-1] = uint8((4*left + 7) >> 4)
}

// UpsampleH1V2 doubles the height: it makes one row of the nearer and the farther one of
// two rows. upper says that it is the upper one of the two rows that near becomes, so that
// far lies above near; the two round differently.
func UpsampleH1V2(dst, near, far []uint8, upper bool) {
	near, far = near[:len(dst)], far[:len(dst)]
	bias := uint32(2)
	if upper {
		bias = 1
	}
	for i := range dst {
		dst[i] = uint8((3*uint32(near[i]) + uint32(far[i]) + bias) >> 2)
	}
}

// Replicate makes each sample of a row factor samples: len(dst) is factor·len(src).
func Replicate(dst, src []uint8, factor int) {
	if factor == 2 {
		dst = dst[:2*len(src)]
		for i, v := range src {
			dst[2*i], dst[2*i+1] = v, v
		}
		return
	}
	for _, v := range src {
		for i := range dst[:factor] {
			dst[i] = v
		}
		dst = dst[factor:]
	}
}

package kernel

import "github.com/strideml/stride/internal/isa"

// lanes is the least number of samples for the assembly.
const lanes = 32

// UpsampleH2V1 doubles the width of a row: len(dst) is 2·len(src). The first and last
// samples stay as they are.
//
// libjpeg does so only with rows of more than two samples; it replicates shorter ones.
// dst must not overlap src.
func UpsampleH2V1(dst, src []uint8) {
	n := len(src)
	if n == 0 {
		return
	}
	dst = dst[:2*n]
	dst[0], dst[2*n-1] = src[0], src[n-1]
	if isa.UseSIMD && n >= lanes+2 {
		dst[1], dst[2*n-2] = uint8((3*uint32(src[0])+uint32(src[1])+2)>>2), uint8((3*uint32(src[n-1])+uint32(src[n-2])+1)>>2)
		upsampleH2V1SIMD(&dst[2], &src[1], n-2)
		return
	}
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
// dst must not overlap the other rows.
func UpsampleH2V2(dst, near, far []uint8) {
	n := len(near)
	if n == 0 {
		return
	}
	dst, far = dst[:2*n], far[:n]
	if isa.UseSIMD && n >= lanes+2 {
		upsampleH2V2SIMD(&dst[2], &near[1], &far[1], n-2)
		first, second := 3*uint32(near[0])+uint32(far[0]), 3*uint32(near[1])+uint32(far[1])
		dst[0], dst[1] = uint8((4*first+8)>>4), uint8((3*first+second+7)>>4)
		first, second = 3*uint32(near[n-1])+uint32(far[n-1]), 3*uint32(near[n-2])+uint32(far[n-2])
		dst[2*n-2], dst[2*n-1] = uint8((3*first+second+8)>>4), uint8((4*first+7)>>4)
		return
	}
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
// far lies above near; the two round differently. dst must not overlap the other rows.
func UpsampleH1V2(dst, near, far []uint8, upper bool) {
	near, far = near[:len(dst)], far[:len(dst)]
	bias := uint32(2)
	if upper {
		bias = 1
	}
	if isa.UseSIMD && len(dst) >= lanes {
		upsampleH1V2SIMD(&dst[0], &near[0], &far[0], int(bias), len(dst))
		return
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

//go:noescape
func upsampleH2V1SIMD(dst, src *uint8, n int)

//go:noescape
func upsampleH2V2SIMD(dst, near, far *uint8, n int)

//go:noescape
func upsampleH1V2SIMD(dst, near, far *uint8, bias, n int)

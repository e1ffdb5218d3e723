package dist

import "fmt"

// Sum adds up parts, one of each rank, in the order that every Comm uses, and
// leaves the sum in parts[0]; the others are overwritten too. All have the same length.
//
// The order is a binary tree of ranks: neighbours first, 0+1, 2+3, 4+5 …, then these
// sums in the same way, (0+1)+(2+3) …; one that has no neighbour waits for the next
// round. So the result depends on how many parts there are and on nothing else: not on
// the length, nor on who adds. And for powers of two a part may itself be such a sum:
// two ranks with the sums of four parts each give the bits of eight ranks.
func Sum(parts [][]float32) {
	if len(parts) > 0 {
		SumTo(parts[0], parts)
	}
}

// SumTo is Sum, but leaves the sum in dst, which may be one of the parts.
func SumTo(dst []float32, parts [][]float32) {
	for _, p := range parts {
		if len(p) != len(dst) {
			panic(fmt.Sprintf("dist: a sum of %d numbers with a part of %d", len(dst), len(p)))
		}
	}
	// Block by block, so that the numbers of all rounds are still in the cache.
	const block = 4096
	for at := 0; at < len(dst); at += block {
		end := min(at+block, len(dst))
		for step := 1; step < len(parts); step *= 2 {
			for i := 0; i+step < len(parts); i += 2 * step {
				add(parts[i][at:end], parts[i+step][at:end])
			}
		}
		if &dst[0] != &parts[0][0] {
			copy(dst[at:end], parts[0][at:end])
		}
	}
}

// add adds b to a.
func add(a, b []float32) {
	b = b[:len(a)]
	for len(a) >= 8 { // eight at a time: one check of bounds for all
		x, y := (*[8]float32)(a), (*[8]float32)(b)
		x[0] += y[0]
		x[1] += y[1]
		x[2] += y[2]
		x[3] += y[3]
		x[4] += y[4]
		x[5] += y[5]
		x[6] += y[6]
		x[7] += y[7]
		a, b = a[8:], b[8:]
	}
	for i, v := range b {
		a[i] += v
	}
}

package kernel

import "unsafe"

// group is the number of columns that the twins sum at a time: as many
// accumulators as the compiler keeps in registers.
const group = 8

// at returns the address of the i-th element after p.
func at[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// tileGeneric is the twin of [Tile] (nr = 16) and [TileNarrow] (nr = 8).
func tileGeneric(args *TileArgs, nr int) {
	aOff := unsafe.Slice(args.AOff, args.Rows)
	cOff := unsafe.Slice(args.COff, args.Rows)
	segOff := unsafe.Slice(args.SegOff, args.Segs)
	b := unsafe.Slice(args.B, args.Segs*args.Run*nr)
	var bias [TileCols]float32
	if args.Bias != nil {
		copy(bias[:nr], unsafe.Slice(args.Bias, nr))
	}
	for p, off := range aOff {
		row := at(args.A, int(off))
		for col := 0; col < args.Cols; col += group {
			sum := *(*[group]float32)(bias[col:])
			for s, so := range segOff {
				run := unsafe.Slice(at(row, int(so)), args.Run)
				addProducts(&sum, run, b[s*args.Run*nr+col:], nr)
			}
			n := min(group, args.Cols-col)
			store(unsafe.Slice(at(args.C, int(cOff[p])+col), n), &sum, args)
		}
	}
}

// addProducts adds a[t]·b[t·ldb+j] over all t to sum[j].
func addProducts(sum *[group]float32, a, b []float32, ldb int) {
	s0, s1, s2, s3 := sum[0], sum[1], sum[2], sum[3]
	s4, s5, s6, s7 := sum[4], sum[5], sum[6], sum[7]
	for t, x := range a {
		y := (*[group]float32)(b[t*ldb:])
		s0 += x * y[0]
		s1 += x * y[1]
		s2 += x * y[2]
		s3 += x * y[3]
		s4 += x * y[4]
		s5 += x * y[5]
		s6 += x * y[6]
		s7 += x * y[7]
	}
	*sum = [group]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// store moves the first len(c) sums to c, as the flags of args say.
func store(c []float32, sum *[group]float32, args *TileArgs) {
	for j := range c {
		v := sum[j]
		if args.Accumulate {
			v += c[j]
		}
		if args.ReLU && v < 0 {
			v = 0
		}
		if args.ReLU && args.ReLU6 && v > 6 {
			v = 6
		}
		c[j] = v
	}
}

// outerGeneric is the twin of [Outer].
func outerGeneric(args *OuterArgs) {
	outerHalf(args, args.B, args.C, min(args.Cols, group))
	if args.Cols > group {
		outerHalf(args, at(args.B, args.B1), at(args.C, group), args.Cols-group)
	}
}

// outerHalf computes one half of [Outer]: up to 8 columns from b into c.
func outerHalf(args *OuterArgs, b, c *float32, cols int) {
	aOff := unsafe.Slice(args.AOff, args.K)
	bOff := unsafe.Slice(args.BOff, args.K)
	for i := range args.Rows {
		var sum [group]float32
		a := at(args.A, i)
		if cols == group {
			addOuter(&sum, a, b, aOff, bOff)
		} else {
			for k, ao := range aOff {
				x := *at(a, int(ao))
				for j, y := range unsafe.Slice(at(b, int(bOff[k])), cols) {
					sum[j] += x * y
				}
			}
		}
		store(unsafe.Slice(at(c, i*args.LdC), cols), &sum, &TileArgs{Accumulate: args.Accumulate})
	}
}

// addOuter adds a[aOff[k]]·b[bOff[k]+j] over all k to sum[j].
func addOuter(sum *[group]float32, a, b *float32, aOff, bOff []int32) {
	s0, s1, s2, s3 := sum[0], sum[1], sum[2], sum[3]
	s4, s5, s6, s7 := sum[4], sum[5], sum[6], sum[7]
	bOff = bOff[:len(aOff)]
	for k, ao := range aOff {
		x := *at(a, int(ao))
		y := (*[group]float32)(unsafe.Pointer(at(b, int(bOff[k]))))
		s0 += x * y[0]
		s1 += x * y[1]
		s2 += x * y[2]
		s3 += x * y[3]
		s4 += x * y[4]
		s5 += x * y[5]
		s6 += x * y[6]
		s7 += x * y[7]
	}
	*sum = [group]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

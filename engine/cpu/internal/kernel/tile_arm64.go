package kernel

func tile(args *TileArgs) {
	if UseNEON {
		tileNEON(args)
		return
	}
	tileGeneric(args, TileCols)
}

func tileNarrow(args *TileArgs) {
	if UseNEON {
		tileNarrowNEON(args)
		return
	}
	tileGeneric(args, NarrowCols)
}

func outer(args *OuterArgs) {
	switch {
	case !UseNEON:
		outerGeneric(args)
	case args.Cols <= NarrowCols:
		outerNarrowNEON(args)
	default:
		outerNEON(args)
	}
}

// transpose leaves the strips of up to 7 rows and columns at the edges to the twin.
func transpose(dst, src []float32, rows, cols, ldDst, ldSrc int) {
	if !UseNEON || rows < block || cols < block {
		transposeGeneric(dst, src, rows, cols, ldDst, ldSrc)
		return
	}
	i := 0
	for ; i+block <= rows; i += block {
		transposeNEON(&dst[i], &src[i*ldSrc], cols/block, ldDst, ldSrc)
	}
	if done := cols / block * block; done < cols {
		transposeGeneric(dst[done*ldDst:], src[done:], i, cols-done, ldDst, ldSrc)
	}
	if i < rows {
		transposeGeneric(dst[i:], src[i*ldSrc:], rows-i, cols, ldDst, ldSrc)
	}
}

func peakFMA(iters int) float32 {
	if UseNEON {
		return peakNEON(iters)
	}
	return peakGeneric(iters)
}

package kernel

func tile(args *TileArgs) {
	if UseAVX2 {
		tileAVX2(args)
		return
	}
	tileGeneric(args, TileCols)
}

func tileNarrow(args *TileArgs) {
	if UseAVX2 {
		tileNarrowAVX2(args)
		return
	}
	tileGeneric(args, NarrowCols)
}

func outer(args *OuterArgs) {
	switch {
	case !UseAVX2:
		outerGeneric(args)
	case args.Cols <= NarrowCols:
		outerNarrowAVX2(args)
	default:
		outerAVX2(args)
	}
}

// transpose leaves the strips of up to 7 rows and columns at the edges to the twin.
func transpose(dst, src []float32, rows, cols, ldDst, ldSrc int) {
	if !UseAVX2 || rows < block || cols < block {
		transposeGeneric(dst, src, rows, cols, ldDst, ldSrc)
		return
	}
	i := 0
	for ; i+block <= rows; i += block {
		transposeAVX2(&dst[i], &src[i*ldSrc], cols/block, ldDst, ldSrc)
	}
	if done := cols / block * block; done < cols {
		transposeGeneric(dst[done*ldDst:], src[done:], i, cols-done, ldDst, ldSrc)
	}
	if i < rows {
		transposeGeneric(dst[i:], src[i*ldSrc:], rows-i, cols, ldDst, ldSrc)
	}
}

func peakFMA(iters int) float32 {
	if UseAVX2 {
		return peakAVX2(iters)
	}
	return peakGeneric(iters)
}

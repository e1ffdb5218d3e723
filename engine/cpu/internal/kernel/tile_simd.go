//go:build amd64 || arm64

package kernel

func tile(args *TileArgs) {
	if useSIMD {
		tileSIMD(args)
		return
	}
	tileGeneric(args, TileCols)
}

func tileNarrow(args *TileArgs) {
	if useSIMD {
		tileNarrowSIMD(args)
		return
	}
	tileGeneric(args, NarrowCols)
}

func outer(args *OuterArgs) {
	switch {
	case !useSIMD:
		outerGeneric(args)
	case args.Cols <= NarrowCols:
		outerNarrowSIMD(args)
	default:
		outerSIMD(args)
	}
}

// transpose leaves the strips of up to 7 rows and columns at the edges to the twin.
func transpose(dst, src []float32, rows, cols, ldDst, ldSrc int) {
	if !useSIMD || rows < block || cols < block {
		transposeGeneric(dst, src, rows, cols, ldDst, ldSrc)
		return
	}
	i := 0
	for ; i+block <= rows; i += block {
		transposeSIMD(&dst[i], &src[i*ldSrc], cols/block, ldDst, ldSrc)
	}
	if done := cols / block * block; done < cols {
		transposeGeneric(dst[done*ldDst:], src[done:], i, cols-done, ldDst, ldSrc)
	}
	if i < rows {
		transposeGeneric(dst[i:], src[i*ldSrc:], rows-i, cols, ldDst, ldSrc)
	}
}

func peakFMA(iters int) float32 {
	if useSIMD {
		return peakSIMD(iters)
	}
	return peakGeneric(iters)
}

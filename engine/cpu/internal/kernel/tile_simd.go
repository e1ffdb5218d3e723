//go:build amd64 || arm64

package kernel

import "unsafe"

func tile(args *TileArgs) {
	switch {
	case useAVX512 && suitTallTiles(args):
		tileAVX512(args)
	case useSIMD:
		tileSIMD(args)
	default:
		tileGeneric(args, TileCols)
	}
}

// suitTallTiles reports whether the AVX-512 tiles of 12 rows suit the rows better than
// the AVX2 tiles of 6. They do not if a few rows would leave much of a tile empty,
// nor if the rows are a multiple of 4 KB apart: then all lie in one set of the
// first-level cache, which has 8 ways (0.85 times the speed).
func suitTallTiles(args *TileArgs) bool {
	switch args.Rows {
	case 1, 2, 3, 4, 5, 6, 9, 10:
		return false
	}
	first := unsafe.Slice(args.AOff, 2)
	return (first[1]-first[0])%1024 != 0
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
	case useAVX512 && args.Rows > TileRows:
		outerAVX512(args)
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

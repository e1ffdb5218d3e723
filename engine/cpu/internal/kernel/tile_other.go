//go:build !amd64 && !arm64

package kernel

func tile(args *TileArgs)       { tileGeneric(args, TileCols) }
func tileNarrow(args *TileArgs) { tileGeneric(args, NarrowCols) }
func outer(args *OuterArgs)     { outerGeneric(args) }
func peakFMA(iters int) float32 { return peakGeneric(iters) }

func transpose(dst, src []float32, rows, cols, ldDst, ldSrc int) {
	transposeGeneric(dst, src, rows, cols, ldDst, ldSrc)
}

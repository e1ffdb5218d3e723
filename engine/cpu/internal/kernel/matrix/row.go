package matrix

import "github.com/strideml/stride/internal/isa"

// TileRow is [Tile] for one row and one segment (Rows = 1 and Segs = 1), and several
// panels: those at B, step floats after that, and so on. Cols counts the columns of all
// of them; C, Bias and Add go on from panel to panel. It changes args.
//
// One row uses each weight once, so that weights come from memory as fast as they are
// used, or slower: with AVX-512 four panels are read at a time, and more of them are on
// their way.
func TileRow(args *TileArgs, step int) { rowTiles(args, step, false) }

// TileRowPairs is [TileRow] for pairs of bfloat16. step counts pairs.
func TileRowPairs(args *TileArgs, step int) { rowTiles(args, step, true) }

// rowTiles is TileRow or TileRowPairs.
func rowTiles(args *TileArgs, step int, pairs bool) {
	const group = 4
	wide := isa.UseAVX512
	if pairs {
		wide = isa.UseBF16
	}
	all := *args
	for all.Cols > 0 {
		panels := 1
		if wide && all.Cols >= group*TileCols {
			panels = group
			four := all
			four.A, four.C = at(all.A, int(*all.AOff+*all.SegOff)), at(all.C, int(*all.COff))
			if all.Add != nil {
				four.Add = at(all.Add, int(*all.AddOff))
			}
			four.Rows, four.Cols, four.COff, four.AddOff = group, TileCols, &panelOffsets[0], &panelOffsets[0]
			if pairs {
				rowPairsAVX512(&four, step)
			} else {
				rowAVX512(&four, step)
			}
		} else {
			*args = all
			args.Cols = min(TileCols, all.Cols)
			if pairs {
				TilePairs(args)
			} else {
				Tile(args)
			}
		}
		all.Cols -= panels * TileCols
		if all.Cols <= 0 {
			return
		}
		all.B, all.C = at(all.B, panels*step), at(all.C, panels*TileCols)
		if all.Bias != nil {
			all.Bias = at(all.Bias, panels*TileCols)
		}
		if all.Add != nil {
			all.Add = at(all.Add, panels*TileCols)
		}
	}
}

// panelOffsets are where the columns of four panels start.
var panelOffsets = [4]int32{0, TileCols, 2 * TileCols, 3 * TileCols}

// rowAVX512 is TileRow for four whole panels, which are the rows of the tile in C and
// Add. A starts at the first term.
//
//go:noescape
func rowAVX512(args *TileArgs, step int)

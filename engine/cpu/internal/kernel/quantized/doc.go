// Package quantized has the kernels of the CPU engine on integers of 8 bits; see package kernel for what all
// kernels have in common.
//
//	tile.go      rows that lie anywhere in memory times a packed panel of weights: convolution over NHWC without
//	             an im2col copy, and matrix products
//	pack.go      panels for tile.go
//	depthwise.go depthwise convolution
//	pool.go      maxima and averages of windows; global average pooling
//	elementwise.go  sums of two tensors, tables of 256 results, quantize and dequantize
//	output.go    how int32 sums become results: the formula that all kernels and the reference engine share
//	peak.go      the speed limit that tile.go is measured against
//
// # Numbers
//
// Activations are uint8 with one scale s and one zero point z for a tensor, and stand for s·(q − z). Weights are
// int8 with a scale for each output channel and without zero point, in the whole range −128 to 127. Sums are
// int32, and exact: no instruction that these kernels use saturates, whatever the operands. A sum may
// have 2³¹/(255·128) = 65,793 terms before it could wrap around.
//
// Padding of a source is its zero point, which stands for 0.
//
// # Same bits
//
// All instruction sets, and the twins, have the same bits: sums of integers do not depend on their order, and
// [Output] fixes each operation of float32 that follows.
//
// # A convolution
//
// For a source N×H×W×C of uint8, weights w[o][y][x][c] (OHWI) of int8, bias[o] of int32 in units of sx·sw[o], and
// the source's zero point z, with segs = kernel rows and run = kernel columns · C:
//
//	packed := make([]int8, PackedSize(O, segs, run))    // once
//	Pack(packed, w, O, segs, run, 0, Panels(O))
//	folded := make([]int32, Columns(O))
//	FoldBias(folded, bias, packed, O, segs, run, z)
//	scale := make([]float32, Columns(O))                // scale[o] = sx·sw[o]/sy
//	low, high := Bounds8(0, 6, sy, zy)                  // ReLU6; 0, +∞ for ReLU; −∞, +∞ for none
//	out := Output{Scale: &scale[0], Low: low, High: high, Zero: zy}
//
//	Tile(&TileArgs{                                     // for each panel of 32 channels
//		A: x, AOff: …, SegOff: …, Segs: segs, Run: run, // AOff: where the window of a pixel starts; SegOff: y·W·C
//		B: &packed[panel*PanelStep(segs, run)], Bias: &folded[panel*PanelCols], Output: &out, // out.Scale = &scale[panel*PanelCols]
//		C: y, COff: …, Rows: pixels, Cols: min(PanelCols, O-panel*PanelCols),
//	})
//
// A source with padding is first copied to a frame with z around it, as package conv does with zeros. Where pixels of
// the source are not side by side (a slot of a concatenation), or with dilation, a segment is one tap: segs = kernel rows · kernel
// columns, run = C. A result goes to a slot of a concatenation by COff alone. Run need not be a multiple of 4, but the terms of a
// segment are rounded up to one: a first layer of three channels and 7×7 taps has 7 segments of 21 bytes and computes 24,
// from the 8-bit picture itself; 3×3 taps have 3 of 9 and compute 12.
//
// A matrix product has one segment, Run = K.
//
// # A depthwise convolution
//
// Its weights are in the order w[y][x][c], and its channels in groups of 64, in an order of their own, in which bias and
// scales are too:
//
//	packed := make([]int8, PackedDepthwiseSize(C, rows, width))
//	PackDepthwise(packed, w, C, rows, width)
//	folded, scale := make([]int32, DepthwiseColumns(C)), make([]float32, DepthwiseColumns(C))
//	FoldDepthwiseBias(folded, bias, packed, C, rows, width, z)
//	DepthwiseOrder(scale, scales)                       // scales[c] = sx·sw[c]/sy
//
//	Depthwise(&DepthwiseArgs{                           // for each row of the output
//		Src: x, RowOff: …, Quads: Quads(rows),          // RowOff: y·(bytes of a row of the frame), filled up with zeros to 4·Quads
//		W: &packed[0], Bias: &folded[0], Output: &Output{Scale: &scale[0], …},
//		Dst: y, N: pixels of the row, DstStep: …, SrcStep: C, C: C, Width: width, Stride: stride,
//	})
//
// # Other layers
//
//	max pooling              MaxRow, which keeps scale and zero point
//	average, global pooling  AverageRow
//	sum of two tensors       Add; after a convolution, TileArgs.Add
//	activations              ReLU and ReLU6 are limits of the layer before; all others are tables for Lookup, made from
//	                         table[q] = what Quantize gives for f(s·(q − z))
//	concatenation            with one scale and zero point for all parts, nothing: each layer stores into its slot.
//	                         Otherwise a part is brought to those of the whole by Lookup
//	channels moved, padding  copies of bytes; padding is the zero point
//	flatten, linear          Tile with one segment
//
// All of them store bytes; the last layer stores float32 by TileArgs.Float, or Dequantize does.
package quantized

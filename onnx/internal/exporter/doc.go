// Package exporter turns a graph into the messages of an ONNX file.
//
// [Export] starts at the graph's output and writes what it is computed from. Each
// operator of package graph has a rule, which adds one ONNX node or several; rules.go
// has the table, and the rules are in files of families. A rule may take the operators
// before it into its own node: a bias becomes a part of Gemm, and a batch
// normalization a part of the convolution.
//
// # Batch sizes
//
// A graph is made for one batch size and has only numbers in its shapes. Export
// compares the graphs of two batch sizes: a size that differs is a multiple of the
// batch, and one that does not is a constant. Shapes that are arguments of ONNX nodes
// are written so that they hold for every batch; see dims.go.
//
// # Names
//
// Parameters and buffers keep their names in the state dict. A node is named by the path
// of its layer and its operator, such as "layer1.0.conv1/Conv", and its result likewise.
package exporter

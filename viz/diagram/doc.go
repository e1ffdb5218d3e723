// Package diagram draws the figures of texts about convolutional networks as SVG: grids of numbers with windows that
// move over them, networks as blocks, tensors as boxes, bars and curves.
//
// A figure is a struct that says what to draw; its method WriteSVG writes the file:
//
//	f := diagram.CrossCorrelation{
//		Title:  "Two-dimensional cross-correlation",
//		Input:  tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3)),
//		Kernel: tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2)),
//		Labels: diagram.Labels{Input: "input", Kernel: "kernel", Output: "output"},
//		Sum:    true,
//	}
//	err := f.WriteSVG(w)
//
// [CrossCorrelation], [Pooling] and [Channels] compute what they show. [Panels] arranges grids freely. [Network] draws
// a network from its graph, so that the figure cannot disagree with the code.
//
// All words come from the caller, in any language; only [Network] has the names of layers, in English and Chinese.
//
// # The files
//
// The same figure gives the same bytes on every platform. The files are small, load nothing, have no scripts and no ids, and
// classes that begin with sd-, so that several of them may stand in one HTML page as they are. They follow the colours of the
// page, light or dark, and are light on paper. Texts have 12 pixels or more where the figure is shown as wide as it is; most
// figures are at most 480 pixels wide, so that they can be read on a phone.
package diagram

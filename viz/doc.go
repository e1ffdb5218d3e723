// Package viz draws pictures of what happens in training.
//
// [Curves] makes the figure of Dive into Deep Learning: training loss,
// training accuracy and test accuracy against the epoch. It returns a
// [Figure], a small line chart that [Figure.WritePNG] and [Figure.WriteSVG]
// write out. The same data give the same bytes each time, on every platform
// with the same floating-point arithmetic.
//
// Texts are drawn in Liberation Sans, which comes along. Characters that it lacks, such
// as Chinese ones, need a font that is installed on this machine or named
// ([Figure.FontFile]); without one, a [MissingError] says which they are. Importing this
// package makes data.ContactSheet find fonts, too.
//
// The drawing is done by gonum.org/v1/plot.
package viz

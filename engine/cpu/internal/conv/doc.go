// Package conv plans convolutions and their gradients in NHWC: it chooses an
// algorithm for a shape and cuts the work into tasks.
//
// A [Problem] is one of the three operators of a convolution layer. [Choose]
// decides how it is computed, in choose.go and nowhere else, by the costs in
// costs.go. Its result is an [ImagePlan], for the output or the gradient with
// respect to the input, or a [WeightPlan], for the gradient with respect to the
// weights:
//
//   - [Direct] sums over kernel positions without copying the image (no im2col);
//   - [Col2im] multiplies first and adds up the products of each pixel afterwards;
//   - [Winograd] and [WinogradWeight] are Winograd's minimal filtering algorithms
//     (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016);
//   - [WeightGradient] sums outer products over pixels;
//   - [Depthwise] and [DepthwiseWeight] filter each channel by itself;
//   - [MBConv] computes a 1×1 convolution and the depthwise one after it together.
//
// Plans are pure computation on slices of float32. They depend on the shapes,
// the distances between pixels (SetPitch) and the limits of package work alone, so
// that the same plan gives the same bits on any number of threads. They rely on
// callers for the sizes of slices and for readable memory after them where the
// method NeedsSlack says so.
package conv

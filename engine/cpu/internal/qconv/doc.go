// Package qconv plans convolutions of bytes with weights of 8-bit integers: which blocks and tasks a convolution is
// cut into, and how the kernels of package quantized compute them.
//
// Images are N×H×W×C. A task computes some rows of one image, or some images, for a range of the panels
// of output channels; sources with padding are copied to a frame with the zero point around it. Sums of
// integers are exact, so results do not depend on how work is cut.
package qconv

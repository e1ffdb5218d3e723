// Package jpeg decodes JPEG files to the pixels of libjpeg-turbo, bit for bit, and
// as fast: without cgo, into planes that networks take their input from.
//
//	var decoder jpeg.Decoder
//	var picture raster.Raster
//	err := decoder.Decode(&picture, file, jpeg.Options{Color: jpeg.RGB})
//
// A [Decoder] reads a whole file from memory into a raster and keeps its memory for
// the next one. [Decode] and [DecodeConfig] are those of package image; package
// register registers them.
//
// # What is decoded
//
// Baseline, extended sequential and progressive files of 8 bits a sample: grey,
// YCbCr, RGB, CMYK and YCCK, with every whole sampling ratio; restart intervals,
// quantisation tables of 16 bits, heights that follow the first scan (DNL), scans in
// any number, bytes behind the end. Arithmetic coding, lossless and hierarchical
// files and those of 12 bits are refused by name, and so is what libjpeg refuses: a
// component at 2/3 of another's width, MCUs of more than 10 blocks.
//
// Metadata are skipped but for EXIF's orientation, which [Info] has, and the colour
// transform of Adobe's segment.
//
// # Equality
//
// Pixels are those of libjpeg-turbo 3 with its default settings, and so those of
// Pillow: the accurate integer inverse DCT, triangle filters for chroma of half the
// width or height ("fancy upsampling"), its integers for colours, its scaled inverse
// DCT for Options.Scale, and its estimate of missing coefficients where a
// progressive file is not complete ("block smoothing"). CMYK becomes RGB as
// by Pillow's convert.
//
// Damaged files give libjpeg's pixels, too. Where data end early the rest of a scan, or
// of a restart interval, is left as it was: grey, or with less detail. libjpeg warns
// of it and goes on; here it is a *[TruncatedError] if it is the file that ends.
//
// # Limits
//
// Options.MaxPixels is checked before memory is allocated. A sequential picture of one scan
// takes the memory of its pixels and of some rows; others take two bytes more for
// each sample. Scans after the first hundred or so are refused if they are much
// shorter than the picture, so that time is linear in the size of the file and of
// the picture.
package jpeg

// Package raster holds pictures as 8-bit planes and changes them as Pillow does:
// what a picture file is after decoding, and before normalisation.
//
// A [Raster] has one channel (grey) or three (red, green, blue). Package
// preprocess makes rasters of picture files, package imagecache keeps them on
// disk, and a training set's augmentation cuts the network's input out of them.
// [FromImage] makes one of an image.Image, and [Raster.Image] the other way
// round. A [Resizer] resizes a raster, or a region of it, with one of Pillow's
// filters; the other functions are the operations with which package augment
// makes versions of an image: affine and perspective transforms, brightness,
// contrast, saturation, hue, sharpness, blur, and changes of the histogram.
//
//	var resizer raster.Resizer
//	resizer.Resize(&small, photo, 224, 224, raster.Bicubic)
//
// # Equality
//
// Resizing gives the very bytes of Image.resize of Pillow 13, for every filter,
// size and region. Pillow 2.7 to 12 give the same bytes except for pictures
// whose height shrinks by more than twice as many pixels as their width: there
// Pillow 13 resizes the columns first, and a byte here and there differs by a
// level or two. The other operations give the bytes of
// torchvision.transforms.functional 0.29 applied to PIL images of mode L or RGB,
// where their comments do not say otherwise. testdata/make_golden.py says how
// that was checked.
//
// # Memory
//
// Functions with a dst and a src set the size of dst and reuse its memory; the
// two must not be the same raster. The others change a raster in place. In
// steady state nothing is allocated. Unless it says so no function checks its
// raster: one whose Pix is shorter than its size says makes them panic.
package raster

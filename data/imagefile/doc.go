// Package imagefile reads picture files.
//
// [Open] and [Decode] read PNG, JPEG, GIF, BMP and WebP; of an animation, the first
// frame. A [Decoder] reads them into 8-bit planes and keeps its memory. The size that a
// file claims is checked before memory is allocated for it. A JPEG, PNG or WebP whose EXIF
// or XMP data says that the camera was turned comes upright. Package preprocess makes the input of a network of a picture.
//
// The pixels are those that Pillow reads: docs/pictures.md has a table of formats and
// their properties.
//
// A JPEG file that is cut short is an error, unless Options.Warn asks for what is
// there of it. [Probe] reads the beginning of a file only.
//
// Caveat. Colour profiles are ignored.
package imagefile

// Package imagefile reads picture files.
//
// [Open] and [Decode] read PNG, JPEG, GIF (its first frame), BMP and WebP. The
// size that a file claims is checked before memory is allocated for it, and a JPEG
// whose EXIF data says that the camera was turned comes upright. Package
// preprocess makes the input of a network of a picture.
//
// Caveat. Colour profiles are ignored.
package imagefile

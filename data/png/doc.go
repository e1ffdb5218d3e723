// Package png decodes PNG files as fast as Pillow, without cgo, into planes that networks
// take their input from.
//
//	var decoder png.Decoder
//	var picture raster.Raster
//	err := decoder.Decode(&picture, file, png.Options{Color: png.RGB})
//
// A [Decoder] reads a file from an io.Reader into a raster and keeps its memory for the
// next one. [Decoder.DecodeImage] gives an image of package image, with transparency.
// Inflating is klauspost/compress's, undoing the filters is this package's.
//
// # What is decoded
//
// All colour types and bit depths of the standard (PNG, third edition), plain and
// interlaced (Adam7), with transparency by an alpha channel or a tRNS chunk. Of an animation
// (APNG) it is the default image, which every PNG decoder shows. The checksums of
// all chunks and of the pixels are verified. A file that is cut short is an error; there
// is no partial picture.
//
// # Values
//
// Values have 8 bits. Those of 16 bits become their high byte; those of 1, 2 and 4 bits
// are repeated to fill a byte, so that the greatest is 255. An index beyond the palette is
// opaque black. In a raster, transparent pixels lie on white. Colour profiles,
// gamma and background colours are ignored, as by Pillow. [Info] has the bytes of EXIF and XMP.
//
// image/png gives the same pixels, except that here
//
//   - of the grey level that tRNS declares transparent, the bits beyond the picture's depth
//     are ignored, as the standard has it;
//   - a file whose first chunk is not its header is refused;
//   - bytes that follow the compressed pixels within an IDAT chunk are ignored, as
//     libpng does; image/png ignores some of them.
//
// # Limits
//
// Options.MaxPixels is checked before memory is allocated. Beside the raster, decoding takes
// the memory of three rows as they are stored, one of four bytes a pixel, and some 100 kB.
// No more is inflated than the header implies: data that would yield more are an error.
// Bytes of chunks that are not used are skipped, whatever length they claim.
package png

// Package kernel has the innermost loops of package jpeg: dequantisation with the inverse
// DCT, upsampling of chroma, and conversion of colours. A call handles a whole row.
//
// Every function gives the very bytes of libjpeg-turbo 3 with its default settings on
// x86-64, which is the library in PyPI's Pillow:
//
//   - [InverseDCT] of size 8 is libjpeg's accurate integer transform ("islow") by Loeffler,
//     Ligtenberg and Moschytz (1989); sizes 4, 2 and 1 are its reduced transforms, which
//     leave out the highest frequencies.
//   - The upsampling functions whose names do not say Replicate are its triangle filters
//     ("fancy upsampling"): a new sample is 3/4 of the nearer one and 1/4 of the farther one.
//   - Colours are those of JFIF, which are ITU-R BT.601 in the full range.
//
// This holds for coefficients that no encoder writes, too. libjpeg-turbo's vector code
// multiplies coefficients and quantisers in 16 bits, which wraps around, and limits what
// goes from columns to rows to 16 bits. So do the functions here, where libjpeg's portable
// C code would give something else.
//
// # Assembly
//
// Each function is AVX2 assembly on amd64 and NEON assembly on arm64, as package
// internal/isa says, and plain Go, its twin, elsewhere, for rows that are too short, and as
// the oracle of the tests; all give the same bytes. Rows of a result must not overlap those
// that it is made of: the last samples of a row are computed together with some before
// them, a second time.
package kernel

// Command bytes writes the AVX2 assembly of the kernels that work on pictures of 8 bits:
//
//	bytes -out FILE PACKAGE
//
// writes that of jpeg, package data/jpeg/internal/kernel, of png, package
// data/png/internal/kernel, or of resample, package data/raster/internal/resample. It is
// run by go generate there.
//
// # Inverse DCT: idct.go, idctreduced.go
//
// Two blocks of a row lie side by side in a register, one in each half: eight 16-bit
// lanes are a row of a block. Columns are transformed first, in all lanes at once; then the
// blocks are transposed, and the same is done with the rows. Products of 16-bit numbers are
// added in pairs to 32 bits. Blocks whose last coefficients are zero take shorter ways.
//
// # Rows: row.go and the other files
//
// A kernel that goes through a row needs as many samples as fit into a register: 32. A turn
// that would go beyond the end starts earlier instead, so that some samples are computed
// twice.
//
// # Filters of PNG: unfilter.go
//
// Most go from pixel to pixel, see data/png/internal/kernel.
//
// # Resizing: resample.go
//
// A new row is a weighted sum of old ones, of 32 columns at a time. A new column is the same
// of columns: 32 rows are transposed first, eight columns at a time.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	// Generate reads the flags.
	flag.Usage = func() {}
	flag.Parse()
	ConstraintExpr("amd64,!noasm")
	switch name := flag.Arg(0); name {
	case "jpeg":
		inverseDCT8()
		inverseDCT4()
		inverseDCT2()
		upsampleH2V1()
		upsampleH2V2()
		upsampleH1V2()
		toRGB()
		toRGBA()
	case "png":
		up()
		sub("sub3SIMD", 3)
		sub("sub4SIMD", 4)
		average("average3SIMD", 3)
		average("average4SIMD", 4)
		paeth("paeth3SIMD", 3)
		paeth("paeth4SIMD", 4)
		split()
	case "resample":
		weightedColumns()
		toColumns()
		toRows()
	default:
		log.Fatalf("no kernels for package %q", name)
	}
	Generate()
}

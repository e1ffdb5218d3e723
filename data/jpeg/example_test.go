package jpeg_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

func Example() {
	file, err := os.ReadFile("testdata/boat.jpg")
	if err != nil {
		log.Fatal(err)
	}
	var decoder jpeg.Decoder // keeps its memory for the next picture
	var picture raster.Raster
	if err := decoder.Decode(&picture, file, jpeg.Options{Color: jpeg.RGB}); err != nil {
		log.Fatal(err)
	}
	info := decoder.Info()
	fmt.Printf("%d×%d pixels of %v, orientation %d\n", info.Width, info.Height, info.ColorSpace, info.Orientation)
	fmt.Println("the first pixel:", picture.Plane(0)[0], picture.Plane(1)[0], picture.Plane(2)[0])
	// Output:
	// 96×72 pixels of YCbCr, orientation 1
	// the first pixel: 151 200 240
}

// A file that is cut short is decoded as far as it goes.
func ExampleTruncatedError() {
	file, err := os.ReadFile("testdata/boat.jpg")
	if err != nil {
		log.Fatal(err)
	}
	var decoder jpeg.Decoder
	var picture raster.Raster
	err = decoder.Decode(&picture, file[:len(file)-200], jpeg.Options{})
	if short := (*jpeg.TruncatedError)(nil); errors.As(err, &short) {
		fmt.Println(err)
		fmt.Println(picture.Height, "rows, of which the last ones are grey:", picture.Plane(0)[len(picture.Plane(0))-1])
	}
	// Output:
	// jpeg: the data end in row 48 of 72
	// 72 rows, of which the last ones are grey: 128
}

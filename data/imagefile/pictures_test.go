package imagefile_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefile"
)

var update = flag.Bool("update", false, "write docs/pictures.md")

// A golden is a picture of testdata/pictures and what Pillow reads of it, written by
// testdata/make_pictures.py.
type golden struct {
	File, Format, Property string
	Width, Height          int
	RGBA                   []byte
	// Why says why the pixels are not Pillow's: it is wrong, or reads nothing.
	Why string
}

func goldens(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("testdata/pictures.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	in := bufio.NewScanner(z)
	for in.Scan() {
		var g golden
		if err := json.Unmarshal(in.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

const noTIFF = "is a TIFF picture, not a PNG, JPEG, GIF, BMP or WebP picture"

// refused are the pictures that are not read, with a part of the error.
var refused = map[string]string{
	"truncated.png":      "is cut short: the PNG data ends too early",
	"truncated.jpg":      "is cut short: the JPEG data ends too early",
	"truncated.gif":      "is cut short: the GIF data ends too early",
	"beyond.gif":         "frame bounds larger than image bounds",
	"no-palette.gif":     "no color table",
	"truncated.bmp":      "is cut short: the BMP data ends too early",
	"truncated.webp":     "is cut short: the WebP data ends too early",
	"jpeg-inside.bmp":    "pixels of 24 bits with compression 4 are not read",
	"rgb.tif":            noTIFF,
	"rgb-big-endian.tif": noTIFF,
}

// furthest is the largest difference between a picture's values and the right
// ones. A pixel that is fully transparent in both has no colour to compare.
func furthest(picture image.Image, g golden) int {
	far := 0
	at := picture.Bounds().Min
	for y := range g.Height {
		for x := range g.Width {
			want := g.RGBA[4*(y*g.Width+x):]
			c := color.NRGBAModel.Convert(picture.At(at.X+x, at.Y+y)).(color.NRGBA)
			for i, got := range []uint8{c.R, c.G, c.B, c.A} {
				if i == 3 || c.A > 0 || want[3] > 0 {
					far = max(far, int(got)-int(want[i]), int(want[i])-int(got))
				}
			}
		}
	}
	return far
}

// TestPictures reads every picture and compares it with what is right.
func TestPictures(t *testing.T) {
	all := goldens(t)
	unknown := maps.Clone(refused)
	for _, g := range all {
		want := refused[g.File]
		delete(unknown, g.File)
		picture, err := imagefile.Open(filepath.Join("testdata", "pictures", g.File), imagefile.Options{})
		switch {
		case want != "":
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", g.File, err, want)
			}
		case err != nil:
			t.Error(err)
		case g.RGBA == nil:
			t.Errorf("%s is read, but the golden file does not say what is right", g.File)
		case picture.Bounds().Size() != image.Pt(g.Width, g.Height):
			t.Errorf("%s: size %v, want %d×%d", g.File, picture.Bounds().Size(), g.Width, g.Height)
		default:
			if far := furthest(picture, g); far > 0 {
				t.Errorf("%s: a value is %d off", g.File, far)
			}
		}
	}
	for name := range unknown {
		t.Errorf("%s is to be refused, but there is no such picture", name)
	}
	files, err := os.ReadDir("testdata/pictures")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(all) || len(all) < 150 {
		t.Errorf("there are %d pictures and %d golden lines", len(files), len(all))
	}
}

const aboutPictures = `# How pictures are read

Each line is a small picture in data/imagefile/testdata/pictures and says how package imagefile reads it, beside Pillow 13.0.0.
This file is written by ` + "`go test ./data/imagefile -run TestPicturesDocument -update`" + `; the tests compare every picture with the golden
values and fail when this file is stale. ` + "`testdata/make_pictures.py`" + ` makes the pictures and the golden values.

- **same**: the bytes of Pillow's ` + "`ImageOps.exif_transpose(picture).convert(\"RGBA\")`" + `.
- **right**: by the format's standard, where Pillow does otherwise.
- **refused**: an error with these words, after the file's name.

Colour profiles and gamma are ignored, as Pillow does. Of an animation, the first frame is read. A picture is turned by the EXIF orientation of a JPEG's
APP1 segment, a PNG's eXIf chunk or a WebP's EXIF chunk, stored as any integer type; where EXIF has none, by that of XMP (in PNG, if it is not compressed).
`

const picturesSpeed = `
## How fast

One thread of an AMD EPYC with AVX-512, 20 pictures of ImageNet (500 × 375 pixels, most of them), in turns with Pillow 13.0.0 and torchvision 0.29:
medians of ` + "`go run ./bench/pictures FOLDER`" + `.

| | Stride, pictures/s | Pillow or torchvision, pictures/s | × |
|---|---:|---:|---:|
| decode JPEG | 1104 | 721 | 1.60 |
| decode JPEG, progressive | 406 | 251 | 1.62 |
| decode JPEG at 1/2 and resize to 256, bicubic | 1082 | 383 | 2.74 |
| JPEG to the normalised 224 × 224 tensor, bilinear (torchvision) | 867 | 474 | 1.80 |
| resize 500 × 375 to 341 × 256, bicubic | 5116 | 467 | 11.0 |
| resize 500 × 375 to 341 × 256, bilinear | 4487 | 747 | 7.67 |
| resize 500 × 375 to 341 × 256, bicubic, and crop 224 × 224 | 7114 | 370 | 19.3 |
| decode PNG | 274 | 204 | 1.35 |

Pixels of both are equal, but for torchvision's, whose resizing of tensors rounds otherwise (one level). Decoding JPEG is 5.3 times as fast as Go's image/jpeg.
Go's image/png decodes 130 PNG files a second, Stride with the kernels in Go 220.

Without assembly (STRIDE_KERNELS=generic), Stride decodes to red, green and blue, and Go's image/jpeg leaves the picture YCbCr, or image/draw
makes it RGBA:

| | Stride, pictures/s | Go 1.26, pictures/s | × |
|---|---:|---:|---:|
| the same pictures, image/jpeg to YCbCr | 389 | 209 | 1.86 |
| the same pictures, image/jpeg and image/draw to RGBA | 387 | 180 | 2.15 |
| 20 smaller photos, image/jpeg to YCbCr | 956 | 680 | 1.41 |
| 20 smaller photos, image/jpeg and image/draw to RGBA | 956 | 511 | 1.88 |

## Decoding at a reduced size

` + "`stride train FOLDER --draft`" + ` (in a library: Draft of preprocess.Config, or of imagefile.Options) decodes a JPEG file at 1/2, 1/4 or 1/8 of its size, the smallest
that is still at least twice the size to resize to, as draft does in Pillow. With an input of 224 pixels that begins at a shorter side of 1024 pixels: photos of a phone, not
those of ImageNet. The values then are not those of the whole picture, but a level or two apart. The choice is recorded with the model, so that predict and eval make it, too.
`

// TestPicturesDocument writes docs/pictures.md, or checks that it is what would be
// written.
func TestPicturesDocument(t *testing.T) {
	var text strings.Builder
	text.WriteString(aboutPictures)
	var formats []string
	for _, g := range goldens(t) {
		if !slices.Contains(formats, g.Format) {
			formats = append(formats, g.Format)
			fmt.Fprintf(&text, "\n## %s\n\n| picture | property | how it is read |\n|---|---|---|\n", g.Format)
		}
		how := "same"
		switch {
		case refused[g.File] != "":
			how = "refused: " + refused[g.File]
		case g.Why != "":
			how = "right: " + g.Why
		}
		fmt.Fprintf(&text, "| %s | %s | %s |\n", g.File, g.Property, how)
	}
	text.WriteString(picturesSpeed)
	path := filepath.Join("..", "..", "docs", "pictures.md")
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), []byte(text.String())) {
		t.Error("docs/pictures.md is stale: run go test ./data/imagefile -run TestPicturesDocument -update")
	}
}

package imagefile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefile"
)

func open(t testing.TB, name string) image.Image {
	t.Helper()
	picture, err := imagefile.Open(filepath.Join("testdata", name), imagefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func TestOpenFormats(t *testing.T) {
	want := open(t, "picture.png")
	for _, name := range []string{"picture.png", "picture.bmp", "picture.webp", "picture.gif"} {
		got := open(t, name)
		if got.Bounds() != image.Rect(0, 0, 37, 23) {
			t.Errorf("%s: bounds %v", name, got.Bounds())
			continue
		}
		for y := range 23 {
			for x := range 37 {
				if name != "picture.gif" && color.NRGBAModel.Convert(got.At(x, y)) != color.NRGBAModel.Convert(want.At(x, y)) {
					t.Fatalf("%s: pixel %d, %d is %v, want %v", name, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

// claimed is a PNG file that claims a size but has no pixels.
func claimed(w, h uint32) []byte {
	chunk := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(chunk[4:], w)
	binary.BigEndian.PutUint32(chunk[8:], h)
	chunk[12] = 8
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
}

func TestBadPictures(t *testing.T) {
	good, err := os.ReadFile("testdata/picture.png")
	if err != nil {
		t.Fatal(err)
	}
	webp, err := os.ReadFile("testdata/picture.webp")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		input []byte
		max   int
		want  string
	}{
		{"empty", nil, 0, "p is empty: want a PNG"},
		{"text", []byte("hello, world"), 0, "p is not a PNG, JPEG, GIF, BMP or WebP picture"},
		{"absurd", claimed(65000, 65000), 0, "p claims a size of 65000×65000 pixels: want at most 100000000 pixels"},
		{"one over", claimed(11, 10), 109, "p claims a size of 11×10 pixels: want at most 109 pixels"},
		{"widest", claimed(1<<31-1, 1), 0, "p claims a size of 2147483647×1 pixels"},
		{"no pixels", claimed(9, 9), 0, "p is cut short: the PNG data ends too early"},
		{"no size", claimed(0, 9), 0, "p "},
		{"half", good[:len(good)/2], 0, "p is cut short: the PNG data ends too early: unexpected EOF"},
		{"header cut", good[:20], 0, "p is cut short"},
		{"webp cut", webp[:60], 0, "p "},
		{"checksum", append(append(bytes.Clone(good[:100]), good[100]^1), good[101:]...), 0, "p cannot be read: png: the compressed pixels are damaged"},
	} {
		_, err := imagefile.Decode(bytes.NewReader(c.input), "p", imagefile.Options{MaxPixels: c.max})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := imagefile.Open("testdata/none.png", imagefile.Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.png") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := imagefile.Open("testdata", imagefile.Options{}); err == nil || !strings.Contains(err.Error(), "testdata is a folder") {
		t.Errorf("folder: %v", err)
	}
	broken := errors.New("broken")
	if _, err := imagefile.Decode(io.MultiReader(bytes.NewReader(good[:50]), failing{broken}), "p", imagefile.Options{}); !errors.Is(err, broken) {
		t.Errorf("broken reader: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// withOrientation is a JPEG file of a 32×16 picture, its left upper quarter
// white and its right upper one grey, with EXIF data.
func withOrientation(t testing.TB, grey bool, order binary.AppendByteOrder, value uint16) []byte {
	t.Helper()
	var picture image.Image
	if grey {
		picture = image.NewGray(image.Rect(0, 0, 32, 16))
	} else {
		picture = image.NewRGBA(image.Rect(0, 0, 32, 16))
	}
	for y := range 8 {
		for x := range 32 {
			level := color.Gray{255}
			if x >= 16 {
				level.Y = 128
			}
			picture.(interface{ Set(x, y int, c color.Color) }).Set(x, y, level)
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	name := "MM"
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		name = "II"
	}
	exif := append([]byte("Exif\x00\x00"), name...)
	exif = order.AppendUint16(exif, 42)
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 2) // entries
	for _, entry := range [][2]uint16{{0x0100, 32}, {0x0112, value}} {
		exif = order.AppendUint16(exif, entry[0])
		exif = order.AppendUint16(exif, 3)
		exif = order.AppendUint32(exif, 1)
		exif = order.AppendUint16(exif, entry[1])
		exif = order.AppendUint16(exif, 0)
	}
	out := append([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xe1}, byte((len(exif)+2)>>8), byte(len(exif)+2))
	return append(append(out, exif...), file.Bytes()[2:]...)
}

func TestOrientation(t *testing.T) {
	// Where the white and the grey quarter end up: by the standard, the value
	// says which sides the stored first row and first column are.
	for value, want := range map[uint16][2]string{
		0: {"left top", "right top"},
		1: {"left top", "right top"}, // row is top, column is left
		2: {"right top", "left top"}, // top, right
		3: {"right bottom", "left bottom"},
		4: {"left bottom", "right bottom"},
		5: {"left top", "left bottom"},   // row is left, column is top
		6: {"right top", "right bottom"}, // right, top
		7: {"right bottom", "right top"},
		8: {"left bottom", "left top"},
		9: {"left top", "right top"},
	} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			for _, grey := range []bool{true, false} {
				picture, err := imagefile.Decode(bytes.NewReader(withOrientation(t, grey, order, value)), "p", imagefile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				size := picture.Bounds().Size()
				if turned := value >= 5 && value <= 8; turned != (size == image.Pt(16, 32)) {
					t.Errorf("orientation %d: size %v", value, size)
				}
				found := [2]string{}
				for _, place := range []struct {
					name string
					x, y int
				}{
					{"left top", size.X / 4, size.Y / 4}, {"right top", size.X * 3 / 4, size.Y / 4},
					{"left bottom", size.X / 4, size.Y * 3 / 4}, {"right bottom", size.X * 3 / 4, size.Y * 3 / 4},
				} {
					switch level := color.GrayModel.Convert(picture.At(place.x, place.y)).(color.Gray).Y; {
					case level > 240:
						found[0] = place.name
					case level > 100:
						found[1] = place.name
					}
				}
				if found != want {
					t.Errorf("orientation %d, %v, grey %v: white and grey at %q, want %q", value, order, grey, found, want)
				}
			}
		}
	}
}

func ExampleOpen() {
	picture, err := imagefile.Open("testdata/picture.png", imagefile.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(picture.Bounds().Size())
	_, err = imagefile.Open("imagefile.go", imagefile.Options{})
	fmt.Println(err)
	// Output:
	// (37,23)
	// imagefile.go is not a PNG, JPEG, GIF, BMP or WebP picture: image: unknown format
}

package imagefile_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefile"
)

// TestCutJPEG cuts JPEG files at many places: what is read must be that of the
// whole file down to some row, and grey below; and the longer the file, the more.
func TestCutJPEG(t *testing.T) {
	for _, name := range []string{"420.jpg", "444.jpg", "grey.jpg", "restarts.jpg", "sampling-4x1.jpg", "cmyk.jpg", "orientation-1.jpg"} {
		file, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := imagefile.Decode(bytes.NewReader(file), name, imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		most := -1
		for n := 100; n < len(file)-1; n++ { // in the end only the marker of the end is missing
			warning := ""
			part, err := imagefile.Decode(bytes.NewReader(file[:n]), name, imagefile.Options{Warn: func(w string) { warning = w }})
			if err != nil {
				if most > 0 {
					t.Fatalf("%s: %d of %d bytes: %v after fewer bytes could be read", name, n, len(file), err)
				}
				continue
			}
			if !strings.HasPrefix(warning, name+" is cut short: ") || part.Bounds() != whole.Bounds() {
				t.Fatalf("%s: %d bytes: warning %q, bounds %v", name, n, warning, part.Bounds())
			}
			rows := sameRows(part, whole)
			if rows < most || rows == 0 {
				t.Fatalf("%s: %d bytes: %d rows, fewer bytes gave %d", name, n, rows, most)
			}
			most = rows
			if bottom := part.Bounds().Max.Y - 1; rows < part.Bounds().Dy()-32 {
				if got := color.GrayModel.Convert(part.At(0, bottom)); got != (color.Gray{128}) {
					t.Fatalf("%s: %d bytes: the last row is %v, want grey", name, n, got)
				}
			}
		}
		if most < whole.Bounds().Dy() {
			t.Errorf("%s: all but a few bytes give %d rows of %d", name, most, whole.Bounds().Dy())
		}
	}
}

// sameRows counts the rows from the top that are equal.
func sameRows(a, b image.Image) int {
	left, right := toRGBA(a), toRGBA(b)
	for y := range left.Rect.Dy() {
		if !bytes.Equal(left.Pix[y*left.Stride:][:left.Stride], right.Pix[y*right.Stride:][:right.Stride]) {
			return y
		}
	}
	return left.Rect.Dy()
}

func toRGBA(picture image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: picture.Bounds().Size()})
	draw.Draw(out, out.Rect, picture, picture.Bounds().Min, draw.Src)
	return out
}

// TestCutProgressive: a progressive file loses detail, and rows only where its
// first scan is cut.
func TestCutProgressive(t *testing.T) {
	for _, name := range []string{"progressive.jpg", "progressive-420.jpg"} {
		file, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
		if err != nil {
			t.Fatal(err)
		}
		var sayings []string
		for n := 100; n < len(file); n += 5 {
			part, err := imagefile.Decode(bytes.NewReader(file[:n]), name, imagefile.Options{Warn: func(w string) {
				_, what, _ := strings.Cut(w, "cut short: ")
				if len(sayings) == 0 || sayings[len(sayings)-1] != what {
					sayings = append(sayings, what)
				}
			}})
			if err == nil && part.Bounds().Empty() {
				t.Fatalf("%s: %d bytes give an empty picture", name, n)
			}
		}
		if len(sayings) == 0 || sayings[len(sayings)-1] != "the picture has less detail than it should have" {
			t.Errorf("%s: %q", name, sayings)
		}
	}
}

// TestCutStaysError: without Warn, of other formats, and where nothing is there, a
// file that is cut short is an error.
func TestCutStaysError(t *testing.T) {
	warn := imagefile.Options{Warn: func(w string) { t.Errorf("warning %q", w) }}
	for name, options := range map[string]imagefile.Options{"truncated.jpg": {}, "truncated.png": warn, "truncated.gif": warn, "truncated.bmp": warn, "truncated.webp": warn} {
		if _, err := imagefile.Open(filepath.Join("testdata", "pictures", name), options); err == nil || !strings.Contains(err.Error(), "is cut short") {
			t.Errorf("%s: %v", name, err)
		}
	}
	file, err := os.ReadFile(filepath.Join("testdata", "pictures", "420.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := imagefile.Decode(bytes.NewReader(file[:40]), "f", warn); err == nil || !strings.Contains(err.Error(), "is cut short") {
		t.Errorf("40 bytes: %v", err)
	}
}

// TestCutLimit: the size that a cut file claims is checked first.
func TestCutLimit(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "pictures", "truncated.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	options := imagefile.Options{MaxPixels: 10, Warn: func(w string) { t.Errorf("warning %q", w) }}
	if _, err := imagefile.Decode(bytes.NewReader(file), "f", options); err == nil || !strings.Contains(err.Error(), "want at most 10 pixels") {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	dir := filepath.Join("testdata", "pictures")
	for name, want := range map[string]imagefile.Info{
		"420.jpg": {Format: "JPEG"}, "truncated.jpg": {Format: "JPEG"}, "grey-1.png": {Format: "PNG"}, "lossy.webp": {Format: "WebP"},
		"lossless.webp": {Format: "WebP"}, "animated-lossy.webp": {Format: "WebP"}, "canvas.gif": {Format: "GIF"}, "rle8.bmp": {Format: "BMP"},
	} {
		got, err := imagefile.Probe(filepath.Join(dir, name), imagefile.Options{})
		if err != nil || got.Format != want.Format {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		if strings.HasPrefix(name, "truncated") {
			continue
		}
		picture, err := imagefile.Open(filepath.Join(dir, name), imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size != image.Pt(got.Width, got.Height) {
			t.Errorf("%s: %v, the picture has %v", name, got, size)
		}
	}
	for name, want := range map[string]string{"rgb.tif": "is a TIFF picture", "nope.png": "no such file", "": "is a folder"} {
		if _, err := imagefile.Probe(filepath.Join(dir, name), imagefile.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := imagefile.Probe(filepath.Join(dir, "420.jpg"), imagefile.Options{MaxPixels: 4}); err == nil || !strings.Contains(err.Error(), "want at most 4 pixels") {
		t.Error(err)
	}
}

func FuzzCutJPEG(f *testing.F) {
	for _, name := range []string{"420.jpg", "restarts.jpg", "progressive.jpg", "cmyk.jpg"} {
		file, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file[:len(file)/2])
		f.Add(file[:len(file)*9/10])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		warned := false
		picture, err := imagefile.Decode(bytes.NewReader(file), "f", imagefile.Options{MaxPixels: 1 << 20, Warn: func(string) { warned = true }})
		if err != nil && warned || err == nil && picture.Bounds().Empty() {
			t.Fatalf("warned %v, error %v", warned, err)
		}
		if err != nil && strings.Contains(err.Error(), "decoder failed") {
			t.Fatal(err)
		}
	})
}

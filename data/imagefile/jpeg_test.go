package imagefile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/raster"
)

// TestCutJPEG cuts JPEG files at many places: the pixels are Pillow's, and the
// warning says how much is there.
func TestCutJPEG(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "cut.txt"))
	if err != nil {
		t.Fatal(err)
	}
	sayings := map[string]int{}
	lines := strings.Fields(string(golden))
	for ; len(lines) > 0; lines = lines[3:] {
		name := lines[0] + ".jpg"
		n, err := strconv.Atoi(lines[1])
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
		if err != nil {
			t.Fatal(err)
		}
		warning := ""
		picture, err := imagefile.Decode(bytes.NewReader(file[:n]), name, imagefile.Options{Warn: func(w string) { warning = w }})
		if err != nil {
			t.Fatal(err)
		}
		pixels := raster.FromImage(picture, 3)
		size := pixels.Height * pixels.Width
		interleaved := make([]byte, 3*size)
		for i, v := range pixels.Pix {
			interleaved[i%size*3+i/size] = v
		}
		if sum := sha256.Sum256(interleaved); hex.EncodeToString(sum[:]) != lines[2] {
			t.Errorf("%s: %d of %d bytes give other pixels than in Pillow", name, n, len(file))
		}
		_, saying, ok := strings.Cut(warning, name+" is cut short: ")
		if !ok {
			t.Errorf("%s: %d of %d bytes: warning %q", name, n, len(file), warning)
		}
		sayings[strings.TrimLeft(saying, "0123456789")]++
		_, err = imagefile.Decode(bytes.NewReader(file[:n]), name, imagefile.Options{})
		if want := name + " is cut short: the JPEG data ends too early: unexpected EOF: " + saying; err == nil || err.Error() != want {
			t.Errorf("%s: %d of %d bytes: error %q, want %q", name, n, len(file), err, want)
		}
	}
	for _, want := range []string{
		" % of the picture is there, and the rest is grey",
		" % of the picture is there, with less detail than it should have, and the rest is grey",
		"the picture has less detail than it should have",
	} {
		if sayings[want] < 2 {
			t.Errorf("%d warnings say %q", sayings[want], want)
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

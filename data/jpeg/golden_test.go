package jpeg_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/isa"
)

//go:embed testdata/golden.tar.gz
var goldenArchive []byte

//go:embed testdata/golden.txt
var goldenText string

// goldenFiles are the JPEG files that testdata/make_golden.py made.
func goldenFiles(t testing.TB) map[string][]byte {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(goldenArchive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

// pixelHash is the hash that golden.txt has of a picture: of its pixels, interleaved.
func pixelHash(r *raster.Raster) string {
	pixels := make([]byte, len(r.Pix))
	for c := range r.Channels {
		for i, v := range r.Plane(c) {
			pixels[i*r.Channels+c] = v
		}
	}
	return fmt.Sprintf("%x", sha256.Sum256(pixels))[:16]
}

// TestGolden compares pixels with Pillow's, at each scale, with each instruction set.
func TestGolden(t *testing.T) {
	files := goldenFiles(t)
	for _, set := range isa.Available() {
		t.Run(set, func(t *testing.T) {
			restore, err := isa.Set(set)
			if err != nil {
				t.Fatal(err)
			}
			defer restore()
			compareGolden(t, files)
		})
	}
}

func compareGolden(t *testing.T, files map[string][]byte) {
	var decoder jpeg.Decoder
	var picture raster.Raster
	compared := 0
	for line := range strings.Lines(goldenText) {
		var name, mode, hash string
		var scale, width, height int
		if _, err := fmt.Sscan(line, &name, &scale, &width, &height, &mode, &hash); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		err := decoder.Decode(&picture, files[name], jpeg.Options{Scale: scale})
		short := (*jpeg.TruncatedError)(nil)
		switch {
		case mode == "error":
			// Of a damaged file whose last segment goes beyond its end there are some scans.
			if err == nil || errors.As(err, &short) && name != "damaged/deep-3" {
				t.Errorf("%s is decoded (%v): Pillow does not read it", name, err)
			}
		case err != nil && !errors.As(err, &short):
			t.Errorf("%s: %v", name, err)
		case short != nil && !strings.HasPrefix(name, "cut/") && !strings.HasPrefix(name, "damaged/") && !strings.HasPrefix(name, "script/"):
			t.Errorf("%s: %v: want no error", name, err)
		case picture.Width != width || picture.Height != height || picture.Channels != len(mode):
			t.Errorf("%s at 1/%d is %d×%d×%d: want %d×%d×%d", name, scale, picture.Channels, picture.Height, picture.Width, len(mode), height, width)
		case pixelHash(&picture) != hash:
			t.Errorf("%s at 1/%d has other pixels than in Pillow", name, scale)
		default:
			compared++
		}
	}
	if compared < 2000 {
		t.Errorf("%d pictures were compared: want 2000", compared)
	}
}

// TestLikePillow compares the JPEG files of a folder with a Pillow that is installed:
//
//	STRIDE_PHOTOS=folder STRIDE_PILLOW=python3 go test ./data/jpeg -run TestLikePillow -v
func TestLikePillow(t *testing.T) {
	folder, python := os.Getenv("STRIDE_PHOTOS"), os.Getenv("STRIDE_PILLOW")
	if folder == "" || python == "" {
		t.Skip("STRIDE_PHOTOS and STRIDE_PILLOW do not name a folder and a Python that has Pillow")
	}
	printed, err := exec.Command(python, "testdata/make_golden.py", folder).Output()
	if err != nil {
		t.Fatal(err)
	}
	var decoder jpeg.Decoder
	var picture raster.Raster
	equal := 0
	for line := range strings.Lines(string(printed)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6)
		scale, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(fields[5])
		if err != nil {
			t.Fatal(err)
		}
		if err := decoder.Decode(&picture, file, jpeg.Options{Scale: scale}); err != nil {
			t.Errorf("%s: %v", fields[5], err)
		}
		got := fmt.Sprint(picture.Width, " ", picture.Height, " ", map[int]string{1: "L", 3: "RGB"}[picture.Channels], " ", pixelHash(&picture))
		if want := strings.Join(fields[1:5], " "); got != want {
			t.Errorf("%s at 1/%d is %s: Pillow has %s", fields[5], scale, got, want)
			continue
		}
		equal++
	}
	t.Logf("%d pictures are equal", equal)
}

// TestDecodeImage compares Decode with Decoder.Decode.
func TestDecodeImage(t *testing.T) {
	var decoder jpeg.Decoder
	var picture raster.Raster
	for name, file := range goldenFiles(t) {
		err := decoder.Decode(&picture, file, jpeg.Options{})
		got, imageErr := jpeg.Decode(bytes.NewReader(file))
		if fmt.Sprint(err) != fmt.Sprint(imageErr) {
			t.Errorf("%s: Decode says %v: want %v", name, imageErr, err)
		}
		if got == nil {
			continue
		}
		config, err := jpeg.DecodeConfig(bytes.NewReader(file))
		if err != nil || config.Width != picture.Width || config.Height != picture.Height || config.ColorModel != got.ColorModel() {
			t.Errorf("%s: DecodeConfig is %v, %v", name, config, err)
		}
		want := picture.Image()
		for y := range picture.Height {
			for x := range picture.Width {
				r, g, b, a := got.At(x, y).RGBA()
				if wantR, wantG, wantB, wantA := want.At(x, y).RGBA(); r != wantR || g != wantG || b != wantB || a != wantA {
					t.Fatalf("%s: pixel %d, %d is %v: want %v", name, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
		if _, isGray := got.(*image.Gray); isGray != (picture.Channels == 1) {
			t.Errorf("%s is decoded to %T", name, got)
		}
	}
}

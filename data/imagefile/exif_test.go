package imagefile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/internal/exif"
	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// exifEntry is EXIF data with the one entry of an orientation.
func exifEntry(value byte) []byte {
	return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0}
}

func TestBadEXIFCountsAsUpright(t *testing.T) {
	if o := exif.Orientation(exifEntry(6)); o != 6 {
		t.Fatalf("orientation %d", o)
	}
	change := func(at int, value byte) []byte {
		b := exifEntry(6)
		b[at] = value
		return b
	}
	for name, tiff := range map[string][]byte{
		"nothing":           nil,
		"byte order":        change(0, 'X'),
		"magic":             change(3, 43),
		"directory outside": change(4, 0xff),
		"directory at end":  change(7, 25),
		"other tag":         change(11, 0x13),
		"a text":            change(13, 2),
		"an undefined type": change(13, 7),
		"two halves":        change(13, 5),
		"two values":        change(17, 2),
		"value 0":           change(19, 0),
		"value 9":           change(19, 9),
		"value 262":         change(18, 1),
		"cut":               exifEntry(6)[:20],
	} {
		if o := (metadata{exif: tiff}).orientation(); o != 1 {
			t.Errorf("%s: orientation %d", name, o)
		}
	}
	if o := exif.Orientation(change(8, 0xff)); o != 6 { // more entries than there are
		t.Errorf("entry count: orientation %d", o)
	}
}

func FuzzEXIF(f *testing.F) {
	f.Add(exifEntry(6))
	f.Add(append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0}, exifEntry(8)...))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x04\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Add([]byte{0xff, 0xd8, 0xff, 0xff, 0xff, 0xe1, 0, 1})
	f.Add([]byte(`<rdf:Description tiff:Orientation="6"/>`))
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, o := range []raster.Orientation{metadata{input, input}.orientation(), readJPEGHead(input).orientation()} {
			if o < 1 || o > 8 {
				t.Errorf("orientation %d", o)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("GIF89a\x02\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x02\x00\x01\x00\x00\x02\x02\x44\x0a\x00;"))
	f.Add([]byte("BM"))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	files, err := filepath.Glob("testdata/pictures/*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		input, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		picture, err := Decode(bytes.NewReader(input), "f", Options{MaxPixels: 10_000})
		if err != nil {
			return
		}
		if size := picture.Bounds().Size(); size.X*size.Y > 10_000 {
			t.Errorf("a picture of %v", size)
		}
		if err := raster.FromImage(picture, 3).Check(); err != nil {
			t.Error(err)
		}
	})
}

// TestSizeComesFirst has files that claim a size in each place where their format
// has one, and no pixels: the size is what is refused.
func TestSizeComesFirst(t *testing.T) {
	webp := func(chunks string) string { return "RIFF\x80\x00\x00\x00WEBP" + chunks }
	for name, c := range map[string]struct{ file, size string }{
		"GIF":         {"GIF89a\xff\xff\xff\xff\x00\x00\x00", "65535×65535"},
		"BMP":         {"BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f\x01\x00\x20\x00" + strings.Repeat("\x00", 24), "2147483647×2147483647"},
		"BMP, down":   {"BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x80\x01\x00\x20\x00" + strings.Repeat("\x00", 24), "1×2147483648"},
		"BMP, left":   {"BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x01\x00\x20\x00" + strings.Repeat("\x00", 24), "-1×1"},
		"BMP of OS/2": {"BM\x00\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00\x0c\x00\x00\x00\xff\xff\xff\xff\x01\x00\x18\x00", "65535×65535"},
		"VP8X":        {webp("VP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"), "16777216×16777216"},
		"VP8L":        {webp("VP8L\x05\x00\x00\x00\x2f\xff\xff\xff\x0f"), "16384×16384"},
		"VP8":         {webp("VP8 \x0a\x00\x00\x00\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f"), "16383×16383"},
	} {
		_, err := Decode(strings.NewReader(c.file), "f", Options{})
		if err == nil || !strings.HasPrefix(err.Error(), "f claims a size of "+c.size+" pixels: want at ") {
			t.Errorf("%s: error %v, want size %s", name, err, c.size)
		}
	}
	// The pixels of an extended file are of the size that was checked.
	file := webp("VP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x01\x00\x00VP8L\x05\x00\x00\x00\x2f\xff\xff\xff\x0f")
	if _, err := Decode(strings.NewReader(file), "f", Options{}); err == nil || !strings.Contains(err.Error(), "16384×16384 pixels where 2×2 are announced") {
		t.Errorf("error %v", err)
	}
}

func TestOtherKinds(t *testing.T) {
	for start, want := range map[string]string{
		"II*\x00\x08\x00":                    "f is a TIFF picture, not a PNG, JPEG, GIF, BMP or WebP picture",
		"\x00\x00\x00\x1cftypavif":           "f is an AVIF picture, which is not read: convert it to PNG or JPEG",
		"\x00\x00\x00\x18ftypheic":           "f is a HEIC picture, which is not read: convert it to JPEG, for example with heif-convert ",
		"\x00\x00\x00\x18ftypmif1":           "f is a HEIF picture, which is not read: convert it to JPEG",
		"<!DOCTYPE html><html>":              "f is an HTML page, not a ",
		"version https://git-lfs.github.com": "f is a pointer of Git LFS, in place of the file itself, not a ",
		"B":                                  "f is not a PNG, ",
		"\x89PNG":                            "f is cut short: ",
		"RIFF\x00\x00\x00\x00WAVEfmt ":       "f is not a PNG, ",
	} {
		if _, err := Decode(strings.NewReader(start), "f", Options{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", start, err, want)
		}
	}
}

// TestHowMuch has what TestCutJPEG has no files of.
func TestHowMuch(t *testing.T) {
	for want, short := range map[string]jpeg.TruncatedError{
		"colours are missing: of scan 2, 25 % is there":   {Row: 16, Height: 64, Scan: 2},
		"the picture has less detail than it should have": {Row: 64, Height: 64, Scan: 1},
	} {
		if got := howMuch(&short); got != want {
			t.Errorf("%+v: %q, want %q", short, got, want)
		}
	}
}

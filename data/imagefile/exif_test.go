package imagefile

import (
	"bytes"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/tensor"
)

// exifEntry is EXIF data with the one entry of an orientation.
func exifEntry(value byte) []byte {
	return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0}
}

func TestBadEXIFCountsAsUpright(t *testing.T) {
	if o := exifOrientation(exifEntry(6)); o != 6 {
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
		"other type":        change(13, 4),
		"two values":        change(17, 2),
		"value 0":           change(19, 0),
		"value 9":           change(19, 9),
		"value 262":         change(18, 1),
		"cut":               exifEntry(6)[:20],
	} {
		if o := exifOrientation(tiff); o != 1 {
			t.Errorf("%s: orientation %d", name, o)
		}
	}
	if o := exifOrientation(change(8, 0xff)); o != 6 { // more entries than there are
		t.Errorf("entry count: orientation %d", o)
	}
}

func FuzzEXIF(f *testing.F) {
	f.Add(exifEntry(6))
	f.Add(append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0}, exifEntry(8)...))
	f.Add([]byte{0xff, 0xd8, 0xff, 0xff, 0xff, 0xe1, 0, 1})
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, o := range []orientation{exifOrientation(input), jpegOrientation(input)} {
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
	f.Fuzz(func(t *testing.T, input []byte) {
		picture, err := Decode(bytes.NewReader(input), "f", Options{MaxPixels: 10_000})
		if err != nil {
			return
		}
		if size := picture.Bounds().Size(); size.X*size.Y > 10_000 {
			t.Errorf("a picture of %v", size)
		}
		if _, err := preprocess.Plain(tensor.Shape{3, 4, 4}).Tensor(picture); err != nil {
			t.Error(err)
		}
	})
}

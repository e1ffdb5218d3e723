package jpeg_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// segment makes a segment of a JPEG file.
func segment(marker uint8, body string) string {
	length := len(body) + 2
	return string([]byte{0xff, marker, uint8(length >> 8), uint8(length)}) + body
}

// with puts segments at the beginning of a file.
func with(file []byte, segments ...string) []byte {
	return []byte("\xff\xd8" + strings.Join(segments, "") + string(file[2:]))
}

func TestInfo(t *testing.T) {
	files := goldenFiles(t)
	littleEndian := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x02\x00" +
		"\x0f\x01\x03\x00\x01\x00\x00\x00\x07\x00\x00\x00" + "\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
	bigEndian := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" + "\x01\x12\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08"
	nonsense := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" + "\x01\x12\x00\x03\x00\x00\x00\x01\x00\x09\x00\x00"
	three := []jpeg.Component{{ID: 1, H: 2, V: 1}, {ID: 2, H: 1, V: 1}, {ID: 3, H: 1, V: 1}}
	color := files["sampling/2x1-47x40"]
	for name, test := range map[string]struct {
		file []byte
		want jpeg.Info
	}{
		"color":       {color, jpeg.Info{47, 40, three, false, jpeg.SpaceYCbCr, 1, -1}},
		"progressive": {files["sampling/2x1-47x40-progressive"], jpeg.Info{47, 40, three, true, jpeg.SpaceYCbCr, 1, -1}},
		"turned":      {with(color, segment(0xe1, littleEndian)), jpeg.Info{47, 40, three, false, jpeg.SpaceYCbCr, 6, -1}},
		"big-endian":  {with(color, segment(0xe1, "other"), segment(0xe1, bigEndian)), jpeg.Info{47, 40, three, false, jpeg.SpaceYCbCr, 8, -1}},
		"nonsense":    {with(color, segment(0xe1, nonsense)), jpeg.Info{47, 40, three, false, jpeg.SpaceYCbCr, 1, -1}},
		"cut EXIF":    {with(color, segment(0xe1, littleEndian[:25])), jpeg.Info{47, 40, three, false, jpeg.SpaceYCbCr, 1, -1}},
		"grey":        {files["grey/9x7"], jpeg.Info{9, 7, []jpeg.Component{{1, 1, 1}}, false, jpeg.SpaceGray, 1, -1}},
		"CMYK": {files["color/cmyk-13x9-1-ycck"], jpeg.Info{13, 9,
			[]jpeg.Component{{'C', 2, 1}, {'M', 1, 1}, {'Y', 1, 1}, {'K', 1, 1}}, false, jpeg.SpaceYCCK, 1, 2}},
		"DNL": {files["structure/dnl"], jpeg.Info{50, 43, []jpeg.Component{{1, 2, 2}, {2, 1, 1}, {3, 1, 1}}, false, jpeg.SpaceYCbCr, 1, -1}},
	} {
		got, err := jpeg.ReadInfo(test.file)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v: want %+v", name, got, err, test.want)
		}
	}
}

// TestColor compares Gray and Luma with what they are made of.
func TestColor(t *testing.T) {
	for name, file := range goldenFiles(t) {
		if strings.HasPrefix(name, "cut/") || strings.HasPrefix(name, "damaged/") {
			continue
		}
		var decoder jpeg.Decoder
		var rgb, grey, luma raster.Raster
		if decoder.Decode(&rgb, file, jpeg.Options{Color: jpeg.RGB}) != nil {
			continue
		}
		space := decoder.Info().ColorSpace
		for to, color := range map[*raster.Raster]jpeg.Color{&grey: jpeg.Gray, &luma: jpeg.Luma} {
			if err := decoder.Decode(to, file, jpeg.Options{Color: color}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if rgb.Channels != 3 || grey.Channels != 1 || luma.Channels != 1 {
			t.Fatalf("%s: %d, %d and %d channels", name, rgb.Channels, grey.Channels, luma.Channels)
		}
		if want := raster.FromImage(rgb.Image(), 1); !bytes.Equal(grey.Pix, want.Pix) {
			t.Errorf("%s: grey is not the luma of red, green and blue", name)
		}
		for i, v := range grey.Pix {
			near := max(int(v)-int(luma.Pix[i]), int(luma.Pix[i])-int(v))
			saturated := min(rgb.Plane(0)[i], rgb.Plane(1)[i], rgb.Plane(2)[i]) == 0 || max(rgb.Plane(0)[i], rgb.Plane(1)[i], rgb.Plane(2)[i]) == 255
			if near > 0 && space != jpeg.SpaceYCbCr || near > 2 && !saturated {
				t.Fatalf("%s (%v): luma is %d where grey is %d", name, space, luma.Pix[i], v)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	files := goldenFiles(t)
	file := files["sampling/2x1-47x40"]
	frame := bytes.Index(file, []byte("\xff\xc0"))
	change := func(at int, to ...uint8) []byte {
		out := bytes.Clone(file)
		copy(out[at:], to)
		return out
	}
	huffman := bytes.Index(file, []byte("\xff\xc4"))
	var decoder jpeg.Decoder
	for _, test := range []struct {
		want    string
		file    []byte
		options jpeg.Options
	}{
		{"this is not a JPEG file: it does not begin with ff d8", []byte("\x89PNG"), jpeg.Options{}},
		{"the data end before the picture begins: unexpected EOF", file[:frame+7], jpeg.Options{}},
		{"the data end before the picture begins: unexpected EOF", file[:1], jpeg.Options{}},
		{"there is no picture in the file: it has no scan", []byte("\xff\xd8\xff\xd9"), jpeg.Options{}},
		{"arithmetic coding is not supported", change(frame+1, 0xc9), jpeg.Options{}},
		{"lossless coding is not supported", change(frame+1, 0xc3), jpeg.Options{}},
		{"hierarchical coding is not supported", change(frame+1, 0xc5), jpeg.Options{}},
		{"a picture of 12 bits a sample is not supported", change(frame+4, 12), jpeg.Options{}},
		{"a picture of 2 components is not supported", []byte("\xff\xd8" + segment(0xc0, "\x08\x00\x09\x00\x09\x02\x01\x11\x00\x02\x11\x00")), jpeg.Options{}},
		{"sampling of component 2 at 2/3×1/1 is not supported", files["sampling/fractional"], jpeg.Options{}},
		{"the size is 65535×40 pixels: want at most 65500 in either direction", change(frame+7, 255, 255), jpeg.Options{}},
		{"component 1 has sampling factors 5×1: want 1 to 4", change(frame+11, 0x51), jpeg.Options{}},
		{"an MCU has 18 blocks: want at most 10", change(frame+11, 0x44), jpeg.Options{}},
		{"the height is 0, and none follows the first scan", change(frame+5, 0, 0), jpeg.Options{}},
		{"component 1 uses quantisation table 3, which is not defined", change(frame+12, 3), jpeg.Options{}},
		{"the marker ff f0 is unknown", with(file, segment(0xf0, "")), jpeg.Options{}},
		{"a Huffman table has more codes than fit", change(huffman+5, 3, 1, 2), jpeg.Options{}},
		{"the picture has 47×40 pixels: want at most 1879", file, jpeg.Options{MaxPixels: 1879}},
		{"the picture has 65500×65500 pixels: want at most 100000000", change(frame+5, 0xff, 0xdc, 0xff, 0xdc), jpeg.Options{}},
		{"Scale is 3: want 1, 2, 4 or 8", file, jpeg.Options{Scale: 3}},
		{"unknown Color 4", file, jpeg.Options{Color: 4}},
	} {
		var picture raster.Raster
		if err := decoder.Decode(&picture, test.file, test.options); err == nil || err.Error() != "jpeg: "+test.want {
			t.Errorf("%v: want jpeg: %s", err, test.want)
		}
		if len(picture.Pix) > 3*47*48 {
			t.Errorf("%s: %d bytes were allocated", test.want, len(picture.Pix))
		}
		if test.options == (jpeg.Options{}) {
			if picture, err := jpeg.Decode(bytes.NewReader(test.file)); err == nil || picture != nil {
				t.Errorf("%s: Decode gives %T, %v", test.want, picture, err)
			}
		}
	}
}

// TestTruncated has what is said of files that are cut short.
func TestTruncated(t *testing.T) {
	files := goldenFiles(t)
	var decoder jpeg.Decoder
	var whole, part raster.Raster
	for name, want := range map[string]string{
		"baseline-4":         "jpeg: the data end in row 16 of 62",
		"restart-11":         "jpeg: the data end in row 48 of 62",
		"scans-4":            "jpeg: the data end in row 32 of 62 of scan 1",
		"progressive-4":      "jpeg: the data end in row 32 of 62 of scan 4: the picture has less detail from there on",
		"progressive-9":      "jpeg: the data end after scan 9: the picture has less detail than it should have",
		"grey-progressive-0": "jpeg: the data end in row 0 of 62 of scan 1",
		"scans-8":            "jpeg: the data end after scan 1: the picture is not complete",
	} {
		err := decoder.Decode(&part, files["cut/"+name], jpeg.Options{})
		if err == nil || err.Error() != want || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v: want %s", name, err, want)
		}
	}
	// Rows that are there are those of the whole picture.
	file := files["restart/1-1x1"]
	if err := decoder.Decode(&whole, file, jpeg.Options{Color: jpeg.RGB}); err != nil {
		t.Fatal(err)
	}
	short := (*jpeg.TruncatedError)(nil)
	if err := decoder.Decode(&part, file[:len(file)-900], jpeg.Options{Color: jpeg.RGB}); !errors.As(err, &short) || short.Row < 8 {
		t.Fatalf("%v: want a TruncatedError", err)
	}
	for c := range 3 {
		if n := short.Row * whole.Width; !bytes.Equal(whole.Plane(c)[:n], part.Plane(c)[:n]) {
			t.Errorf("rows before %d differ in channel %d", short.Row, c)
		}
		if last := part.Plane(c)[len(part.Plane(c))-1]; last != 128 {
			t.Errorf("the last row is %d: want grey", last)
		}
	}
}

func TestAllocations(t *testing.T) {
	files := goldenFiles(t)
	var decoder jpeg.Decoder
	var picture raster.Raster
	names := []string{"sampling/2x2-47x40", "sampling/1x2-47x40", "sampling/2x1-47x40-progressive", "sampling/4x1-47x40", "color/cmyk-40x35-1", "script/first-2x2-48x41"}
	all := func() {
		for _, name := range names {
			for _, scale := range []int{1, 2, 4, 8} {
				if err := decoder.Decode(&picture, files[name], jpeg.Options{Scale: scale}); err != nil && scale == 0 {
					t.Fatal(err)
				}
				_ = decoder.Info()
			}
		}
	}
	all()
	if n := testing.AllocsPerRun(10, all); n > 4 { // a TruncatedError for each scale of the last file
		t.Errorf("%v allocations", n)
	}
}

package png_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	stdpng "image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"

	"github.com/strideml/stride/data/png"
	"github.com/strideml/stride/data/raster"
)

// chunk returns a chunk.
func chunk(name, body string) string {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, name...), body...)
	return string(binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:])))
}

// header returns the beginning of a file.
func header(width, height, depth int, kind png.ColorType, interlaced bool) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(width))
	b = binary.BigEndian.AppendUint32(b, uint32(height))
	b = append(b, uint8(depth), uint8(kind), 0, 0, 0)
	if interlaced {
		b[12] = 1
	}
	return "\x89PNG\r\n\x1a\n" + chunk("IHDR", string(b))
}

// deflated returns compressed data.
func deflated(data []byte) string {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write(data) // to memory
	_ = z.Close()
	return out.String()
}

var samples = map[png.ColorType]int{png.TypeGray: 1, png.TypeRGB: 3, png.TypePalette: 1, png.TypeGrayAlpha: 2, png.TypeRGBA: 4}

// rows returns rows of random filters and bytes, all of which are valid.
func rows(r *rand.Rand, width, height, bits int, interlaced bool) (out []byte) {
	passes := [][4]int{{0, 0, 1, 1}}
	if interlaced {
		passes = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	for _, p := range passes {
		w := (width - p[0] + p[2] - 1) / p[2]
		for y := p[1]; y < height && w > 0; y += p[3] {
			out = append(out, uint8(r.IntN(5)))
			for range (w*bits + 7) / 8 {
				out = append(out, uint8(r.Uint32()*(r.Uint32()>>31))) // half of them zero
			}
		}
	}
	return out
}

// A random is a file of random pixels.
type random struct {
	width, height, depth int
	kind                 png.ColorType
	interlaced, keyed    bool
}

func (f random) String() string {
	return fmt.Sprintf("%v %d bit %d×%d interlaced=%v tRNS=%v", f.kind, f.depth, f.width, f.height, f.interlaced, f.keyed)
}

func (f random) file(r *rand.Rand) []byte {
	out := header(f.width, f.height, f.depth, f.kind, f.interlaced)
	if f.kind == png.TypePalette {
		colors := make([]byte, 3*min(200, 1<<f.depth)) // of 8 bits, some indices are beyond
		for i := range colors {
			colors[i] = uint8(r.Uint32())
		}
		out += chunk("PLTE", string(colors))
	}
	switch {
	case f.keyed && f.kind == png.TypePalette:
		out += chunk("tRNS", "\x00\x80\x10\xff"[:min(4, 1<<f.depth)])
	case f.keyed:
		out += chunk("tRNS", strings.Repeat("\x00", 2*samples[f.kind]))
	}
	data := deflated(rows(r, f.width, f.height, samples[f.kind]*f.depth, f.interlaced))
	half := r.IntN(len(data))
	return []byte(out + chunk("IDAT", data[:half]) + chunk("IDAT", "") + chunk("IDAT", data[half:]) + chunk("IEND", ""))
}

// files calls test with files of all kinds.
func files(test func(f random, file []byte)) {
	r := rand.New(rand.NewPCG(1, 2))
	for kind, n := range samples {
		for _, depth := range []int{1, 2, 4, 8, 16} {
			if n > 1 && depth < 8 || kind == png.TypePalette && depth > 8 {
				continue
			}
			for _, size := range [][2]int{{1, 1}, {2, 3}, {3, 2}, {4, 4}, {5, 1}, {1, 5}, {8, 8}, {9, 7}, {17, 18}, {70, 5}} {
				for choice := range 4 {
					f := random{size[0], size[1], depth, kind, choice&1 > 0, choice&2 > 0}
					if f.keyed && (kind == png.TypeGrayAlpha || kind == png.TypeRGBA) {
						continue
					}
					test(f, f.file(r))
				}
			}
		}
	}
}

// oracle decodes a file with image/png, to 8 bits.
func oracle(file []byte) (image.Image, error) {
	picture, err := stdpng.Decode(bytes.NewReader(file))
	if deep, ok := picture.(*image.NRGBA64); ok && err == nil {
		out := image.NewNRGBA(deep.Rect)
		for i := range out.Pix {
			out.Pix[i] = deep.Pix[2*i]
		}
		picture = out
	}
	return picture, err
}

// compare compares what a decoder makes of a file with what image/png does, in all forms.
func compare(t testing.TB, d *png.Decoder, file []byte, name string) {
	t.Helper()
	want, err := oracle(file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	picture, err := d.DecodeImage(bytes.NewReader(file), png.Options{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if picture.Bounds() != want.Bounds() {
		t.Fatalf("%s: the size is %v, want %v", name, picture.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			c, w := color.NRGBAModel.Convert(picture.At(x, y)), color.NRGBAModel.Convert(want.At(x, y))
			if c != w && !(c.(color.NRGBA).A == 0 && w.(color.NRGBA).A == 0) {
				t.Fatalf("%s: pixel %d, %d is %v, want %v", name, x, y, c, w)
			}
		}
	}
	_, grey := picture.(*image.Gray)
	for _, options := range []png.Options{{Color: png.Stored}, {Color: png.RGB}, {Color: png.Gray}} {
		channels := 3
		if options.Color == png.Gray || options.Color == png.Stored && grey {
			channels = 1
		}
		var got raster.Raster
		if err := d.Decode(&got, bytes.NewReader(file), options); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := raster.FromImage(want, channels); got.Channels != channels || !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("%s, %d channels: the pixels are not those of image/png", name, channels)
		}
	}
}

// TestRandom decodes files of all kinds.
func TestRandom(t *testing.T) {
	var d png.Decoder
	n := 0
	files(func(f random, file []byte) {
		n++
		compare(t, &d, file, f.String())
		info, err := png.ReadInfo(bytes.NewReader(file))
		if err != nil || info.Width != f.width || info.Height != f.height || info.BitDepth != f.depth || info.ColorType != f.kind || info.Interlaced != f.interlaced {
			t.Errorf("%v: it is %+v, %v", f, info, err)
		}
	})
	if n != 520 {
		t.Errorf("%d files", n)
	}
}

// TestPictures decodes the pictures of package imagefile.
func TestPictures(t *testing.T) {
	names, err := filepath.Glob("../imagefile/testdata/pictures/*.png")
	if err != nil || len(names) < 50 {
		t.Fatalf("%d pictures, %v", len(names), err)
	}
	var d png.Decoder
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) == "truncated.png" {
			if _, err := d.DecodeImage(bytes.NewReader(file), png.Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		compare(t, &d, file, name)
	}
}

// small is a file of grey pixels.
func small() []byte {
	return random{40, 30, 8, png.TypeGray, false, false}.file(rand.New(rand.NewPCG(3, 4)))
}

// TestCut decodes all beginnings of a file.
func TestCut(t *testing.T) {
	file := small()
	var d png.Decoder
	var picture raster.Raster
	for n := range file {
		if err := d.Decode(&picture, bytes.NewReader(file[:n]), png.Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the first %d of %d bytes: %v", n, len(file), err)
		}
	}
	if err := d.Decode(&picture, io.MultiReader(bytes.NewReader(file), strings.NewReader("rest")), png.Options{}); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	if err := d.Decode(&picture, io.MultiReader(bytes.NewReader(file[:len(file)/2]), &failing{broken}), png.Options{}); !errors.Is(err, broken) {
		t.Errorf("%v, want that of the reader", err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// TestErrors decodes files that are not valid.
func TestErrors(t *testing.T) {
	grey := header(2, 2, 8, png.TypeGray, false)
	data := []byte("\x00ab\x00cd")
	pixels, end := chunk("IDAT", deflated(data)), chunk("IEND", "")
	palette := header(2, 2, 8, png.TypePalette, false)
	wrongSum := []byte(grey)
	wrongSum[len(wrongSum)-1] ^= 1
	wrongData := deflated(data)
	wrongData = wrongData[:len(wrongData)-1] + string(wrongData[len(wrongData)-1]^1)
	for _, c := range []struct{ name, file, want string }{
		{"no PNG", "GIF89a..", "png: it does not begin as PNG files do"},
		{"no header", grey[:8] + pixels, "png: the header is missing"},
		{"checksum", string(wrongSum) + pixels + end, "png: the checksum of a chunk is wrong"},
		{"checksum of the pixels", grey + chunk("IDAT", wrongData) + end, "png: the compressed pixels are damaged: zlib: invalid checksum"},
		{"compression", grey + chunk("IDAT", "xxxx") + end, "png: the compressed pixels are damaged: zlib: invalid header"},
		{"filter", grey + chunk("IDAT", deflated([]byte("\x05ab\x00cd"))) + end, "png: a row has a filter that does not exist"},
		{"too much", grey + chunk("IDAT", deflated([]byte("\x00ab\x00cde"))) + end, "png: there is more pixel data than the picture has"},
		{"too little", grey + chunk("IDAT", deflated(data[:5])) + end, "png: the data end too early: unexpected EOF"},
		{"no pixels", grey + end, "png: the chunks are in the wrong order"},
		{"two headers", grey + grey[8:] + pixels + end, "png: the chunks are in the wrong order"},
		{"no palette", palette + pixels + end, "png: the palette is missing"},
		{"palette", palette + chunk("PLTE", "abcd") + pixels + end, "png: the palette has a wrong length"},
		{"palette of a grey picture", grey + chunk("PLTE", "abc") + pixels + end, "png: a grey picture has a palette"},
		{"tRNS first", palette + chunk("tRNS", "a") + pixels + end, "png: the chunks are in the wrong order"},
		{"tRNS", grey + chunk("tRNS", "abc") + pixels + end, "png: tRNS has a wrong length"},
		{"tRNS with alpha", header(2, 2, 8, png.TypeRGBA, false) + chunk("tRNS", "abc") + pixels + end, "png: a picture with alpha has tRNS too"},
		{"depth", header(2, 2, 4, png.TypeRGB, false), "png: there is no RGB of this bit depth"},
		{"type", header(2, 2, 8, 5, false), "png: there is no colour type 5 of this bit depth"},
		{"empty", header(0, 2, 8, png.TypeGray, false), "png: its width or height is not from 1 to 2³¹−1"},
		{"long chunk", grey + "\x80\x00\x00\x00tEXt", "png: a chunk is longer than the format allows"},
		{"end with a length", grey + pixels + chunk("IEND", "a"), "png: the end has a length"},
		{"large", header(20000, 5001, 8, png.TypeGray, false), "png: the picture has 20000×5001 pixels: want at most 100000000"},
	} {
		picture, err := png.Decode(strings.NewReader(c.file))
		if err == nil || err.Error() != c.want || picture != nil {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestLenient decodes files that image/png refuses, or reads in another way.
func TestLenient(t *testing.T) {
	data := deflated([]byte("\x00\x40\x00\x80"))
	file := header(2, 2, 1, png.TypeGray, false) + chunk("tRNS", "\x00\x03") + chunk("IDAT", data+"rest") + chunk("IDAT", "rest") + chunk("IEND", "")
	picture, err := png.Decode(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []uint8{0, 0, 0, 255, 255, 255, 255, 0, 255, 255, 255, 0, 0, 0, 0, 255}
	if got := picture.(*image.NRGBA).Pix; !bytes.Equal(got, want) {
		t.Errorf("the pixels are %v, want %v", got, want)
	}
}

// TestMetadata reads EXIF and XMP before and after the pixels.
func TestMetadata(t *testing.T) {
	exif, xmp := chunk("eXIf", "MM.."), chunk("iTXt", "Title\x00\x00\x00\x00\x00x")+chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00<x>")
	pixels := chunk("IDAT", deflated([]byte("\x00a")))
	var d png.Decoder
	for _, file := range []string{exif + xmp + pixels, exif + pixels + xmp, pixels + xmp + exif + chunk("eXIf", "II..")} {
		if _, err := d.DecodeImage(strings.NewReader(header(1, 1, 8, png.TypeGray, false)+file+chunk("IEND", "")), png.Options{}); err != nil {
			t.Fatal(err)
		}
		if i := d.Info(); string(i.EXIF) != "MM.." || !bytes.HasSuffix(i.XMP, []byte("<x>")) {
			t.Errorf("EXIF %q, XMP %q", i.EXIF, i.XMP)
		}
	}
	if _, err := d.DecodeImage(bytes.NewReader(small()), png.Options{}); err != nil || d.Info().EXIF != nil || d.Info().XMP != nil {
		t.Errorf("%v, %+v: that is of the file before", err, d.Info())
	}
}

// TestAllocs decodes pictures again and again.
func TestAllocs(t *testing.T) {
	var d png.Decoder
	var picture raster.Raster
	var in bytes.Reader
	files(func(f random, file []byte) {
		if f.width != 70 {
			return
		}
		if n := testing.AllocsPerRun(5, func() {
			in.Reset(file)
			if err := d.Decode(&picture, &in, png.Options{Color: png.RGB}); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v: %v allocations", f, n)
		}
	})
}

// TestMemory decodes files that claim to be large: of 100 megapixels that are not there,
// of a chunk of 2 GB that is not there, and a picture with gigabytes behind it.
func TestMemory(t *testing.T) {
	bomb := deflated(make([]byte, 100<<20))
	for name, c := range map[string]struct {
		file string
		most uint64
	}{
		"claim":  {header(10000, 10000, 8, png.TypeGray, false) + chunk("IEND", ""), 1 << 20},
		"chunk":  {header(10, 10, 8, png.TypeGray, false) + "\x7f\xff\xff\xffeXIf", 1 << 20},
		"text":   {header(10, 10, 8, png.TypeGray, false) + "\x00\x0f\xff\xffiTXt", 1 << 20},
		"bomb":   {header(100, 100, 8, png.TypeGray, false) + chunk("IDAT", bomb) + chunk("IEND", ""), 1 << 20},
		"pixels": {header(1000, 1000, 8, png.TypeGray, false) + chunk("IDAT", bomb[:1000]), 2 << 20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := png.Decode(strings.NewReader(c.file))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > c.most {
			t.Errorf("%s: %d bytes were allocated, %v", name, took, err)
		}
	}
}

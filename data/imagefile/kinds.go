package imagefile

import (
	"bufio"
	"image"

	"github.com/strideml/stride/data/raster"
)

// readable names the kinds of pictures that are read.
const readable = "PNG, JPEG, GIF, BMP or WebP"

// A kind is one kind of file, told by how files of it begin.
type kind struct {
	name string
	// signature is how files begin; ? stands for any byte.
	signature string
	// decode is nil for kinds that are known but not read; their names have an
	// article, for errors.
	decode func(in *bufio.Reader, check checkSize) (image.Image, raster.Orientation, error)
	// advice says what to do with a picture of a kind that is not read.
	advice string
}

// What to do with pictures of kinds that are not read.
const (
	adviseHEIC = "convert it to JPEG, for example with heif-convert (Debian: libheif-examples) or sips -s format jpeg (macOS); " +
		"an iPhone takes JPEG where its settings say Camera, Formats, Most Compatible"
	adviseAVIF = "convert it to PNG or JPEG, for example with avifdec (Debian: libavif-bin) or ImageMagick"
)

var kinds = []kind{
	{pngName, "\x89PNG\r\n\x1a\n", decodePNG, ""},
	{jpegName, "\xff\xd8\xff", probeJPEG, ""},
	{"GIF", "GIF87a", decodeGIF, ""},
	{"GIF", "GIF89a", decodeGIF, ""},
	{"BMP", "BM", decodeBMP, ""},
	{"WebP", "RIFF????WEBP", decodeWebP, ""},
	{"a TIFF picture", "II*\x00", nil, ""},
	{"a TIFF picture", "MM\x00*", nil, ""},
	{"a TIFF picture", "II+\x00", nil, ""},
	{"a TIFF picture", "MM\x00+", nil, ""},
	{"an AVIF picture", "????ftypavi", nil, adviseAVIF},
	{"a HEIC picture", "????ftyphei", nil, adviseHEIC},
	{"a HEIC picture", "????ftyphev", nil, adviseHEIC},
	{"a HEIF picture", "????ftypmif1", nil, adviseHEIC},
	{"a HEIF picture", "????ftypmsf1", nil, adviseHEIC},
	{"a JPEG XL picture", "\xff\x0a", nil, ""},
	{"a JPEG XL picture", "\x00\x00\x00\x0cJXL ", nil, ""},
	{"a JPEG 2000 picture", "\x00\x00\x00\x0cjP  ", nil, ""},
	{"a JPEG 2000 picture", "\xff\x4f\xff\x51", nil, ""},
	{"an icon file", "\x00\x00\x01\x00", nil, ""},
	{"a Photoshop file", "8BPS", nil, ""},
	{"an SVG drawing", "<svg", nil, ""},
	{"an HTML page", "<!DOCTYPE html", nil, ""},
	{"an HTML page", "<!doctype html", nil, ""},
	{"an HTML page", "<html", nil, ""},
	{"an XML file", "<?xml", nil, ""},
	{"a PDF document", "%PDF-", nil, ""},
	{"a pointer of Git LFS, in place of the file itself", "version https://git-lfs.", nil, ""},
}

// signatureLength is at least the length of each kind's signature.
const signatureLength = 24

// kindOf says of which kind a file is that begins with start. A file that ends
// within the signature of a kind that is read is of that kind, cut short, from
// two bytes on.
func kindOf(start []byte) (kind, bool) {
	for _, k := range kinds {
		want := k.signature
		if k.decode != nil && len(start) >= 2 && len(start) < len(want) {
			want = want[:len(start)]
		}
		if begins(start, want) {
			return k, true
		}
	}
	return kind{}, false
}

func begins(start []byte, signature string) bool {
	if len(start) < len(signature) {
		return false
	}
	for i := range len(signature) {
		if signature[i] != '?' && start[i] != signature[i] {
			return false
		}
	}
	return true
}

package imagefile

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
)

// An orientation is EXIF's: how the stored picture must be turned to stand
// upright. 1 is upright; 2 to 4 are mirrored left to right, turned by 180° and
// mirrored top to bottom; 5 to 8 also swap rows and columns: transposed, turned
// by 90° clockwise, transposed the other way, turned by 90° anticlockwise.
type orientation int

// jpegOrientation finds the orientation in the start of a JPEG file, up to its
// frame header at least. What is missing or makes no sense counts as upright.
func jpegOrientation(file []byte) orientation {
	if len(file) < 2 || file[0] != 0xff || file[1] != 0xd8 {
		return 1
	}
	for in := file[2:]; len(in) >= 4 && in[0] == 0xff; {
		marker := in[1]
		if marker == 0xff { // a fill byte
			in = in[1:]
			continue
		}
		if marker == 0xda || marker == 0xd9 || marker>>4 == 0xc && marker != 0xc4 && marker != 0xc8 && marker != 0xcc {
			return 1 // scan, end or frame: EXIF data comes before
		}
		length := int(binary.BigEndian.Uint16(in[2:]))
		if length < 2 || 2+length > len(in) {
			return 1
		}
		if body, ok := bytes.CutPrefix(in[4:2+length], []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			return exifOrientation(body)
		}
		in = in[2+length:]
	}
	return 1
}

// exifOrientation finds the orientation tag in the first directory of EXIF
// data, which is laid out as a TIFF file.
func exifOrientation(tiff []byte) orientation {
	const (
		orientationTag = 0x0112
		short          = 3
		entrySize      = 12
	)
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
		order = binary.BigEndian
	default:
		return 1
	}
	directory := uint64(order.Uint32(tiff[4:]))
	if order.Uint16(tiff[2:]) != 42 || directory+2 > uint64(len(tiff)) {
		return 1
	}
	count := int(order.Uint16(tiff[directory:]))
	for entries := tiff[directory+2:]; count > 0 && len(entries) >= entrySize; count-- {
		if order.Uint16(entries) == orientationTag {
			value := orientation(order.Uint16(entries[8:]))
			if order.Uint16(entries[2:]) != short || order.Uint32(entries[4:]) != 1 || value < 1 || value > 8 {
				return 1
			}
			return value
		}
		entries = entries[entrySize:]
	}
	return 1
}

// upright turns a picture that was stored with this orientation.
func (o orientation) upright(picture image.Image) image.Image {
	if o <= 1 || o > 8 {
		return picture
	}
	bounds := picture.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	size := image.Rect(0, 0, w, h)
	if o >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	if grey, ok := picture.(*image.Gray); ok {
		out := image.NewGray(size)
		for y := range h {
			row := grey.Pix[grey.PixOffset(bounds.Min.X, bounds.Min.Y+y):][:w]
			for x, v := range row {
				toX, toY := o.place(x, y, w, h)
				out.Pix[toY*out.Stride+toX] = v
			}
		}
		return out
	}
	out := image.NewRGBA(size)
	line := image.NewRGBA(image.Rect(0, 0, w, 1))
	for y := range h {
		draw.Draw(line, line.Rect, picture, bounds.Min.Add(image.Pt(0, y)), draw.Src)
		for x := range w {
			toX, toY := o.place(x, y, w, h)
			copy(out.Pix[toY*out.Stride+4*toX:][:4], line.Pix[4*x:])
		}
	}
	return out
}

// place says where the stored pixel x, y of a w×h picture belongs.
func (o orientation) place(x, y, w, h int) (toX, toY int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}

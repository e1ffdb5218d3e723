// Package exif reads EXIF data, of which packages jpeg and imagefile need how a camera was
// turned.
package exif

import (
	"bytes"
	"encoding/binary"
)

// Prefix is what EXIF data begin with in JPEG files.
const Prefix = "Exif\x00\x00"

// Orientation finds the orientation tag in the first directory of EXIF
// data, which is laid out as a TIFF file. The standard's type for it is SHORT;
// programs write any integer. What JPEG files have before the data may be there
// in other formats too. It is 0 if there is no tag, and 1 if its value makes no sense.
func Orientation(tiff []byte) int {
	const (
		orientationTag = 0x0112
		entrySize      = 12
	)
	tiff = bytes.TrimPrefix(tiff, []byte(Prefix))
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
		order = binary.BigEndian
	default:
		return 0
	}
	directory := uint64(order.Uint32(tiff[4:]))
	if order.Uint16(tiff[2:]) != 42 || directory+2 > uint64(len(tiff)) {
		return 0
	}
	count := int(order.Uint16(tiff[directory:]))
	for entries := tiff[directory+2:]; count > 0 && len(entries) >= entrySize; count-- {
		if order.Uint16(entries) == orientationTag {
			value, ok := integer(order, order.Uint16(entries[2:]), entries[8:12])
			if !ok || order.Uint32(entries[4:]) != 1 || value < 1 || value > 8 {
				return 1
			}
			return int(value)
		}
		entries = entries[entrySize:]
	}
	return 0
}

// integer is the one value of an entry of 32 bits or fewer, from its lowest
// address on, if its type is that of an integer. Negative values count as large
// ones: no orientation is either.
func integer(order binary.ByteOrder, kind uint16, field []byte) (uint32, bool) {
	switch kind {
	case 1, 6: // BYTE, SBYTE
		return uint32(field[0]), true
	case 3, 8: // SHORT, SSHORT
		return uint32(order.Uint16(field)), true
	case 4, 9: // LONG, SLONG
		return order.Uint32(field), true
	}
	return 0, false
}

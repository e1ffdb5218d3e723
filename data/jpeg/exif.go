package jpeg

import "encoding/binary"

// exifPrefix is what an APP1 segment with EXIF data begins with.
const exifPrefix = "Exif\x00\x00"

// exifOrientation finds the orientation in the first directory of EXIF data, which
// is laid out as a TIFF file. The standard's type for it is SHORT; programs write
// any integer. It is 0 if there is none, and 1 if its value makes no sense.
func exifOrientation(tiff []byte) int {
	const tag, entrySize = 0x0112, 12
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(tiff[:2]) {
	case "MM":
	case "II":
		order = binary.LittleEndian
	default:
		return 0
	}
	directory := uint64(order.Uint32(tiff[4:]))
	if order.Uint16(tiff[2:]) != 42 || directory+2 > uint64(len(tiff)) {
		return 0
	}
	entries := tiff[directory+2:]
	for range order.Uint16(tiff[directory:]) {
		if len(entries) < entrySize {
			break
		}
		if order.Uint16(entries) == tag {
			value, count := uint32(0), order.Uint32(entries[4:])
			switch kind := order.Uint16(entries[2:]); kind {
			case 1, 6: // BYTE, SBYTE
				value = uint32(entries[8])
			case 3, 8: // SHORT, SSHORT
				value = uint32(order.Uint16(entries[8:]))
			case 4, 9: // LONG, SLONG
				value = order.Uint32(entries[8:])
			}
			if count != 1 || value < 1 || value > 8 {
				return 1
			}
			return int(value)
		}
		entries = entries[entrySize:]
	}
	return 0
}

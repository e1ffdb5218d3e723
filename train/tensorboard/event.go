package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// Wire types of protocol buffers.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// message is a protocol buffer under construction: its fields, in ascending order.
type message []byte

func (m message) key(field, wire int) message {
	return binary.AppendUvarint(m, uint64(field)<<3|uint64(wire))
}

// integer appends an integer; 0 is left out, as it is the default.
func (m message) integer(field int, v int64) message {
	if v == 0 {
		return m
	}
	return binary.AppendUvarint(m.key(field, wireVarint), uint64(v))
}

func (m message) double(field int, v float64) message {
	return binary.LittleEndian.AppendUint64(m.key(field, wireFixed64), math.Float64bits(v))
}

func (m message) float(field int, v float32) message {
	return binary.LittleEndian.AppendUint32(m.key(field, wireFixed32), math.Float32bits(v))
}

// bytes appends a string, bytes or a message.
func (m message) bytes(field int, v []byte) message {
	m = binary.AppendUvarint(m.key(field, wireBytes), uint64(len(v)))
	return append(m, v...)
}

// The numbers of fields are those of TensorFlow's event.proto, summary.proto and
// tensor.proto.

// event returns an Event, whose content is the field what with the bytes v.
func event(at time.Time, step int, what int, v []byte) message {
	seconds := float64(at.Unix()) + float64(at.Nanosecond())/1e9
	return message{}.double(1, seconds).integer(2, int64(step)).bytes(what, v)
}

// What an Event holds.
const (
	fileVersion = 3
	summary     = 5
	sessionLog  = 7
)

// scalarValue is a Summary with a number.
func scalarValue(tag string, v float64) message {
	return message{}.bytes(1, message{}.bytes(1, []byte(tag)).float(2, float32(v)))
}

// imageValue is a Summary with a picture in red, green and blue.
func imageValue(tag string, width, height int, png []byte) message {
	const colours = 3
	picture := message{}.integer(1, int64(height)).integer(2, int64(width)).integer(3, colours).bytes(4, png)
	return message{}.bytes(1, message{}.bytes(1, []byte(tag)).bytes(4, picture))
}

// textValue is a Summary with a text for the plugin text: a tensor of one string.
func textValue(tag, text string) message {
	const dtString = 7
	shape := message{}.bytes(2, message{}.integer(1, 1))
	tensor := message{}.integer(1, dtString).bytes(2, shape).bytes(8, []byte(text))
	metadata := message{}.bytes(1, message{}.bytes(1, []byte("text")))
	return message{}.bytes(1, message{}.bytes(1, []byte(tag)).bytes(8, tensor).bytes(9, metadata))
}

// sessionStart is a SessionLog that says that a session starts.
func sessionStart() message { return message{}.integer(1, 1) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of a TFRecord: the CRC-32C, rotated and shifted, so that
// the checksum of data that hold checksums is none of them.
func masked(b []byte) uint32 {
	crc := crc32.Checksum(b, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// appendRecord appends a TFRecord: the length and its checksum, the data and theirs.
func appendRecord(b, data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = append(b, length...)
	b = binary.LittleEndian.AppendUint32(b, masked(length))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, masked(data))
}

package protocol

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"github.com/strideml/stride/internal/rawnum"
)

// parseData converts the elements from JSON: an array that is flat, or nested as the shape
// says. text is valid JSON.
func (t *Tensor) parseData(text json.RawMessage) error {
	n, err := t.Shape.Elements()
	switch {
	case err != nil:
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	case !t.DataType.Known():
		return fmt.Errorf("tensor %q has the datatype %q, which is not known", t.Name, t.DataType)
	}
	// An element takes two characters at least, with its comma, so that the memory is in
	// proportion to the message.
	if n > len(text) {
		return fmt.Errorf("tensor %q has fewer elements than its shape %v needs", t.Name, []int64(t.Shape))
	}
	p := dataParser{tensor: t, text: text, data: make([]byte, 0, n*max(1, t.DataType.Size()))}
	if p.array(0); p.err == nil && p.elements != n {
		p.err = fmt.Errorf("%d elements, its shape %v needs %d", p.elements, []int64(t.Shape), n)
	}
	if p.err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, p.err)
	}
	t.Data = p.data
	return nil
}

// A dataParser reads the array of a tensor's elements. It does not check the syntax of
// JSON, which is known to be right.
type dataParser struct {
	tensor   *Tensor
	text     []byte
	at       int
	data     []byte
	elements int
	depth    int // of the arrays around the elements, 0 before the first
	err      error
}

// next skips spaces and returns the next character, 0 at the end.
func (p *dataParser) next() byte {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return c
		}
	}
	return 0
}

// array reads an array that depth arrays enclose.
func (p *dataParser) array(depth int) {
	if p.next() != '[' {
		p.err = fmt.Errorf("data is no array")
		return
	}
	p.at++
	count := int64(0)
	for p.err == nil {
		switch c := p.next(); c {
		case ']', 0:
			p.at++
			p.closed(depth, count)
			return
		case ',':
			p.at++
		case '[':
			if depth+1 >= len(p.tensor.Shape) {
				p.err = fmt.Errorf("data has more dimensions than its shape %v", []int64(p.tensor.Shape))
				return
			}
			p.array(depth + 1)
			count++
		default:
			p.element(depth+1, c)
			count++
		}
	}
}

// closed checks the length of a nested array.
func (p *dataParser) closed(depth int, count int64) {
	shape := p.tensor.Shape
	if p.depth > 1 && count != shape[depth] {
		p.err = fmt.Errorf("data has a list of %d where its shape %v says %d", count, []int64(shape), shape[depth])
	}
}

// element reads an element that depth arrays enclose; c is its first character.
func (p *dataParser) element(depth int, c byte) {
	if p.depth == 0 {
		p.depth = depth
	}
	if p.depth != depth || depth > 1 && depth != len(p.tensor.Shape) {
		p.err = fmt.Errorf("data is neither flat nor nested as its shape %v says", []int64(p.tensor.Shape))
		return
	}
	from := p.at
	if c == '"' {
		for p.at++; p.text[p.at] != '"'; p.at++ {
			if p.text[p.at] == '\\' {
				p.at++
			}
		}
		p.at++
	} else {
		for p.at < len(p.text) && !ends(p.text[p.at]) {
			p.at++
		}
	}
	word := p.text[from:p.at]
	var ok bool
	switch d := p.tensor.DataType; {
	case c == '{' || from == p.at:
	case d == Bytes:
		ok = c == '"'
		var s string
		if ok && json.Unmarshal(word, &s) == nil {
			p.data = AppendString(p.data, s)
		}
	default:
		p.data, ok = appendNumber(p.data, d, unsafe.String(&word[0], len(word)))
	}
	if !ok {
		p.err = fmt.Errorf("element %d is %.40s, which is no value of %s", p.elements, word, p.tensor.DataType)
	}
	p.elements++
}

// ends reports whether a character ends a number or a word of JSON.
func ends(c byte) bool {
	switch c {
	case ',', ']', '}', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// appendNumber appends the raw form of a number, or of true or false, to data. ok is false
// if the type does not have it.
func appendNumber(data []byte, d DataType, word string) (_ []byte, ok bool) {
	switch d {
	case Bool:
		switch word {
		case "true":
			return append(data, 1), true
		case "false":
			return append(data, 0), true
		}
		return data, false
	case FP16:
		v, err := strconv.ParseFloat(word, 32)
		h := rawnum.ToFloat16(float32(v))
		return binary.LittleEndian.AppendUint16(data, h), err == nil && h&0x7fff != 0x7c00 // infinity
	case FP32:
		v, err := strconv.ParseFloat(word, 32)
		return binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v))), err == nil
	case FP64:
		v, err := strconv.ParseFloat(word, 64)
		return binary.LittleEndian.AppendUint64(data, math.Float64bits(v)), err == nil
	case Uint8, Uint16, Uint32, Uint64:
		v, err := strconv.ParseUint(word, 10, 8*d.Size())
		return appendInteger(data, v, d.Size()), err == nil
	}
	v, err := strconv.ParseInt(word, 10, 8*d.Size())
	return appendInteger(data, uint64(v), d.Size()), err == nil
}

// appendInteger appends the size lowest bytes of v.
func appendInteger(data []byte, v uint64, size int) []byte {
	for i := range size {
		data = append(data, byte(v>>(8*i)))
	}
	return data
}

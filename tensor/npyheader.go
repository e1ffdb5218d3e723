package tensor

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/strideml/stride/internal/rawnum"
)

// An npyInfo is what the header of an .npy file says.
type npyInfo struct {
	descr   string // the element type as the file writes it
	kind    rawnum.Kind
	order   binary.ByteOrder
	fortran bool
	shape   Shape
}

// npyKinds maps the type codes of NumPy without their byte order.
var npyKinds = map[string]rawnum.Kind{
	"?": rawnum.Bool, "b1": rawnum.Bool,
	"i1": rawnum.Int8, "i2": rawnum.Int16, "i4": rawnum.Int32, "i8": rawnum.Int64,
	"u1": rawnum.Uint8, "u2": rawnum.Uint16, "u4": rawnum.Uint32, "u8": rawnum.Uint64,
	"f2": rawnum.Float16, "f4": rawnum.Float32, "f8": rawnum.Float64,
}

// parseNPYHeader parses the header's text, a Python dict literal such as
//
//	{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//
// Only the literals that can describe a plain array are understood. The three
// keys must all be there, once each, and nothing else.
func parseNPYHeader(text string) (npyInfo, error) {
	p := npyParser{text: text}
	h, err := p.dict()
	if err != nil {
		return npyInfo{}, fmt.Errorf("header: at byte %d: %w", p.pos, err)
	}
	return h, h.setType()
}

// setType finds the kind and byte order that descr stands for.
func (h *npyInfo) setType() error {
	order, code := byte(0), h.descr
	if code != "" && strings.IndexByte("<>|=", code[0]) >= 0 {
		order, code = code[0], code[1:]
	}
	kind, ok := npyKinds[code]
	if !ok {
		return fmt.Errorf("header: element type %q is not supported, only float16/32/64, (u)int8 to 64 and bool are", h.descr)
	}
	h.kind = kind
	switch {
	case order == '<' || kind.Size() == 1:
		h.order = binary.LittleEndian
	case order == '>':
		h.order = binary.BigEndian
	default:
		return fmt.Errorf("header: element type %q does not say its byte order, expected < or > in front", h.descr)
	}
	return nil
}

// An npyParser reads the header's text from left to right.
type npyParser struct {
	text string
	pos  int
}

func (p *npyParser) dict() (npyInfo, error) {
	var h npyInfo
	if err := p.expect('{'); err != nil {
		return h, err
	}
	seen := map[string]bool{}
	for !p.accept('}') {
		key, err := p.str()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, fmt.Errorf("key %q appears twice", key)
		}
		seen[key] = true
		if err := p.expect(':'); err != nil {
			return h, err
		}
		switch key {
		case "descr":
			if p.peek() == '[' {
				return h, fmt.Errorf("structured element types are not supported")
			}
			h.descr, err = p.str()
		case "fortran_order":
			h.fortran, err = p.boolean()
		case "shape":
			h.shape, err = p.tuple()
		default:
			err = fmt.Errorf("unknown key %q, expected descr, fortran_order and shape", key)
		}
		if err != nil {
			return h, err
		}
		if !p.accept(',') && p.peek() != '}' {
			return h, p.unexpected("a comma or }")
		}
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("key %q is missing", key)
		}
	}
	if p.peek() != 0 || p.pos < len(p.text) {
		return h, p.unexpected("the end")
	}
	return h, nil
}

// tuple parses (), (3,), (3, 4) or (3, 4,).
func (p *npyParser) tuple() (Shape, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	s := Shape{}
	comma := true
	for !p.accept(')') {
		if !comma {
			return nil, p.unexpected("a comma or )")
		}
		if len(s) == maxNPYRank {
			return nil, fmt.Errorf("shape has more than %d axes", maxNPYRank)
		}
		d, err := p.length()
		if err != nil {
			return nil, err
		}
		s = append(s, d)
		comma = p.accept(',')
	}
	if len(s) == 1 && !comma {
		return nil, fmt.Errorf("shape (%d) is not a tuple, expected (%d,)", s[0], s[0])
	}
	return s, nil
}

// length parses a decimal number without sign. Python 2 wrote a trailing L
// on some, which is skipped.
func (p *npyParser) length() (int, error) {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && p.text[p.pos] >= '0' && p.text[p.pos] <= '9' {
		p.pos++
	}
	digits := p.text[start:p.pos]
	if digits == "" {
		return 0, p.unexpected("a length, a number not below 0,")
	}
	d, err := strconv.Atoi(digits)
	if err != nil {
		p.pos = start
		return 0, fmt.Errorf("length %.40s is too large", digits)
	}
	if p.pos < len(p.text) && p.text[p.pos] == 'L' {
		p.pos++
	}
	return d, nil
}

// str parses a string in single or double quotes, without escapes.
func (p *npyParser) str() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", p.unexpected("a string")
	}
	p.pos++
	n := strings.IndexByte(p.text[p.pos:], quote)
	if n < 0 {
		return "", fmt.Errorf("string without an end")
	}
	const longest = 100
	s := p.text[p.pos : p.pos+n]
	if n > longest || strings.ContainsAny(s, "\\\n") {
		return "", fmt.Errorf("string %.40q is too long or has an escape", s)
	}
	p.pos += n + 1
	return s, nil
}

func (p *npyParser) boolean() (bool, error) {
	p.space()
	rest := p.text[p.pos:]
	switch {
	case strings.HasPrefix(rest, "True"):
		p.pos += len("True")
		return true, nil
	case strings.HasPrefix(rest, "False"):
		p.pos += len("False")
		return false, nil
	}
	return false, p.unexpected("True or False")
}

// space skips white space.
func (p *npyParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// peek returns the next byte that is not space, or 0 at the end.
func (p *npyParser) peek() byte {
	p.space()
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

// accept skips c if it is next.
func (p *npyParser) accept(c byte) bool {
	if p.pos < len(p.text) && p.peek() == c {
		p.pos++
		return true
	}
	return false
}

func (p *npyParser) expect(c byte) error {
	if !p.accept(c) {
		return p.unexpected(string(rune(c)))
	}
	return nil
}

// unexpected describes what stands where something else should.
func (p *npyParser) unexpected(want string) error {
	p.space()
	if p.pos == len(p.text) {
		return fmt.Errorf("expected %s, found the end", want)
	}
	return fmt.Errorf("expected %s, found %.20q", want, p.text[p.pos:])
}

package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/strideml/stride/internal/rawnum"
	"github.com/strideml/stride/tensor"
)

// An entryInfo is what the header says of one tensor; check fills the last two.
type entryInfo struct {
	name, dtype string
	shape       tensor.Shape
	begin, end  int64 // offsets from the start of the data

	kind     rawnum.Kind
	elements int
}

// parseHeader parses the header's JSON token by token, since decoding into a
// map would hide duplicate names and lose their order.
func parseHeader(text []byte) ([]entryInfo, map[string]string, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, nil, fmt.Errorf("header does not begin with { but with %.10q", text)
	}
	if !utf8.Valid(text) {
		return nil, nil, errors.New("header is not valid UTF-8")
	}
	p := newHeaderParser(text)
	infos, metadata, err := p.header()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, nil, fmt.Errorf("header: before byte %d: %w", p.dec.InputOffset(), err)
	}
	if rest := bytes.TrimLeft(text[p.dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, nil, fmt.Errorf("header: %.20q follows the closing }", rest)
	}
	return infos, metadata, nil
}

type headerParser struct{ dec *json.Decoder }

func newHeaderParser(text []byte) headerParser {
	p := headerParser{dec: json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	return p
}

func (p headerParser) header() (infos []entryInfo, metadata map[string]string, err error) {
	seen := map[string]bool{}
	err = p.object(func(name string) error {
		switch {
		case len(name) > maxName:
			return fmt.Errorf("name %.40q… has %d bytes, at most %d are supported", name, len(name), maxName)
		case seen[name]:
			return fmt.Errorf("name %q appears twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			metadata, err = p.metadata()
			return wrapName("", metadataKey, err)
		}
		info, err := p.entry()
		if err != nil {
			return wrapName("tensor ", name, err)
		}
		info.name = name
		infos = append(infos, info)
		return nil
	})
	return infos, metadata, err
}

func wrapName(what, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%.200q: %w", what, name, err)
}

// metadata parses an object of strings.
func (p headerParser) metadata() (map[string]string, error) {
	m := map[string]string{}
	err := p.object(func(key string) error {
		if _, ok := m[key]; ok {
			return fmt.Errorf("key %.40q appears twice", key)
		}
		s, err := p.str()
		m[key] = s
		return wrapName("key ", key, err)
	})
	return m, err
}

// entry parses {"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}.
func (p headerParser) entry() (entryInfo, error) {
	info := entryInfo{}
	seen := map[string]bool{}
	err := p.object(func(key string) (err error) {
		if seen[key] {
			return fmt.Errorf("%.40s appears twice", key)
		}
		seen[key] = true
		switch key {
		case "dtype":
			info.dtype, err = p.str()
		case "shape":
			info.shape = tensor.Shape{}
			err = p.array(func(n int64) error {
				switch {
				case int64(int(n)) != n:
					return fmt.Errorf("length %d is too large", n)
				case len(info.shape) == maxRank:
					return fmt.Errorf("more than %d axes", maxRank)
				}
				info.shape = append(info.shape, int(n))
				return nil
			})
		case "data_offsets":
			offsets := make([]int64, 0, 2)
			err = p.array(func(n int64) error {
				if len(offsets) == 2 {
					return errors.New("more than two numbers")
				}
				offsets = append(offsets, n)
				return nil
			})
			if err == nil && len(offsets) != 2 {
				err = fmt.Errorf("%d numbers, expected 2", len(offsets))
			}
			if err == nil {
				info.begin, info.end = offsets[0], offsets[1]
			}
		default:
			return fmt.Errorf("unknown key %.40q, expected dtype, shape and data_offsets", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return info, err
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[key] {
			return info, fmt.Errorf("%s is missing", key)
		}
	}
	return info, nil
}

// object calls value for every key of an object; value must consume what
// stands after the key.
func (p headerParser) object(value func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	for p.dec.More() {
		key, err := p.str()
		if err != nil {
			return err
		}
		if err := value(key); err != nil {
			return err
		}
	}
	return p.delim('}')
}

// array calls item for every number of an array of integers not below 0.
func (p headerParser) array(item func(n int64) error) error {
	if err := p.delim('['); err != nil {
		return err
	}
	for p.dec.More() {
		tok, err := p.dec.Token()
		if err != nil {
			return err
		}
		num, ok := tok.(json.Number)
		if !ok {
			return fmt.Errorf("expected a number, found %s", show(tok))
		}
		n, err := strconv.ParseInt(num.String(), 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("expected an integer from 0 to 2⁶³-1, found %.40s", num)
		}
		if err := item(n); err != nil {
			return err
		}
	}
	return p.delim(']')
}

func (p headerParser) delim(want json.Delim) error {
	tok, err := p.dec.Token()
	if err == nil && tok != want {
		err = fmt.Errorf("expected %v, found %s", want, show(tok))
	}
	return err
}

func (p headerParser) str() (string, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return "", err
	}
	s, ok := tok.(string)
	if !ok {
		return "", fmt.Errorf("expected a string, found %s", show(tok))
	}
	return s, nil
}

// show describes a JSON token in an error.
func show(tok json.Token) string {
	switch tok := tok.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("the string %.40q", tok)
	default:
		return fmt.Sprintf("%.40v", tok)
	}
}

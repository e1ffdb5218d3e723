package idx

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// members reads the members of a gzip file one after the other, as RFC 1952 has it:
// "A gzip file consists of a series of members."
type members struct {
	in     *bufio.Reader
	member *gzip.Reader
}

// newMembers begins with the first member.
func newMembers(in *bufio.Reader) (*members, error) {
	if err := checkFlags(in); err != nil {
		return nil, err
	}
	member, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	member.Multistream(false)
	return &members{in, member}, nil
}

// isMember reports whether a member begins here.
func isMember(in *bufio.Reader) bool {
	start, _ := in.Peek(2) // an error shows when the bytes are read
	return len(start) == 2 && start[0] == 0x1f && start[1] == 0x8b
}

// checkFlags refuses headers with flags that RFC 1952 reserves: they may announce fields
// that would be taken for data.
func checkFlags(in *bufio.Reader) error {
	if start, err := in.Peek(4); err == nil && start[3]&0xE0 != 0 {
		return gzip.ErrHeader
	}
	return nil
}

// Read implements io.Reader.
func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.member.Read(p)
		switch {
		case n > 0 && err == io.EOF:
			return n, nil
		case err != io.EOF || !isMember(m.in):
			return n, err
		}
		if err := checkFlags(m.in); err != nil {
			return 0, err
		}
		if err := m.member.Reset(m.in); err != nil {
			if err == io.EOF { // it is no end here
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		m.member.Multistream(false)
	}
}

// checkPadding reports what is left of a file but zeros, with which tapes and some
// programs fill blocks.
func checkPadding(in *bufio.Reader) error {
	for {
		b, err := in.ReadByte()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case b != 0:
			return errors.New("it has more bytes after its gzip stream, which are neither another member nor zeros")
		}
	}
}

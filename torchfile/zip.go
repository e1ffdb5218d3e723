package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
)

// The parts of a ZIP archive that matter here: PKWARE's APPNOTE.TXT 6.3.10,
// sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.
const (
	localHeader   = "PK\x03\x04"
	centralHeader = "PK\x01\x02"
	zip64End      = "PK\x06\x06"
	zip64Locator  = "PK\x06\x07"
	directoryEnd  = "PK\x05\x06"

	localSize, centralSize, endSize, locatorSize, zip64Size = 30, 46, 22, 20, 56

	maxDirectory = 64 << 20 // bytes
	// maxGap is how many bytes may follow the data of an entry: a descriptor, which
	// repeats its sizes in 64 bits.
	maxGap = 24
)

// An entry is a file in an archive.
type entry struct {
	name         string
	header       int64 // where its header is
	offset, size int64 // where its data are
	described    bool  // its sizes follow the data
	compressed   bool
}

// readDirectory reads the directory at the end of an archive. Where the entries' data
// are is left to placeEntries, with the end of the entries.
func readDirectory(r io.ReaderAt, size int64) (entries []entry, start int64, err error) {
	start, end, count, err := findDirectory(r, size)
	if err != nil {
		return nil, 0, err
	}
	b := make([]byte, end-start)
	if err := readFull(r, b, start); err != nil {
		return nil, 0, err
	}
	le := binary.LittleEndian
	for len(b) > 0 {
		if len(b) < centralSize || string(b[:4]) != centralHeader {
			return nil, 0, errors.New("damaged ZIP directory: an entry does not begin as one")
		}
		nameLen, extraLen, commentLen := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
		if centralSize+nameLen+extraLen+commentLen > len(b) {
			return nil, 0, errors.New("damaged ZIP directory: an entry goes beyond its end")
		}
		e := entry{name: string(b[centralSize : centralSize+nameLen])}
		flags, method := le.Uint16(b[8:]), le.Uint16(b[10:])
		e.described = flags&8 != 0
		if e.compressed = method != 0; flags&1 != 0 {
			return nil, 0, fmt.Errorf("entry %.200q is encrypted", e.name)
		}
		// The size, the size in the archive, and where the header is.
		values := []uint64{uint64(le.Uint32(b[24:])), uint64(le.Uint32(b[20:])), uint64(le.Uint32(b[42:]))}
		if err := zip64Values(values, b[centralSize+nameLen:centralSize+nameLen+extraLen]); err != nil {
			return nil, 0, fmt.Errorf("entry %.200q: %w", e.name, err)
		}
		if values[0] != values[1] && !e.compressed {
			return nil, 0, fmt.Errorf("entry %.200q is stored, but has the two sizes %d and %d", e.name, values[0], values[1])
		}
		if values[1] > uint64(size) || values[2] >= uint64(start) {
			return nil, 0, fmt.Errorf("entry %.200q goes beyond the %d bytes of the file", e.name, size)
		}
		e.size, e.header = int64(values[1]), int64(values[2])
		entries = append(entries, e)
		b = b[centralSize+nameLen+extraLen+commentLen:]
	}
	if len(entries) != count {
		return nil, 0, fmt.Errorf("damaged ZIP directory: it has %d entries and says that it has %d", len(entries), count)
	}
	return entries, start, nil
}

// findDirectory returns where the directory begins and ends, and how many entries it
// has.
func findDirectory(r io.ReaderAt, size int64) (start, end int64, count int, err error) {
	b := make([]byte, min(size, endSize+locatorSize+zip64Size))
	if err := readFull(r, b, size-int64(len(b))); err != nil {
		return 0, 0, 0, err
	}
	if len(b) < endSize || string(b[len(b)-endSize:len(b)-endSize+4]) != directoryEnd {
		return 0, 0, 0, fmt.Errorf("the ZIP archive is cut off, or something follows it: its last %d bytes are not the end of a directory", endSize)
	}
	le := binary.LittleEndian
	last := b[len(b)-endSize:]
	end = size - endSize
	if le.Uint16(last[4:]) != 0 || le.Uint16(last[6:]) != 0 || le.Uint16(last[20:]) != 0 {
		return 0, 0, 0, errors.New("the ZIP archive has several volumes or a comment, which torch.save never writes")
	}
	n, length, at := uint64(le.Uint16(last[10:])), uint64(le.Uint32(last[12:])), uint64(le.Uint32(last[16:]))
	if len(b) == endSize+locatorSize+zip64Size && string(b[zip64Size:zip64Size+4]) == zip64Locator {
		end -= locatorSize + zip64Size
		if string(b[:4]) != zip64End || le.Uint64(b[zip64Size+8:]) != uint64(end) || le.Uint64(b[4:]) != zip64Size-12 {
			return 0, 0, 0, errors.New("damaged ZIP directory: its 64-bit end is not where the locator says")
		}
		wide := []uint64{le.Uint64(b[32:]), le.Uint64(b[40:]), le.Uint64(b[48:])}
		for i, narrow := range []uint64{n, length, at} {
			most := uint64(math.MaxUint32)
			if i == 0 {
				most = math.MaxUint16
			}
			if narrow != most && narrow != wide[i] {
				return 0, 0, 0, errors.New("damaged ZIP directory: its two ends contradict each other")
			}
		}
		n, length, at = wide[0], wide[1], wide[2]
	}
	switch {
	case length > maxDirectory || length > uint64(end):
		return 0, 0, 0, fmt.Errorf("damaged ZIP directory: it has %d bytes", length)
	case at != uint64(end)-length:
		return 0, 0, 0, errors.New("damaged ZIP directory, or an archive that something was put in front of: it does not end where the file does")
	case n > length/centralSize:
		return 0, 0, 0, fmt.Errorf("damaged ZIP directory: %d entries in %d bytes", n, length)
	}
	return int64(at), end, int(n), nil
}

// zip64Values replaces each value that is 2³²-1 by the next one of the extra field
// for 64-bit sizes: the size, the stored size and the offset.
func zip64Values(values []uint64, extra []byte) error {
	le := binary.LittleEndian
	var wide []byte
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			break
		}
		if id == 1 {
			wide = extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	for i, v := range values {
		if v != math.MaxUint32 {
			continue
		}
		if len(wide) < 8 {
			return errors.New("a 64-bit size is missing")
		}
		if values[i] = le.Uint64(wide); values[i] > math.MaxInt64 {
			return fmt.Errorf("a size of %d bytes", values[i])
		}
		wide = wide[8:]
	}
	return nil
}

// placeEntries puts the entries in the order of their data, reads the header of each,
// and checks that they are stored, have names of their own, and follow one another from
// the first byte of the file to the directory.
func placeEntries(r io.ReaderAt, entries []entry, end int64) error {
	slices.SortStableFunc(entries, func(a, b entry) int { return int(min(max(a.header-b.header, -1), 1)) })
	names := make(map[string]bool, len(entries))
	at := int64(0) // where the entry before ends
	for i := range entries {
		e := &entries[i]
		if e.compressed {
			return fmt.Errorf("entry %.200q is compressed, which torch.save never does: unpack the archive and make it again with zip -0, or save the weights again", e.name)
		}
		if err := checkEntryName(e.name); err != nil {
			return err
		}
		// PyTorch itself has looked up names without regard to case.
		if key := strings.ToLower(e.name); names[key] {
			return fmt.Errorf("two entries have the name %.200q", e.name)
		} else {
			names[key] = true
		}
		gap := int64(0)
		if i > 0 && entries[i-1].described {
			gap = maxGap
		}
		if e.header < at || e.header > at+gap {
			return fmt.Errorf("entry %.200q begins at byte %d, but the entry before ends at %d: this may be two files in one", e.name, e.header, at)
		}
		if err := e.readHeader(r, end); err != nil {
			return fmt.Errorf("entry %.200q: %w", e.name, err)
		}
		at = e.offset + e.size
	}
	gap := int64(0)
	if n := len(entries); n > 0 && entries[n-1].described {
		gap = maxGap
	}
	if at > end || at < end-gap {
		return fmt.Errorf("the entries end at byte %d, but the directory begins at %d: this may be two files in one", at, end)
	}
	return nil
}

func checkEntryName(name string) error {
	trimmed := strings.TrimSuffix(name, "/") // a folder
	if trimmed == "" || path.Clean(trimmed) != trimmed || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "..") || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("the entry name %.200q is not a plain path", name)
	}
	return nil
}

// readHeader finds the data of an entry, which must end before the directory, and
// compares what the header says with the directory.
func (e *entry) readHeader(r io.ReaderAt, end int64) error {
	if end-e.header < localSize {
		return errors.New("its header goes beyond the entries")
	}
	var fixed [localSize]byte
	if err := readFull(r, fixed[:], e.header); err != nil {
		return err
	}
	le := binary.LittleEndian
	nameLen, extraLen := int64(le.Uint16(fixed[26:])), int64(le.Uint16(fixed[28:]))
	if string(fixed[:4]) != localHeader || nameLen != int64(len(e.name)) || end-e.header < localSize+nameLen+extraLen {
		return errors.New("its header is damaged")
	}
	b := make([]byte, nameLen+extraLen)
	if err := readFull(r, b, e.header+localSize); err != nil {
		return err
	}
	flags, method := le.Uint16(fixed[6:]), le.Uint16(fixed[8:])
	if string(b[:nameLen]) != e.name || method != 0 || flags&1 != 0 || flags&8 != 0 != e.described {
		return errors.New("its header contradicts the directory")
	}
	sizes := []uint64{uint64(le.Uint32(fixed[22:])), uint64(le.Uint32(fixed[18:]))}
	if err := zip64Values(sizes, b[nameLen:]); err != nil {
		return err
	}
	for _, size := range sizes {
		if size != uint64(e.size) && !(e.described && size == 0) {
			return errors.New("its header has another size than the directory")
		}
	}
	e.offset = e.header + localSize + nameLen + extraLen
	if e.size > end-e.offset {
		return errors.New("its data go beyond the entries")
	}
	return nil
}

// readFull fills b from an offset.
func readFull(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

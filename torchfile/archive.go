package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// readZip reads an archive of torch.save: PREFIX/data.pkl has the object, and
// PREFIX/data/KEY the storage of that key.
func (f *File) readZip() error {
	entries, end, err := readDirectory(f.r, f.size)
	if err != nil {
		return err
	}
	prefix, err := archivePrefix(entries)
	if err != nil {
		return err
	}
	if err := placeEntries(f.r, entries, end); err != nil {
		return err
	}
	s := &storages{}
	f.order = binary.LittleEndian // of archives that do not say it
	var object entry
	data := make(map[string]entry, len(entries))
	for _, e := range entries {
		name := strings.TrimPrefix(e.name, prefix)
		switch {
		case name == "data.pkl":
			object = e
		case name == "byteorder":
			if f.order, err = f.readOrder(e); err != nil {
				return err
			}
		case strings.HasPrefix(name, "data/"):
			data[strings.TrimPrefix(name, "data/")] = e
		}
	}
	d := f.newDecoder(object.offset, object.size, s)
	root, err := d.Decode()
	if err != nil {
		return fmt.Errorf("data.pkl: %w", err)
	}
	if rest := object.size - d.Offset(); rest != 0 {
		return fmt.Errorf("data.pkl: %d bytes follow the object", rest)
	}
	for _, st := range s.list {
		e, ok := data[st.key]
		if !ok {
			return fmt.Errorf("the archive has no data/%.200s, which the object refers to", st.key)
		}
		if e.size != st.bytes() {
			return fmt.Errorf("storage %.200q has %d elements of %s, %d bytes, but data/%.200s has %d bytes", st.key, st.elements, st.dtype.name, st.bytes(), st.key, e.size)
		}
		st.offset = e.offset
	}
	return f.interpret(root, d.Budget)
}

// archivePrefix returns the folder of data.pkl, with a slash at its end, in which
// all other entries must be.
func archivePrefix(entries []entry) (string, error) {
	prefix, found := "", false
	for _, e := range entries {
		if folder, ok := strings.CutSuffix(e.name, "data.pkl"); ok && (folder == "" || strings.HasSuffix(folder, "/")) {
			if found {
				return "", fmt.Errorf("the archive has data.pkl in %.200q and in %.200q: which of them is meant?", prefix, folder)
			}
			prefix, found = folder, true
		}
	}
	for _, e := range entries {
		inside, ok := strings.CutPrefix(e.name, prefix)
		if inside == "constants.pkl" || strings.HasSuffix(e.name, "/constants.pkl") || strings.HasPrefix(inside, "code/") {
			return "", errors.New("this is a TorchScript program, not a file of weights: in Python, " +
				"torch.save(torch.jit.load(path).state_dict(), \"weights.pth\") saves its weights")
		}
		if found && !ok {
			return "", fmt.Errorf("the archive has %.200q beside the folder %.200q of data.pkl: this may be two files in one", e.name, prefix)
		}
	}
	if !found {
		return "", errors.New("the ZIP archive has no data.pkl: torch.save has not written it")
	}
	return prefix, nil
}

// readOrder reads the entry byteorder.
func (f *File) readOrder(e entry) (binary.ByteOrder, error) {
	b := make([]byte, min(e.size, 16))
	if err := readFull(f.r, b, e.offset); err != nil {
		return nil, err
	}
	switch string(b) {
	case "little":
		return binary.LittleEndian, nil
	case "big":
		return binary.BigEndian, nil
	}
	return nil, fmt.Errorf("byteorder is %q: want little or big", b)
}

package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/strideml/stride/torchfile/internal/pickle"
)

// What the older format begins with; torch/serialization.py.
var legacyMagic, _ = new(big.Int).SetString("1950A86A20F9469CFC6C", 16)

const legacyProtocol = 1001

// readLegacy reads the format before PyTorch 1.6: five pickles, the fourth of which
// is the object and the fifth the keys of the storages, and then the storages, each
// after the number of its elements. The bytes have little-endian order, whatever
// machine has written them.
func (f *File) readLegacy() error {
	f.order = binary.LittleEndian
	s := &storages{}
	d := f.newDecoder(0, f.size, s)
	magic, err := d.Decode()
	if x, ok := magic.(*big.Int); err != nil || !ok || x.Cmp(legacyMagic) != 0 {
		return errors.New("not a file of torch.save: it is another Python pickle")
	}
	protocol, err := d.Decode()
	switch {
	case err != nil:
		return fmt.Errorf("protocol version: %w", err)
	case protocol != any(int64(legacyProtocol)):
		return fmt.Errorf("protocol version is %s, want the number %d", pickle.Kind(protocol), legacyProtocol)
	}
	if _, err := d.Decode(); err != nil { // sizes of C types
		return fmt.Errorf("system information: %w", err)
	}
	root, err := d.Decode()
	if err != nil {
		return fmt.Errorf("object: %w", err)
	}
	value, err := d.Decode()
	if err != nil {
		return fmt.Errorf("keys of the storages: %w", err)
	}
	keys, ok := value.(*pickle.List)
	if !ok {
		return fmt.Errorf("keys of the storages are %s: want a list", pickle.Kind(value))
	}
	at := d.Offset()
	for _, k := range keys.Items {
		key, _ := k.(string)
		st := s.byKey[key]
		switch {
		case st == nil:
			return fmt.Errorf("there is a storage of key %.200q, which nothing refers to", fmt.Sprint(key))
		case st.offset != 0:
			return fmt.Errorf("there are two storages of key %.200q", key)
		}
		var count [8]byte
		if err := readFull(f.r, count[:], at); err != nil {
			return fmt.Errorf("storage %.200q: %w", key, err)
		}
		if n := binary.LittleEndian.Uint64(count[:]); n != uint64(st.elements) {
			return fmt.Errorf("storage %.200q has %d elements, the object says %d", key, n, st.elements)
		}
		if at += 8; st.bytes() > f.size-at {
			return fmt.Errorf("storage %.200q has %d bytes, but only %d follow", key, st.bytes(), f.size-at)
		}
		st.offset = at
		at += st.bytes()
	}
	for _, st := range s.list {
		if st.offset == 0 {
			return fmt.Errorf("the file ends without storage %.200q, which the object refers to", st.key)
		}
	}
	if at != f.size {
		return fmt.Errorf("%d bytes follow the last storage: this may be two files in one", f.size-at)
	}
	return f.interpret(root, d.Budget)
}

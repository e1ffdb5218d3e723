package xla

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"

	"github.com/strideml/stride/tensor"
)

// constants are large constants on the devices. Programs with the same contents share
// one.
type constants struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*constant
}

type constant struct {
	array array
	users int // programs
}

// of returns the array of a constant, and its key for release.
func (c *constants) of(d *Device, x *tensor.Tensor) (array, [sha256.Size]byte, error) {
	key := contents(x)
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.all[key]; known != nil {
		known.users++
		return known.array, key, nil
	}
	a, err := d.put(x.Data(), x.Shape(), false)
	if err != nil {
		return nil, key, err
	}
	if c.all == nil {
		c.all = map[[sha256.Size]byte]*constant{}
	}
	c.all[key] = &constant{array: a, users: 1}
	return a, key, nil
}

// release says that a program needs a constant no more.
func (c *constants) release(key [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.all[key]
	if k == nil {
		return
	}
	if k.users--; k.users == 0 {
		k.array.close()
		delete(c.all, key)
	}
}

// contents is a hash of the shape and the elements.
func contents(x *tensor.Tensor) (key [sha256.Size]byte) {
	h := sha256.New()
	var b []byte
	b = binary.LittleEndian.AppendUint64(b, uint64(x.Rank()))
	for _, d := range x.Shape() {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	for _, v := range x.Data() {
		if b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v)); len(b) >= 1<<12 {
			h.Write(b)
			b = b[:0]
		}
	}
	h.Write(b)
	h.Sum(key[:0])
	return key
}

package pickle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
)

// A Decoder reads pickles.
type Decoder struct {
	// Budget is how many bytes of memory may still be allocated, estimated from
	// above. Decode counts it down and fails when it is used up.
	Budget int64
	// Persistent returns what a persistent identifier stands for, which is how
	// torch.save refers to storages. nil refuses them.
	Persistent func(id any) (any, error)
	// Sealed reports whether objects of a class or function must not be used as
	// dicts or lists. nil seals none.
	Sealed func(Global) bool

	r      *bufio.Reader
	offset int64

	stack []any
	marks []int
	memo  map[uint64]any
	high  int // the largest stack that was paid for
}

// NewDecoder returns a decoder that reads from r, and may read beyond the end of
// a pickle.
func NewDecoder(r io.Reader, budget int64) *Decoder {
	return &Decoder{Budget: budget, r: bufio.NewReaderSize(r, 64<<10)}
}

// Offset returns the number of bytes that have been decoded: where the next pickle
// begins.
func (d *Decoder) Offset() int64 { return d.offset }

// Decode reads one pickle. Errors say at which byte of the input the opcode stands
// that is at fault.
func (d *Decoder) Decode() (any, error) {
	d.stack, d.marks, d.memo = d.stack[:0], d.marks[:0], map[uint64]any{}
	for {
		at := d.offset
		op, err := d.byte()
		if err != nil {
			return nil, fmt.Errorf("pickle: at byte %d: %w", at, err)
		}
		if op == opStop {
			if len(d.stack) != 1 || len(d.marks) != 0 {
				return nil, fmt.Errorf("pickle: at byte %d: it ends with %d values and %d marks: want 1 value", at, len(d.stack), len(d.marks))
			}
			v := d.stack[0]
			d.stack[0] = nil
			return v, nil
		}
		if err := d.step(op); err != nil {
			return nil, fmt.Errorf("pickle: at byte %d, %s: %w", at, opName(op), err)
		}
	}
}

// Estimates of what values take, in bytes. Slices and maps that grow leave
// garbage behind, and the collector lets as much garbage be as there is data.
const (
	costSlot   = 3 * 16  // an element of a stack, list or tuple
	costEntry  = 256     // an entry of a dict, with its share of the index
	costMemo   = 128     // an entry of the memo
	costNumber = 16      // a number in an interface
	costHeader = 2 * 48  // a container without its elements
	maxLong    = 1 << 10 // bytes of an integer
	maxName    = 1 << 10 // bytes of the name of a class
	maxMarks   = 1 << 20
)

var errBudget = errors.New("takes more memory than its file's size makes plausible")

// charge takes n bytes from the budget.
func (d *Decoder) charge(n int64) error {
	if d.Budget -= n; d.Budget < 0 {
		return errBudget
	}
	return nil
}

func (d *Decoder) byte() (byte, error) {
	b, err := d.r.ReadByte()
	if errors.Is(err, io.EOF) {
		return 0, io.ErrUnexpectedEOF
	}
	if err == nil {
		d.offset++
	}
	return b, err
}

// small reads up to 8 bytes as a little-endian number.
func (d *Decoder) small(n int) (uint64, error) {
	var b [8]byte
	if err := d.full(b[:n]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

func (d *Decoder) full(b []byte) error {
	n, err := io.ReadFull(d.r, b)
	d.offset += int64(n)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// text reads n bytes. Memory is taken as they arrive.
func (d *Decoder) text(n uint64) (string, error) {
	const chunk = 64 << 10
	if n > math.MaxInt64/8 {
		return "", fmt.Errorf("a length of %d bytes", n)
	}
	// The text, and twice as much while it grows.
	if err := d.charge(int64(min(n, chunk))*3 + costHeader); err != nil {
		return "", err
	}
	b := make([]byte, min(n, chunk))
	if err := d.full(b); err != nil {
		return "", err
	}
	for uint64(len(b)) < n {
		more := int(min(n-uint64(len(b)), uint64(len(b))))
		if err := d.charge(3 * int64(more)); err != nil {
			return "", err
		}
		grown := make([]byte, len(b)+more)
		copy(grown, b)
		if err := d.full(grown[len(b):]); err != nil {
			return "", err
		}
		b = grown
	}
	return string(b), nil
}

// line reads a name that ends in a newline.
func (d *Decoder) line() (string, error) {
	var b []byte
	for {
		c, err := d.byte()
		switch {
		case err != nil:
			return "", err
		case c == '\n':
			return string(b), nil
		case len(b) == maxName:
			return "", fmt.Errorf("a name of more than %d bytes", maxName)
		}
		b = append(b, c)
	}
}

// integer reads a little-endian integer in two's complement of n bytes.
func (d *Decoder) integer(n uint64) (any, error) {
	if n > maxLong {
		return nil, fmt.Errorf("an integer of %d bytes", n)
	}
	b := make([]byte, n)
	if err := d.full(b); err != nil {
		return nil, err
	}
	if n <= 8 {
		var wide [8]byte
		if n > 0 && b[n-1] >= 0x80 {
			wide = [8]byte{255, 255, 255, 255, 255, 255, 255, 255}
		}
		copy(wide[:], b)
		return int64(binary.LittleEndian.Uint64(wide[:])), nil
	}
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	x := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	return x, d.charge(int64(4*n) + costHeader)
}

func (d *Decoder) push(v any) error {
	d.stack = append(d.stack, v)
	if n := len(d.stack); n > d.high {
		d.high = n
		return d.charge(costSlot)
	}
	return nil
}

// pushNumber pushes a value that is boxed.
func (d *Decoder) pushNumber(v any) error {
	if err := d.charge(costNumber); err != nil {
		return err
	}
	return d.push(v)
}

var errEmpty = errors.New("the stack is empty")

// bottom is the part of the stack that the newest mark protects.
func (d *Decoder) bottom() int {
	if len(d.marks) == 0 {
		return 0
	}
	return d.marks[len(d.marks)-1]
}

func (d *Decoder) pop() (any, error) {
	n := len(d.stack)
	if n <= d.bottom() {
		return nil, errEmpty
	}
	v := d.stack[n-1]
	d.stack[n-1] = nil
	d.stack = d.stack[:n-1]
	return v, nil
}

func (d *Decoder) top() (any, error) {
	n := len(d.stack)
	if n <= d.bottom() {
		return nil, errEmpty
	}
	return d.stack[n-1], nil
}

// popMark takes all above the newest mark. The slice is valid until the next push.
func (d *Decoder) popMark() ([]any, error) {
	if len(d.marks) == 0 {
		return nil, errors.New("there is no mark")
	}
	at := d.bottom()
	d.marks = d.marks[:len(d.marks)-1]
	items := d.stack[at:]
	d.stack = d.stack[:at]
	return items, nil
}

// popItems returns a copy of all above the newest mark.
func (d *Decoder) popItems() ([]any, error) {
	items, err := d.popMark()
	if err != nil {
		return nil, err
	}
	return d.copied(items)
}

func (d *Decoder) copied(items []any) ([]any, error) {
	if err := d.charge(int64(len(items))*costSlot + costHeader); err != nil {
		return nil, err
	}
	return append(make([]any, 0, len(items)), items...), nil
}

// remember stores the top of the stack in the memo.
func (d *Decoder) remember(key uint64) error {
	v, err := d.top()
	if err != nil {
		return err
	}
	if _, ok := d.memo[key]; !ok {
		if err := d.charge(costMemo); err != nil {
			return err
		}
	}
	d.memo[key] = v
	return nil
}

func (d *Decoder) recall(key uint64) error {
	v, ok := d.memo[key]
	if !ok {
		return fmt.Errorf("nothing is stored under %d", key)
	}
	return d.push(v)
}

package pickle

import (
	"errors"
	"fmt"
	"math"
)

// The opcodes of protocols 2 to 5, and those of protocol 1 that later ones use.
const (
	opMark            = '('
	opStop            = '.'
	opPop             = '0'
	opPopMark         = '1'
	opDup             = '2'
	opBinFloat        = 'G'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opNone            = 'N'
	opBinPersID       = 'Q'
	opReduce          = 'R'
	opBinString       = 'T'
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opDict            = 'd'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opList            = 'l'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opSetItems        = 'u'
	opEmptyDict       = '}'
	opEmptyList       = ']'
	opEmptyTuple      = ')'
	opBinBytes        = 'B'
	opShortBinBytes   = 'C'
	opProto           = 0x80
	opNewObj          = 0x81
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opLong4           = 0x8b
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
	opByteArray8      = 0x96
)

// maxProtocol is the newest protocol, that of Python 3.8.
const maxProtocol = 5

// opNames has the names that Python's pickletools gives to the opcodes, those that
// are refused included.
var opNames = map[byte]string{
	opMark: "MARK", opStop: "STOP", opPop: "POP", opPopMark: "POP_MARK", opDup: "DUP", opBinFloat: "BINFLOAT", opBinInt: "BININT",
	opBinInt1: "BININT1", opBinInt2: "BININT2", opNone: "NONE", opBinPersID: "BINPERSID", opReduce: "REDUCE", opBinString: "BINSTRING",
	opShortBinString: "SHORT_BINSTRING", opBinUnicode: "BINUNICODE", opAppend: "APPEND", opBuild: "BUILD", opGlobal: "GLOBAL", opDict: "DICT",
	opAppends: "APPENDS", opBinGet: "BINGET", opLongBinGet: "LONG_BINGET", opList: "LIST", opBinPut: "BINPUT", opLongBinPut: "LONG_BINPUT",
	opSetItem: "SETITEM", opTuple: "TUPLE", opSetItems: "SETITEMS", opEmptyDict: "EMPTY_DICT", opEmptyList: "EMPTY_LIST",
	opEmptyTuple: "EMPTY_TUPLE", opBinBytes: "BINBYTES", opShortBinBytes: "SHORT_BINBYTES", opProto: "PROTO", opNewObj: "NEWOBJ",
	opTuple1: "TUPLE1", opTuple2: "TUPLE2", opTuple3: "TUPLE3", opNewTrue: "NEWTRUE", opNewFalse: "NEWFALSE", opLong1: "LONG1", opLong4: "LONG4",
	opShortBinUnicode: "SHORT_BINUNICODE", opBinUnicode8: "BINUNICODE8", opBinBytes8: "BINBYTES8", opEmptySet: "EMPTY_SET",
	opAddItems: "ADDITEMS", opFrozenSet: "FROZENSET", opNewObjEx: "NEWOBJ_EX", opStackGlobal: "STACK_GLOBAL", opMemoize: "MEMOIZE",
	opFrame: "FRAME", opByteArray8: "BYTEARRAY8",
	'F': "FLOAT", 'I': "INT", 'L': "LONG", 'P': "PERSID", 'S': "STRING", 'V': "UNICODE", 'g': "GET", 'i': "INST", 'o': "OBJ", 'p': "PUT",
	0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}

func opName(op byte) string {
	if name, ok := opNames[op]; ok {
		return name
	}
	return fmt.Sprintf("opcode %#02x", op)
}

// step does what an opcode says.
func (d *Decoder) step(op byte) error {
	switch op {
	case opProto:
		v, err := d.byte()
		if err == nil && v > maxProtocol {
			err = fmt.Errorf("protocol %d: 2 to %d are known", v, maxProtocol)
		}
		return err
	case opFrame:
		_, err := d.small(8)
		return err
	case opMark:
		if len(d.marks) == maxMarks {
			return fmt.Errorf("more than %d marks", maxMarks)
		}
		d.marks = append(d.marks, len(d.stack))
		return nil
	case opPop:
		if len(d.marks) > 0 && d.bottom() == len(d.stack) {
			d.marks = d.marks[:len(d.marks)-1]
			return nil
		}
		_, err := d.pop()
		return err
	case opPopMark:
		_, err := d.popMark()
		return err
	case opDup:
		v, err := d.top()
		if err != nil {
			return err
		}
		return d.push(v)
	case opBinPersID, opReduce, opBuild, opNewObj, opNewObjEx, opGlobal, opStackGlobal:
		return d.object(op)
	case opBinGet, opLongBinGet, opBinPut, opLongBinPut, opMemoize:
		return d.memory(op)
	}
	if handled, err := d.scalar(op); handled {
		return err
	}
	return d.container(op)
}

// memory does the opcodes of the memo.
func (d *Decoder) memory(op byte) error {
	if op == opMemoize {
		return d.remember(uint64(len(d.memo)))
	}
	bytes := 1
	if op == opLongBinGet || op == opLongBinPut {
		bytes = 4
	}
	key, err := d.small(bytes)
	switch {
	case err != nil:
		return err
	case op == opBinGet || op == opLongBinGet:
		return d.recall(key)
	}
	return d.remember(key)
}

// scalar does the opcodes that push a number, a string or a constant. It reports
// false for others.
func (d *Decoder) scalar(op byte) (bool, error) {
	switch op {
	case opNone:
		return true, d.push(nil)
	case opNewTrue:
		return true, d.push(true)
	case opNewFalse:
		return true, d.push(false)
	case opBinInt1, opBinInt2, opBinInt:
		length := 4
		switch op {
		case opBinInt1:
			length = 1
		case opBinInt2:
			length = 2
		}
		n, err := d.small(length)
		if err != nil {
			return true, err
		}
		if op == opBinInt {
			n = uint64(int64(int32(n)))
		}
		return true, d.pushNumber(int64(n))
	case opLong1, opLong4:
		length := 1
		if op == opLong4 {
			length = 4
		}
		n, err := d.small(length)
		if err != nil {
			return true, err
		}
		x, err := d.integer(n)
		if err != nil {
			return true, err
		}
		return true, d.pushNumber(x)
	case opBinFloat:
		var b [8]byte
		if err := d.full(b[:]); err != nil {
			return true, err
		}
		bits := uint64(0)
		for _, c := range b {
			bits = bits<<8 | uint64(c)
		}
		return true, d.pushNumber(math.Float64frombits(bits))
	case opShortBinUnicode, opBinUnicode, opBinUnicode8, opShortBinString, opBinString:
		s, err := d.counted(op)
		if err != nil {
			return true, err
		}
		return true, d.push(s)
	case opShortBinBytes, opBinBytes, opBinBytes8, opByteArray8:
		s, err := d.counted(op)
		if err != nil {
			return true, err
		}
		return true, d.push(Bytes(s))
	}
	return false, nil
}

// counted reads a length, whose own length depends on the opcode, and so many bytes.
func (d *Decoder) counted(op byte) (string, error) {
	length := 4
	switch op {
	case opShortBinUnicode, opShortBinString, opShortBinBytes:
		length = 1
	case opBinUnicode8, opBinBytes8, opByteArray8:
		length = 8
	}
	n, err := d.small(length)
	if err != nil {
		return "", err
	}
	return d.text(n)
}

// container does the opcodes that make containers and fill them.
func (d *Decoder) container(op byte) error {
	switch op {
	case opEmptyDict:
		return d.pushEmpty(&Dict{})
	case opEmptyList:
		return d.pushEmpty(&List{})
	case opEmptySet:
		return d.pushEmpty(&Set{})
	case opEmptyTuple:
		return d.pushEmpty(&Tuple{})
	case opTuple1, opTuple2, opTuple3:
		n := int(op-opTuple1) + 1
		at := len(d.stack) - n
		if at < d.bottom() {
			return errEmpty
		}
		items, err := d.copied(d.stack[at:])
		if err != nil {
			return err
		}
		clear(d.stack[at:])
		d.stack = d.stack[:at]
		return d.push(&Tuple{items})
	case opTuple, opList, opFrozenSet:
		items, err := d.popItems()
		switch {
		case err != nil:
			return err
		case op == opTuple:
			return d.push(&Tuple{items})
		case op == opList:
			return d.push(&List{items})
		}
		return d.push(&Set{items})
	case opDict:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		dict := &Dict{}
		if err := d.setItems(dict, items); err != nil {
			return err
		}
		return d.push(dict)
	case opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		return d.fill(op)
	}
	return errors.New("this opcode is not supported; saving the file again with a newer version of PyTorch helps")
}

func (d *Decoder) pushEmpty(container any) error {
	if err := d.charge(costHeader); err != nil {
		return err
	}
	return d.push(container)
}

// fill does the opcodes that add to the container below the items.
func (d *Decoder) fill(op byte) (err error) {
	var items []any
	switch op {
	case opAppend, opSetItem:
		n := 1
		if op == opSetItem {
			n = 2
		}
		at := len(d.stack) - n
		if at < d.bottom() {
			return errEmpty
		}
		items, d.stack = d.stack[at:], d.stack[:at]
	default:
		if items, err = d.popMark(); err != nil {
			return err
		}
	}
	target, err := d.top()
	if err != nil {
		return err
	}
	switch op {
	case opAppend, opAppends:
		return d.appendItems(target, items)
	case opAddItems:
		set, ok := target.(*Set)
		if !ok {
			return fmt.Errorf("adds to %s as to a set", Kind(target))
		}
		set.Items = append(set.Items, items...)
		return d.charge(int64(len(items)) * costSlot)
	}
	return d.setItems(target, items)
}

// appendItems adds to a list, or to an object as to a list.
func (d *Decoder) appendItems(target any, items []any) error {
	if err := d.charge(int64(len(items)) * costSlot); err != nil {
		return err
	}
	switch t := target.(type) {
	case *List:
		t.Items = append(t.Items, items...)
		return nil
	case *Object:
		if !d.sealed(t) {
			if t.Appended == nil {
				t.Appended = &List{}
			}
			t.Appended.Items = append(t.Appended.Items, items...)
			return d.charge(costHeader)
		}
	}
	return fmt.Errorf("appends to %s as to a list", Kind(target))
}

// setItems sets keys and values, which alternate, of a dict, or of an object as of
// a dict.
func (d *Decoder) setItems(target any, items []any) error {
	var dict *Dict
	switch t := target.(type) {
	case *Dict:
		dict = t
	case *Object:
		if !d.sealed(t) {
			if t.Items == nil {
				t.Items = &Dict{}
			}
			dict = t.Items
		}
	}
	if dict == nil {
		return fmt.Errorf("sets items of %s as of a dict", Kind(target))
	}
	if len(items)%2 != 0 {
		return fmt.Errorf("%d keys and values: want pairs", len(items))
	}
	for i := 0; i < len(items); i += 2 {
		added, err := dict.set(items[i], items[i+1])
		if err != nil {
			return err
		}
		if added {
			if err := d.charge(costEntry); err != nil {
				return err
			}
		}
	}
	return d.charge(costHeader)
}

func (d *Decoder) sealed(o *Object) bool {
	g, ok := o.Class.(Global)
	return ok && d.Sealed != nil && d.Sealed(g)
}

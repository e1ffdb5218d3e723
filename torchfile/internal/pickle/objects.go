package pickle

import (
	"errors"
	"fmt"
)

// object does the opcodes that name classes and functions and call them. Nothing
// is called.
func (d *Decoder) object(op byte) error {
	switch op {
	case opGlobal:
		module, err := d.line()
		if err != nil {
			return err
		}
		name, err := d.line()
		if err != nil {
			return err
		}
		return d.global(module, name)
	case opStackGlobal:
		name, err := d.pop()
		if err != nil {
			return err
		}
		module, err := d.pop()
		if err != nil {
			return err
		}
		m, ok1 := module.(string)
		n, ok2 := name.(string)
		if !ok1 || !ok2 {
			return fmt.Errorf("names %s and %s: want two strings", Kind(module), Kind(name))
		}
		if len(m) > maxName || len(n) > maxName {
			return fmt.Errorf("a name of more than %d bytes", maxName)
		}
		return d.global(m, n)
	case opBinPersID:
		id, err := d.pop()
		if err != nil {
			return err
		}
		if d.Persistent == nil {
			return errors.New("a persistent identifier, which has no meaning here")
		}
		v, err := d.Persistent(id)
		if err != nil {
			return err
		}
		if err := d.charge(costHeader); err != nil {
			return err
		}
		return d.push(v)
	case opBuild:
		return d.build()
	}
	// REDUCE, NEWOBJ and NEWOBJ_EX: a class or function and its arguments.
	if op == opNewObjEx {
		if _, err := d.pop(); err != nil { // arguments by name
			return err
		}
	}
	args, err := d.pop()
	if err != nil {
		return err
	}
	callee, err := d.pop()
	if err != nil {
		return err
	}
	tuple, ok := args.(*Tuple)
	if !ok {
		return fmt.Errorf("the arguments are %s: want a tuple", Kind(args))
	}
	v, err := d.call(callee, tuple)
	if err != nil {
		return err
	}
	return d.push(v)
}

func (d *Decoder) global(module, name string) error {
	if err := d.charge(int64(2*(len(module)+len(name))) + costHeader); err != nil {
		return err
	}
	return d.push(Global{module, name})
}

// build gives an object its state.
func (d *Decoder) build() error {
	state, err := d.pop()
	if err != nil {
		return err
	}
	target, err := d.top()
	if err != nil {
		return err
	}
	switch t := target.(type) {
	case *Object:
		t.State = state
	case *Dict:
		t.State = state
	default:
		return fmt.Errorf("gives a state to %s", Kind(target))
	}
	return nil
}

// call returns what stands for the result of a call.
func (d *Decoder) call(callee any, args *Tuple) (any, error) {
	if err := d.charge(costHeader); err != nil {
		return nil, err
	}
	switch c := callee.(type) {
	case Global:
		if make, ok := builtins[c]; ok {
			return make(d, args.Items)
		}
	case *Object:
	default:
		return nil, fmt.Errorf("calls %s", Kind(callee))
	}
	return &Object{Class: callee, Args: args.Items}, nil
}

// builtins are the names that have a meaning: containers and bytes. The modules of
// Python 2 are beside those of Python 3.
var builtins map[Global]func(d *Decoder, args []any) (any, error)

func init() {
	builtins = map[Global]func(d *Decoder, args []any) (any, error){
		{"collections", "OrderedDict"}: (*Decoder).newDict,
		{"collections", "Counter"}:     (*Decoder).newDict,
		{"collections", "defaultdict"}: func(d *Decoder, args []any) (any, error) {
			return d.newDict(args[min(1, len(args)):]) // the first argument makes missing values
		},
		{"_codecs", "encode"}: (*Decoder).encode,
	}
	for _, module := range []string{"builtins", "__builtin__"} {
		builtins[Global{module, "dict"}] = (*Decoder).newDict
		builtins[Global{module, "set"}] = (*Decoder).newSet
		builtins[Global{module, "frozenset"}] = (*Decoder).newSet
		builtins[Global{module, "bytes"}] = (*Decoder).newBytes
		builtins[Global{module, "bytearray"}] = (*Decoder).newBytes
	}
}

// newDict makes a dict of nothing, of a dict, or of a list of pairs.
func (d *Decoder) newDict(args []any) (any, error) {
	dict := &Dict{}
	if len(args) == 0 {
		return dict, nil
	}
	var pairs []any
	switch a := args[0].(type) {
	case *Dict:
		if err := d.charge(int64(len(a.Keys)) * 2 * costSlot); err != nil {
			return nil, err
		}
		for i, key := range a.Keys {
			pairs = append(pairs, key, a.Values[i])
		}
	case *List:
		if err := d.charge(int64(len(a.Items)) * 2 * costSlot); err != nil {
			return nil, err
		}
		for _, item := range a.Items {
			var pair []any
			switch p := item.(type) {
			case *List:
				pair = p.Items
			case *Tuple:
				pair = p.Items
			}
			if len(pair) != 2 {
				return nil, fmt.Errorf("makes a dict of a list that has %s: want pairs", Kind(item))
			}
			pairs = append(pairs, pair...)
		}
	default:
		return nil, fmt.Errorf("makes a dict of %s", Kind(a))
	}
	return dict, d.setItems(dict, pairs)
}

// newSet makes a set of nothing or of a list.
func (d *Decoder) newSet(args []any) (any, error) {
	if len(args) == 0 {
		return &Set{}, nil
	}
	var items []any
	switch a := args[0].(type) {
	case *List:
		items = a.Items
	case *Tuple:
		items = a.Items
	default:
		return nil, fmt.Errorf("makes a set of %s", Kind(a))
	}
	items, err := d.copied(items)
	return &Set{items}, err
}

// newBytes makes bytes of nothing, of bytes, or of a text and its encoding.
func (d *Decoder) newBytes(args []any) (any, error) {
	if len(args) == 0 {
		return Bytes(""), nil
	}
	if b, ok := args[0].(Bytes); ok {
		return b, nil
	}
	return d.encode(args)
}

// encode is how protocol 2 writes bytes: as a text whose characters are the bytes.
func (d *Decoder) encode(args []any) (any, error) {
	text, ok := "", false
	if len(args) > 0 {
		text, ok = args[0].(string)
	}
	if !ok || len(args) > 1 && args[1] != any("latin1") && args[1] != any("latin-1") {
		return nil, errors.New(`bytes: want a string and "latin1"`)
	}
	if err := d.charge(int64(2 * len(text))); err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(text))
	for _, c := range text {
		if c > 0xff {
			return nil, fmt.Errorf("bytes: %q is not latin1", c)
		}
		b = append(b, byte(c))
	}
	return Bytes(b), nil
}

package constant

import (
	"fmt"
	"math"

	"github.com/strideml/stride/onnx/internal/proto"
)

// A binary is a function of two numbers, for integers and for floats.
type binary struct {
	ints   func(a, b int64) (int64, error)
	floats func(a, b float64) float64
	isTest bool // the result is a bool
}

func total(f func(a, b int64) int64) func(a, b int64) (int64, error) {
	return func(a, b int64) (int64, error) { return f(a, b), nil }
}

func truth(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// test makes a binary of a comparison.
func test(ints func(a, b int64) bool, floats func(a, b float64) bool) binary {
	return binary{
		ints:   func(a, b int64) (int64, error) { return truth(ints(a, b)), nil },
		floats: func(a, b float64) float64 { return float64(truth(floats(a, b))) },
		isTest: true,
	}
}

var binaries = map[string]binary{
	"Add": {ints: total(func(a, b int64) int64 { return a + b }), floats: func(a, b float64) float64 { return a + b }},
	"Sub": {ints: total(func(a, b int64) int64 { return a - b }), floats: func(a, b float64) float64 { return a - b }},
	"Mul": {ints: total(func(a, b int64) int64 { return a * b }), floats: func(a, b float64) float64 { return a * b }},
	"Div": {ints: divide, floats: func(a, b float64) float64 { return a / b }},
	"Min": {ints: total(func(a, b int64) int64 { return min(a, b) }), floats: math.Min},
	"Max": {ints: total(func(a, b int64) int64 { return max(a, b) }), floats: math.Max},
	"Pow": {ints: power, floats: math.Pow},
	"Mod": {ints: modulo, floats: math.Mod},
	// With fmod the sign is that of the dividend.
	"FMod": {ints: remainder, floats: math.Mod},

	"And": test(func(a, b int64) bool { return a != 0 && b != 0 }, nil),
	"Or":  test(func(a, b int64) bool { return a != 0 || b != 0 }, nil),
	"Xor": test(func(a, b int64) bool { return (a != 0) != (b != 0) }, nil),

	"Equal":          test(func(a, b int64) bool { return a == b }, func(a, b float64) bool { return a == b }),
	"Less":           test(func(a, b int64) bool { return a < b }, func(a, b float64) bool { return a < b }),
	"LessOrEqual":    test(func(a, b int64) bool { return a <= b }, func(a, b float64) bool { return a <= b }),
	"Greater":        test(func(a, b int64) bool { return a > b }, func(a, b float64) bool { return a > b }),
	"GreaterOrEqual": test(func(a, b int64) bool { return a >= b }, func(a, b float64) bool { return a >= b }),
}

func divide(a, b int64) (int64, error) {
	if b == 0 {
		return 0, fmt.Errorf("division of %d by 0", a)
	}
	return a / b, nil
}

func remainder(a, b int64) (int64, error) {
	if b == 0 {
		return 0, fmt.Errorf("division of %d by 0", a)
	}
	return a % b, nil
}

func modulo(a, b int64) (int64, error) {
	r, err := remainder(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r, err
}

func power(a, b int64) (int64, error) {
	if b < 0 {
		return int64(math.Pow(float64(a), float64(b))), nil
	}
	r := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 != 0 {
			r *= a
		}
		a *= a
	}
	return r, nil
}

// Binary applies the function of that name to a and b, broadcast.
func Binary(name string, a, b *Tensor) (*Tensor, error) {
	f, ok := binaries[name]
	if !ok {
		return nil, fmt.Errorf("no function %s", name)
	}
	typ := a.Type
	if a.IsFloat() != b.IsFloat() {
		if name != "Pow" { // whose exponent may have another type
			return nil, fmt.Errorf("the types differ: %v and %v", a.Type, b.Type)
		}
		var err error
		if a, err = Cast(a, proto.Double); err != nil {
			return nil, err
		}
		if b, err = Cast(b, proto.Double); err != nil {
			return nil, err
		}
	}
	shape, err := BroadcastShape(a.Shape, b.Shape)
	if err != nil {
		return nil, err
	}
	if a, err = Expand(a, shape); err != nil {
		return nil, err
	}
	if b, err = Expand(b, shape); err != nil {
		return nil, err
	}
	isFloat := a.IsFloat()
	if isFloat && f.floats == nil {
		return nil, fmt.Errorf("%s needs arguments of type bool, not %v", name, typ)
	}
	if f.isTest {
		typ = proto.Bool
	}
	r, err := newTensor(typ, shape)
	if err != nil {
		return nil, err
	}
	for i := range a.Size() {
		var v int64
		switch {
		case isFloat && r.IsFloat():
			r.Floats[i] = Round(typ, f.floats(a.Floats[i], b.Floats[i]))
			continue
		case isFloat:
			v = int64(f.floats(a.Floats[i], b.Floats[i]))
		default:
			if v, err = f.ints(a.Ints[i], b.Ints[i]); err != nil {
				return nil, err
			}
		}
		r.Ints[i] = Wrap(typ, v)
	}
	return r, nil
}

// unaries are the functions of a float.
var unaries = map[string]func(float64) float64{
	"Abs": math.Abs, "Neg": func(v float64) float64 { return -v }, "Sqrt": math.Sqrt, "Exp": math.Exp, "Log": math.Log,
	"Floor": math.Floor, "Ceil": math.Ceil, "Round": math.RoundToEven, "Reciprocal": func(v float64) float64 { return 1 / v },
	"Sin": math.Sin, "Cos": math.Cos, "Tan": math.Tan, "Tanh": math.Tanh, "Erf": math.Erf,
	"Sigmoid": func(v float64) float64 { return 1 / (1 + math.Exp(-v)) },
	"Relu":    func(v float64) float64 { return max(v, 0) },
	"Sign": func(v float64) float64 {
		switch {
		case v > 0:
			return 1
		case v < 0:
			return -1
		}
		return v
	},
}

// Unary applies the function of that name to each element. Integers have Abs, Neg, Sign
// and Relu.
func Unary(name string, t *Tensor) (*Tensor, error) {
	f, ok := unaries[name]
	if !ok {
		return nil, fmt.Errorf("no function %s", name)
	}
	r, err := newTensor(t.Type, t.Shape)
	if err != nil {
		return nil, err
	}
	for i, v := range t.Floats {
		r.Floats[i] = Round(t.Type, f(v))
	}
	for i, v := range t.Ints {
		switch name {
		case "Abs":
			v = max(v, -v)
		case "Relu":
			v = max(v, 0)
		case "Neg":
			v = -v
		case "Sign":
			v = int64(f(float64(v)))
		default:
			return nil, fmt.Errorf("%s of elements of type %v", name, t.Type)
		}
		r.Ints[i] = Wrap(t.Type, v)
	}
	return r, nil
}

// Not negates bools.
func Not(t *Tensor) (*Tensor, error) {
	if t.Type != proto.Bool {
		return nil, fmt.Errorf("Not needs an argument of type bool, not %v", t.Type)
	}
	r, err := newTensor(proto.Bool, t.Shape)
	for i, v := range t.Ints {
		r.Ints[i] = 1 - v
	}
	return r, err
}

// Where takes the elements of a where condition is true, and those of b elsewhere.
func Where(condition, a, b *Tensor) (*Tensor, error) {
	shape, err := BroadcastShape(condition.Shape, a.Shape)
	if err != nil {
		return nil, err
	}
	if shape, err = BroadcastShape(shape, b.Shape); err != nil {
		return nil, err
	}
	if a.IsFloat() != b.IsFloat() || condition.IsFloat() {
		return nil, fmt.Errorf("the types %v, %v and %v do not fit", condition.Type, a.Type, b.Type)
	}
	all := []*Tensor{condition, a, b}
	for i, t := range all {
		if all[i], err = Expand(t, shape); err != nil {
			return nil, err
		}
	}
	r, err := newTensor(a.Type, shape)
	if err != nil {
		return nil, err
	}
	for i, c := range all[0].Ints {
		from := all[1]
		if c == 0 {
			from = all[2]
		}
		if r.IsFloat() {
			r.Floats[i] = from.Floats[i]
		} else {
			r.Ints[i] = from.Ints[i]
		}
	}
	return r, nil
}

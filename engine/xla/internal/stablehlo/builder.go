package stablehlo

import (
	"fmt"
	"strconv"
	"strings"
)

// A Builder writes the operations of a function, or of the body of an operation.
type Builder struct {
	text      *strings.Builder
	next      *int // the number of the next value
	depth     int
	constants map[string]Value // of this body, by their text
	arguments *[]Value
}

// New returns a builder of a new function.
func New() *Builder {
	return &Builder{text: new(strings.Builder), next: new(int), depth: 2, constants: map[string]Value{}, arguments: new([]Value)}
}

// Argument adds an argument to the function.
func (b *Builder) Argument(t Type) Value {
	v := Value{"%arg" + strconv.Itoa(len(*b.arguments)), t}
	*b.arguments = append(*b.arguments, v)
	return v
}

// value names a new value.
func (b *Builder) value(t Type) Value {
	v := Value{"%" + strconv.Itoa(*b.next), t}
	*b.next++
	return v
}

func (b *Builder) line(format string, args ...any) {
	for range b.depth {
		b.text.WriteString("  ")
	}
	fmt.Fprintf(b.text, format, args...)
	b.text.WriteByte('\n')
}

// op adds an operation with one result: "%3 = stablehlo." and the text.
func (b *Builder) op(result Type, format string, args ...any) Value {
	v := b.value(result)
	b.line("%s = stablehlo.%s", v, fmt.Sprintf(format, args...))
	return v
}

// A Body adds the operations of the body of an operation: given its arguments, it
// returns its results. It may use no values from outside of it, except in the bodies
// of a loop.
type Body func(b *Builder, args []Value) []Value

// bodies adds an operation with bodies. header is its text up to them, args has the
// types of each body's arguments.
func (b *Builder) bodies(name string, operands []Value, attributes string, results []Type, args [][]Type, bodies ...Body) []Value {
	out := make([]Value, len(results))
	left := "%" + strconv.Itoa(*b.next)
	*b.next++
	for i, t := range results {
		out[i] = Value{left, t}
		if len(results) > 1 {
			out[i].name = left + "#" + strconv.Itoa(i)
		}
	}
	if len(results) > 1 {
		left += ":" + strconv.Itoa(len(results))
	}
	if attributes != "" {
		attributes = " <{" + attributes + "}>"
	}
	b.line(`%s = "stablehlo.%s"(%s)%s ({`, left, name, join(operands), attributes)
	for i, body := range bodies {
		if i > 0 {
			b.line("}, {")
		}
		b.body(args[i], body)
	}
	b.line("}) : (%s) -> (%s)", join(types(operands)), join(results))
	return out
}

func (b *Builder) body(args []Type, body Body) {
	inner := &Builder{text: b.text, next: b.next, depth: b.depth + 1, constants: map[string]Value{}, arguments: b.arguments}
	values, declared := make([]Value, len(args)), make([]string, len(args))
	for i, t := range args {
		values[i] = b.value(t)
		declared[i] = values[i].name + ": " + t.String()
	}
	b.line("^bb0(%s):", join(declared))
	results := body(inner, values)
	inner.line("stablehlo.return %s : %s", join(results), join(types(results)))
}

// Main says what the function of a module takes and returns.
type Main struct {
	// Name is the module's name: letters, digits and underscores.
	Name string
	// Partitions is the number of devices that the program is partitioned over; 0
	// means 1. With more than one, arguments and results have shardings.
	Partitions int
	// Arguments holds attributes of the arguments that Argument added, in their
	// order; those at the end may be missing.
	Arguments []Attributes
	// Results are what the function returns.
	Results []Result
}

// Attributes are what is said of an argument or a result beside its type.
type Attributes struct {
	// Result is the number of the result that takes over the argument's memory, plus
	// 1; 0 means none. (The argument's buffer is then donated to the program.)
	Result int
	// Sharding says how a tensor is spread over the partitions, such as
	// "{replicated}" or "{devices=[4,1]<=[4]}"; "" says nothing.
	Sharding string
}

func (a Attributes) String() string {
	var all []string
	if a.Sharding != "" {
		all = append(all, fmt.Sprintf("mhlo.sharding = %q", a.Sharding))
	}
	if a.Result > 0 {
		all = append(all, fmt.Sprintf("tf.aliasing_output = %d : i32", a.Result-1))
	}
	if len(all) == 0 {
		return ""
	}
	return " {" + join(all) + "}"
}

// A Result is a value that a function returns.
type Result struct {
	Value    Value
	Sharding string
}

// Module returns the text of a module with the function, whose name is main.
func (b *Builder) Module(m Main) string {
	var head strings.Builder
	fmt.Fprintf(&head, "module @%s attributes {mhlo.num_partitions = %d : i32, mhlo.num_replicas = 1 : i32} {\n", m.Name, max(m.Partitions, 1))
	head.WriteString("  func.func public @main(")
	for i, v := range *b.arguments {
		if i > 0 {
			head.WriteString(", ")
		}
		fmt.Fprintf(&head, "%s: %s", v, v.Type)
		if i < len(m.Arguments) {
			head.WriteString(m.Arguments[i].String())
		}
	}
	values, results := make([]Value, len(m.Results)), make([]string, len(m.Results))
	for i, r := range m.Results {
		values[i] = r.Value
		results[i] = r.Value.Type.String() + Attributes{Sharding: r.Sharding}.String()
	}
	fmt.Fprintf(&head, ") -> (%s) {\n", join(results))
	head.WriteString(b.text.String())
	if len(values) == 0 {
		head.WriteString("    return\n")
	} else {
		fmt.Fprintf(&head, "    return %s : %s\n", join(values), join(types(values)))
	}
	head.WriteString("  }\n}\n")
	return head.String()
}

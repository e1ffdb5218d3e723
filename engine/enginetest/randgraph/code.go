package randgraph

import (
	"fmt"
	"strings"
)

// Code returns Go code that builds the programs of the case and, if there is
// only one, compares it with the reference engine: the body of a test in which
// device is the engine.
func (c *Case) Code() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for i, s := range c.Steps {
		if s.Op == "Variable" {
			line("v%d := &graph.Variable{Name: \"v%d\", Value: %s, Trainable: true}", i, i, s.valueCode())
		}
	}
	for k, p := range c.Programs {
		if len(c.Programs) > 1 {
			line("{ // program %d", k)
		}
		c.programCode(line, p)
		if len(c.Programs) > 1 {
			line("}")
		}
	}
	if len(c.Schedule) > 1 {
		line("// The programs run in the order %v, with other inputs in each run.", c.Schedule)
	}
	if c.Drop != nil {
		line("// Values are dropped and computed again: those of graph.Rematerializable with depth %d, the first %d of them (0 means all).", c.Drop.Depth, c.Drop.Count)
	}
	return b.String()
}

func (c *Case) programCode(line func(string, ...any), p Program) {
	needed := c.needed(p)
	name := func(i int) string { return fmt.Sprintf("n%d", i) }
	var inputs []string
	line("g := graph.New()")
	differentiated := map[int]bool{}
	for i, s := range c.Steps {
		if !needed[i] {
			continue
		}
		switch s.Op {
		case "Input":
			line("n%d := g.Input(\"n%d\", %s)", i, i, list(s.Ints))
			inputs = append(inputs, fmt.Sprintf("n%d: %s", i, s.valueCode()))
		case "Variable":
			line("n%d := g.Variable(v%d)", i, i)
		case "Constant":
			if len(s.Ints) == 0 && len(s.Floats) == 1 {
				line("n%d := g.Scalar(%v)", i, s.Floats[0])
			} else {
				line("n%d := g.Constant(%s)", i, s.valueCode())
			}
		case "Gradient":
			if loss := s.Args[0]; !differentiated[loss] {
				differentiated[loss] = true
				var of, by []string
				for j, t := range c.Steps {
					if needed[j] && t.Op == "Gradient" && t.Args[0] == loss {
						of, by = append(of, name(j)), append(by, name(t.Args[1]))
					}
				}
				line("d%d := graph.Gradients(n%d, %s)", loss, loss, list(by))
				for k, n := range of {
					line("%s := d%d[%d]", n, loss, k)
				}
			}
		default:
			args := make([]string, len(s.Args))
			for k, a := range s.Args {
				args[k] = name(a)
			}
			line("n%d := %s", i, s.callCode(args))
		}
	}
	for _, a := range p.Assigns {
		line("g.Assign(n%d, n%d)", a.Variable, a.Value)
	}
	outputs := make([]string, len(p.Outputs))
	for k, n := range p.Outputs {
		outputs[k] = name(n)
	}
	if p.Batch != 0 {
		line("// The program is what graph.Rebatched makes of this for %d samples.", p.Batch)
	}
	if p.Whole {
		line("// All nodes are in the graph, needed or not.")
	}
	if len(outputs) == 0 {
		line("// No outputs; feeds: %s", list(inputs))
		return
	}
	line("enginetest.Graph(t, device, engine.Feeds{%s}, %s)", list(inputs), list(outputs))
}

// callCode is the call that adds the operator.
func (s Step) callCode(args []string) string {
	if code := operators[s.Op].code; code != nil {
		return code(args, s)
	}
	for _, v := range s.Floats {
		args = append(args, fmt.Sprint(v))
	}
	for _, v := range s.Ints {
		args = append(args, fmt.Sprint(v))
	}
	return "graph." + s.Op + "(" + list(args) + ")"
}

func (s Step) valueCode() string {
	if len(s.Floats) > 0 {
		return fmt.Sprintf("tensor.Must(tensor.FromSlice(%#v, %s))", s.Floats, list(s.Ints))
	}
	args := []any{fmt.Sprintf("%q", s.Fill.Kind), s.Fill.Seed}
	for _, d := range s.Ints {
		args = append(args, d)
	}
	return "randgraph.Values(" + list(args) + ")"
}

// list joins what is printed with commas.
func list[T any](x []T) string {
	words := make([]string, len(x))
	for i, v := range x {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

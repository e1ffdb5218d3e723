package ir

import (
	"fmt"
	"io"
	"strings"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/graph"
)

// Write prints a Func, an operation a line: its results, what it computes of
// which arguments, the algorithm, and the epilogue.
func Write(w io.Writer, f *Func) error {
	var b strings.Builder
	for _, v := range f.Leaves {
		fmt.Fprintf(&b, "%v = %s\n", v, describe(v.Node.Op()))
	}
	for _, o := range f.Ops {
		writeOp(&b, o)
		b.WriteByte('\n')
	}
	for i, v := range f.Outputs {
		fmt.Fprintf(&b, "output %d = v%d\n", i, v.ID)
	}
	for _, u := range f.Updates {
		how := "copied"
		if u.Direct {
			how = "in place"
		}
		fmt.Fprintf(&b, "%s ← v%d (%s)\n", u.Variable.Name, u.New.ID, how)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func describe(o Operator) string {
	switch op := o.(type) {
	case *Elementwise:
		names := make([]string, len(op.Members))
		for i, m := range op.Members {
			names[i] = m.Op.Kind()
		}
		return strings.Join(names, "·")
	case graph.InputOp:
		return "input " + op.Name
	case graph.VariableOp:
		return "variable " + op.Variable.Name
	case RowSums:
		return "sums of " + op.Of.String()
	case Totals:
		return "total of " + op.Of.String()
	case View:
		if op.Transposed {
			return "transposed view"
		}
		if op.Start > 0 {
			return fmt.Sprintf("view from channel %d", op.Start)
		}
		return "view"
	case interface{ String() string }:
		return op.String()
	}
	return o.Kind()
}

func writeOp(b *strings.Builder, o *Op) {
	for i, v := range o.Outs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v.String())
	}
	writeWork(b, o)
	if o.Source != nil {
		fmt.Fprintf(b, ", where %v", o.Source.Out())
		writeWork(b, o.Source)
	}
	if len(o.Once) > 0 {
		b.WriteString(", kept while its variables stay as they are")
	}
	if path := o.Node.Path(); path != "" {
		fmt.Fprintf(b, "    # %s", path)
	}
}

// writeWork prints what an operation computes.
func writeWork(b *strings.Builder, o *Op) {
	does := describe(o.Do)
	if v, ok := o.Do.(View); ok && v.Start > 0 && o.Out().Layout == Plain {
		does = fmt.Sprintf("view from element %d", v.Start)
	}
	fmt.Fprintf(b, " = %s(%s)", does, ids(o.Args))
	if a, ok := o.Plan.(interface{ Algorithm() string }); ok {
		fmt.Fprintf(b, " by %s", a.Algorithm())
	}
	e := &o.Epilogue
	if e.Add != nil {
		fmt.Fprintf(b, ", plus v%d", e.Add.ID)
	}
	if e.Clip != gemm.NoClip {
		fmt.Fprintf(b, ", then %v", e.Clip)
	}
	if e.Elementwise != nil {
		fmt.Fprintf(b, ", then %s(%s)", describe(e.Elementwise.Do), ids(e.Elementwise.Args))
	}
	if e.Mask != nil {
		fmt.Fprintf(b, ", then masked by v%d", e.Mask.ID)
	}
	for _, s := range e.Sums {
		fmt.Fprintf(b, ", then %s → v%d", describe(s.Do), s.Out().ID)
	}
}

func ids(values []*Value) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = fmt.Sprintf("v%d", v.ID)
	}
	return strings.Join(names, ", ")
}

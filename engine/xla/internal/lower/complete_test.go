package lower

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
)

// TestOperatorsAreComplete walks the operators and functions of package graph and names
// those without a rule.
func TestOperatorsAreComplete(t *testing.T) {
	have := map[string]bool{}
	for op := range rules {
		have[op.Name()] = true
	}
	paths, err := filepath.Glob("../../../../graph/*.go")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, name := range operatorsOf(t, path) {
			count++
			if !have[name] {
				t.Errorf("graph.%s has no rule: write it in engine/xla/internal/lower/%s and add it to the table in rules.go", name, filepath.Base(path))
			} else if _, err := os.Stat(filepath.Base(path)); err != nil {
				t.Errorf("the rule of graph.%s does not stand in a file %s", name, filepath.Base(path))
			}
			delete(have, name)
		}
	}
	if count < 50 {
		t.Errorf("only %d operators found in package graph", count)
	}
	for name := range have {
		t.Errorf("the table has a rule for graph.%s, which does not exist", name)
	}
}

// operatorsOf lists the operators that a file of package graph declares.
func operatorsOf(t *testing.T, path string) (names []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if _, ok := spec.Type.(*ast.StructType); ok && strings.HasSuffix(spec.Name.Name, "Op") {
			names = append(names, spec.Name.Name)
		}
		return false
	})
	return names
}

// Functions of families count up from 0: the first without a name is behind the last.
func TestFunctionsAreComplete(t *testing.T) {
	for k := graph.UnaryKind(0); !strings.Contains(k.String(), "("); k++ {
		if unaryFuncs[k] == nil {
			t.Errorf("unary function %v has no rule in unary.go", k)
		}
	}
	for k := graph.BinaryKind(0); !strings.Contains(k.String(), "("); k++ {
		if binaryFuncs[k] == nil {
			t.Errorf("binary function %v has no rule in binary.go", k)
		}
	}
}

// novel is an operator that this package does not know.
type novel struct{ graph.Op }

func (novel) Kind() string { return "Novel" }

func TestUnknownOperators(t *testing.T) {
	if rules[reflect.TypeFor[novel]()] != nil {
		t.Fatal("there is a rule for a novel operator")
	}
	b := &builder{}
	for _, test := range []struct {
		op   graph.Op
		want string
	}{
		{graph.UnaryOp{Func: 99}, "unknown unary function UnaryKind(99)"},
		{graph.UnaryGradOp{Func: graph.KindExp}, "unknown derivative of unary function Exp"},
		{graph.BinaryOp{Func: 99}, "unknown binary function BinaryKind(99)"},
	} {
		_, err := rules[reflect.TypeOf(test.op)](b, test.op, nil, make([]value, 2))
		if err == nil || err.Error() != test.want {
			t.Errorf("%T: error %v, want %s", test.op, err, test.want)
		}
	}
}

package exporter

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// training has the operators that no trace in Eval mode holds, beside those whose names
// end in GradOp.
var training = []string{"CrossEntropyOp", "DropoutOp", "AllReduceOp"}

// TestOperatorsHaveRules reads the operators and the functions of families from the
// source of package graph and names those that cannot be written.
func TestOperatorsHaveRules(t *testing.T) {
	have := map[string]bool{}
	for op := range rules {
		have[op.Name()] = true
	}
	var operators, kinds []string
	inspect(t, "../../../graph/*.go", func(n ast.Node) {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if name := n.Name.Name; strings.HasSuffix(name, "Op") && name != "Op" {
				operators = append(operators, name)
			}
		case *ast.ValueSpec:
			if name := n.Names[0].Name; strings.HasPrefix(name, "Kind") {
				kinds = append(kinds, name)
			}
		}
	})
	if len(operators) < 30 || len(kinds) < 30 {
		t.Fatalf("only %d operators and %d functions found in package graph", len(operators), len(kinds))
	}
	for _, o := range operators {
		inTraining := strings.HasSuffix(o, "GradOp") || slices.Contains(training, o)
		switch {
		case inTraining && have[o]:
			t.Errorf("graph.%s is an operator of training and has a rule", o)
		case !inTraining && !have[o]:
			t.Errorf("graph.%s lacks a rule in onnx/internal/exporter/rules.go", o)
		}
	}
	var mentioned []string
	inspect(t, "*.go", func(n ast.Node) {
		if s, ok := n.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Kind") {
			mentioned = append(mentioned, s.Sel.Name)
		}
	})
	for _, k := range kinds {
		if !slices.Contains(mentioned, k) {
			t.Errorf("graph.%s lacks a form in onnx/internal/exporter", k)
		}
	}
}

// inspect calls f for each node of the source files, those of tests left out.
func inspect(t *testing.T, pattern string, f func(n ast.Node)) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			f(n)
			return true
		})
	}
}

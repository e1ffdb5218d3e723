package main

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// One epoch on a fifth of the images is enough to tell clothes apart.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(context.Background(), &out, 2000, 1); err != nil {
		t.Fatal(err)
	}
	var loss, accuracy float64
	if _, err := fmt.Sscanf(out.String(), "loss of the last batch %f, test accuracy %f\n", &loss, &accuracy); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	if loss > 1.5 || accuracy < 0.6 {
		t.Error(out.String())
	}
}

// Loops are short: that is what the examples are for.
func TestLengthOfTheLoop(t *testing.T) {
	for _, path := range []string{"main.go", "../corr2d/main.go"} {
		lines := linesOfFit(t, path)
		if lines < 1 || lines > 15 {
			t.Errorf("%s: the body of fit has %d lines, want 1 to 15", path, lines)
		}
	}
}

// linesOfFit returns the number of lines in the body of a file's function fit.
func linesOfFit(t *testing.T, path string) int {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "fit" {
			return files.Position(fn.Body.Rbrace).Line - files.Position(fn.Body.Lbrace).Line - 1
		}
	}
	return 0
}

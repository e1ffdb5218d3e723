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

// The loop is short: that is what the example is for.
func TestLengthOfTheLoop(t *testing.T) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "main.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "fit" {
			lines := files.Position(fn.Body.Rbrace).Line - files.Position(fn.Body.Lbrace).Line - 1
			if lines > 15 {
				t.Errorf("the body of fit has %d lines, want at most 15", lines)
			}
			return
		}
	}
	t.Error("there is no fit")
}

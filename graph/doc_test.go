package graph_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The package's documentation says of each exported name whether it is for who builds
// networks or for who writes engines.
func TestDocumentationTellsUsersFromEngines(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
	}
	_, text, _ := strings.Cut(files["doc.go"].Doc.Text(), "# What to build with")
	build, engines, ok := strings.Cut(text, "# What engines read")
	if !ok {
		t.Fatal("doc.go lacks a section")
	}
	links := func(section string) (names []string) {
		for _, m := range regexp.MustCompile(`\[\*?([\w.]+)\]`).FindAllStringSubmatch(section, -1) {
			names = append(names, m[1])
		}
		return names
	}
	users, others := links(build), links(engines)
	for _, name := range exportedNames(files) {
		user := slices.Contains(users, name) || name == "New"
		other := slices.Contains(others, name) && name != "Gradients" && name != "Conv2D" || strings.HasSuffix(name, "Op")
		if user == other {
			t.Errorf("%s: for users %v, for engines %v: doc.go must have it in one of the two sections", name, user, other)
		}
	}
}

// exportedNames lists the functions and types.
func exportedNames(files map[string]*ast.File) (names []string) {
	for _, file := range files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
						names = append(names, s.Name.Name)
					}
				}
			}
		}
	}
	return names
}

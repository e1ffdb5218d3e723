package doccheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// names returns the exported names of the public packages, as "nn.Model" and
// "nn.Model.Predict", and the names of the packages.
func names(t *testing.T) (declared, packages map[string]bool) {
	t.Helper()
	declared, packages = map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case "internal", "testdata", ".git", "examples", "book", "bench", "cmd", "tools", "shared":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		packages[file.Name.Name] = true
		for _, d := range file.Decls {
			for _, name := range declares(d) {
				declared[file.Name.Name+"."+name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return declared, packages
}

// declares returns the names that a declaration makes, with the fields and
// methods of types after a dot.
func declares(d ast.Decl) []string {
	var list []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			of := d.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if id, ok := of.(*ast.Ident); ok {
				name = id.Name + "." + name
			}
		}
		list = append(list, name)
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, id := range s.Names {
					list = append(list, id.Name)
				}
			case *ast.TypeSpec:
				list = append(list, s.Name.Name)
				for _, member := range members(s.Type) {
					list = append(list, s.Name.Name+"."+member)
				}
			}
		}
	}
	return list
}

func members(of ast.Expr) []string {
	var fields *ast.FieldList
	switch of := of.(type) {
	case *ast.StructType:
		fields = of.Fields
	case *ast.InterfaceType:
		fields = of.Methods
	default:
		return nil
	}
	var list []string
	for _, f := range fields.List {
		for _, id := range f.Names {
			list = append(list, id.Name)
		}
	}
	return list
}

var goName = regexp.MustCompile(`^([a-z0-9]+)\.([A-Z]\w*(?:\.[A-Z]\w*)?)(\(.*\))?$`)

// What looks like an exported name of one of the packages is one.
func TestGoNames(t *testing.T) {
	declared, packages := names(t)
	count := 0
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue // speaks of what was, too
		}
		for _, s := range spans(text) {
			m := goName.FindStringSubmatch(s)
			if m == nil || !packages[m[1]] {
				continue
			}
			count++
			if !declared[m[1]+"."+m[2]] {
				t.Errorf("%s speaks of %s, which does not exist", name, s)
			}
		}
	}
	if count < 15 {
		t.Errorf("only %d names were found", count)
	}
}

var (
	goBlock  = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")
	selector = regexp.MustCompile(`\b([a-z0-9]+)\.([A-Z]\w*)`)
)

// Go code in documents can be parsed, as a file, declarations or statements, and
// the names of our packages that it uses exist.
func TestGoBlocks(t *testing.T) {
	declared, packages := names(t)
	count := 0
	for name, text := range documents(t) {
		for _, m := range goBlock.FindAllStringSubmatch(text, -1) {
			count++
			code := strings.ReplaceAll(m[1], "…", "")
			var first error
			parsed := false
			for _, form := range []string{"%s", "package p\n%s", "package p\nfunc _() {\n%s\n}"} {
				_, err := parser.ParseFile(token.NewFileSet(), "", strings.Replace(form, "%s", code, 1), parser.SkipObjectResolution)
				parsed = parsed || err == nil
				if first == nil {
					first = err
				}
			}
			if !parsed {
				t.Errorf("%s: this is no Go (%v):\n%s", name, first, m[1])
			}
			for _, use := range selector.FindAllStringSubmatch(code, -1) {
				if packages[use[1]] && !declared[use[1]+"."+use[2]] {
					t.Errorf("%s uses %s, which does not exist", name, use[0])
				}
			}
		}
	}
	if count < 8 {
		t.Errorf("only %d blocks of Go were found", count)
	}
}

var docLink = regexp.MustCompile(`\[\*?((?:[a-z]\w*\.)?[A-Z]\w*(?:\.[A-Z]\w*)?)\]`)

// A doc link in a comment, such as [Model] or [tensor.Shape.Size], names something
// that there is. pkg.go.dev shows others as they are, in brackets.
func TestDocLinks(t *testing.T) {
	public, packages := names(t)
	count := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			return nil
		}
		switch entry.Name() {
		case "testdata", ".git", "shared", "gen":
			return filepath.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil {
			return err
		}
		own, comments := map[string]bool{}, map[string]string{}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, d := range file.Decls {
				for _, declared := range declares(d) {
					own[declared] = true
				}
			}
			for _, group := range file.Comments {
				comments[name] += group.Text()
			}
		}
		for name, text := range comments {
			for _, m := range docLink.FindAllStringSubmatch(text, -1) {
				pkg, _, qualified := strings.Cut(m[1], ".")
				if m[1] == strings.ToUpper(m[1]) { // an index or a placeholder
					continue
				}
				count++
				known := own[m[1]]
				if qualified && pkg == strings.ToLower(pkg) { // of another package, perhaps not one of ours
					known = public[m[1]] || !packages[pkg]
				}
				if !known {
					t.Errorf("%s: doc link [%s] leads nowhere", name, m[1])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 200 {
		t.Errorf("only %d doc links were found", count)
	}
}

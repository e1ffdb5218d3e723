package enginetest

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
)

// TestOperatorsAreComplete walks all operators of package graph and names what
// one lacks: CONTRIBUTING.md, "Adding an operator", has the steps.
func TestOperatorsAreComplete(t *testing.T) {
	s := readGraph(t, "../../graph")
	if len(s.operators) < 30 {
		t.Fatalf("only %d operators found in package graph", len(s.operators))
	}
	have := newInventory(t)
	for _, o := range s.operators {
		for _, lack := range have.lacks(o) {
			t.Errorf("graph.%s (graph/%s.go) lacks %s", o.name, o.file, lack)
		}
	}
	for f, file := range s.functions {
		if !strings.Contains(s.doc, "["+f+"]") {
			t.Errorf("graph.%s (graph/%s.go) lacks documentation: list it in graph/doc.go", f, file)
		}
		if f != "MatMul" && !mentioned("randgraph", "graph."+f) { // MatMul is MatMulT without transposing
			t.Errorf("graph.%s (graph/%s.go) lacks a place in random graphs: add it to a table in engine/enginetest/randgraph/ops*.go", f, file)
		}
	}
}

// TestLacks shows TestOperatorsAreComplete an operator of which nothing exists.
func TestLacks(t *testing.T) {
	have := newInventory(t)
	have.broken = nil
	for _, test := range []struct {
		o    operator
		want []string
	}{
		{operator{name: "NovelOp", file: "novel"}, []string{
			"a doc comment", "a place in the table", "a reference rule", "its file engine/reference/novel.go",
			"its file engine/enginetest/internal/cases/novel.go", "its file engine/cpu/internal/lower/novel.go", "suite cases", "its lowering on the CPU", "golden values",
		}},
		{operator{name: "UnaryOp", file: "unary", doc: "…", kinds: []string{"Exp", "Novel"}}, []string{
			"suite cases of Novel", "golden values of Novel",
		}},
	} {
		got := have.lacks(test.o)
		for i := range max(len(got), len(test.want)) {
			if i >= len(got) || i >= len(test.want) || !strings.HasPrefix(got[i], test.want[i]) {
				t.Errorf("%s lacks\n%s\nwant\n%s", test.o.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				break
			}
		}
	}
}

// An operator is a type of package graph.
type operator struct {
	name, file, doc string
	kinds           []string // of a family: the functions' names
}

// sources is what the source of package graph says.
type sources struct {
	operators []operator
	functions map[string]string // that add nodes, with the file of each
	doc       string            // doc.go
}

func readGraph(t *testing.T, dir string) sources {
	t.Helper()
	s := sources{functions: map[string]string{}}
	doc, err := os.ReadFile(filepath.Join(dir, "doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	s.doc = string(doc)
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string][]string{} // by the type of the family's constants
	families := map[string]string{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		file := strings.TrimSuffix(filepath.Base(path), ".go")
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() && returnsNode(d) {
					s.functions[d.Name.Name] = file
				}
			case *ast.GenDecl:
				s.declaration(d, file, kinds, families)
			}
		}
	}
	for i := range s.operators {
		o := &s.operators[i]
		if family := families[o.name]; !strings.HasSuffix(o.name, "GradOp") {
			o.kinds = kinds[family]
		}
	}
	return s
}

// returnsNode reports whether a function returns one node.
func returnsNode(d *ast.FuncDecl) bool {
	if d.Type.Results == nil || d.Type.Results.NumFields() != 1 {
		return false
	}
	star, ok := d.Type.Results.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	id, ok := star.X.(*ast.Ident)
	return ok && id.Name == "Node"
}

// declaration notes the operators and the constants of families in d.
func (s *sources) declaration(d *ast.GenDecl, file string, kinds map[string][]string, families map[string]string) {
	constType := ""
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			structure, ok := spec.Type.(*ast.StructType)
			if !ok || !strings.HasSuffix(spec.Name.Name, "Op") {
				continue
			}
			s.operators = append(s.operators, operator{name: spec.Name.Name, file: file, doc: d.Doc.Text()})
			for _, field := range structure.Fields.List {
				if id, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 1 && field.Names[0].Name == "Func" {
					families[spec.Name.Name] = id.Name
				}
			}
		case *ast.ValueSpec:
			if id, ok := spec.Type.(*ast.Ident); ok {
				constType = id.Name
			}
			if d.Tok == token.CONST && constType != "" {
				for _, name := range spec.Names {
					kinds[constType] = append(kinds[constType], strings.TrimPrefix(name.Name, "Kind"))
				}
			}
		}
	}
}

// An inventory is what there is for operators.
type inventory struct {
	files  map[string]string              // in the suite's table, by the name of the type
	cases  map[string]map[string]bool     // kinds in the cases' graphs, by the name of the type
	golden map[string]map[string]bool     // kinds in the golden files' graphs
	broken map[string]map[string][]string // what engines said, by engine and the name of the type
}

// rulesOf names the folder of an engine in which operators have files.
var rulesOf = map[string]string{"reference": "reference", "cpu": "cpu/internal/lower"}

func newInventory(t *testing.T) inventory {
	t.Helper()
	have := inventory{map[string]string{}, map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]map[string][]string{}}
	for _, o := range cases.Operators {
		for _, op := range o.Ops {
			have.files[typeName(op)] = o.File
		}
		for _, c := range o.Cases() {
			p, _ := caseProblem(c, asVariables, !c.Flat)
			if ops := note(have.cases, p.graph); len(ops) > 0 {
				have.try(p, ops)
			}
		}
		for kind := range o.NoGolden {
			for _, op := range o.Ops {
				add(have.golden, typeName(op), kind)
			}
		}
	}
	for _, file := range goldenGroups {
		for name, text := range goldenFile(t, file).Metadata {
			var c cases.Golden
			if err := json.Unmarshal([]byte(text), &c); err != nil {
				t.Fatal(err)
			}
			p, _ := goldenProblem(t, goldenFile(t, file), name, c)
			note(have.golden, p.graph)
		}
	}
	return have
}

// note adds the operators of a graph to a table, and returns the new ones.
func note(table map[string]map[string]bool, g *graph.Graph) (ops []graph.Op) {
	for _, n := range g.Nodes() {
		if add(table, typeName(n.Op()), n.Op().Kind()) {
			ops = append(ops, n.Op())
		}
	}
	return ops
}

func add(table map[string]map[string]bool, name, kind string) (isNew bool) {
	if table[name] == nil {
		table[name] = map[string]bool{}
	}
	isNew = !table[name][kind]
	table[name][kind] = true
	return isNew
}

// try runs a problem that is the first with some operators on the engines of
// this module. A failure is that of the operator that it names, or of all.
func (have inventory) try(p *problem, ops []graph.Op) {
	for _, d := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 1})} {
		err := runs(d, p)
		if err == nil {
			continue
		}
		named := slices.DeleteFunc(slices.Clone(ops), func(op graph.Op) bool { return !strings.Contains(err.Error(), op.Kind()) })
		if len(named) == 0 {
			named = ops
		}
		if have.broken[d.Name()] == nil {
			have.broken[d.Name()] = map[string][]string{}
		}
		said := have.broken[d.Name()]
		for _, op := range named {
			said[typeName(op)] = append(said[typeName(op)], fmt.Sprintf("%s: %v", op.Kind(), err))
		}
	}
}

func runs(d engine.Device, p *problem) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	_, err = engine.Run(d, p.feeds, p.outputs...)
	return err
}

// lacks lists what an operator does not have.
func (have inventory) lacks(o operator) []string {
	var list []string
	lack := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if strings.TrimSpace(o.doc) == "" {
		lack("a doc comment that defines it, in graph/%s.go", o.file)
	}
	if have.files[o.name] != o.file {
		lack("a place in the table of engine/enginetest/internal/cases/table.go, in the line of %q", o.file)
	}
	if rule := fmt.Sprintf("graph.%s", o.name); !mentioned("../reference", rule) {
		lack("a reference rule: write it in engine/reference/%s.go and add it to the table in engine/reference/rules.go", o.file)
	}
	for _, dir := range []string{"engine/reference", "engine/enginetest/internal/cases", "engine/cpu/internal/lower"} {
		if o.file == "leaf" && strings.HasSuffix(dir, "lower") {
			continue // the compiler makes leaves itself
		}
		if _, err := os.Stat(filepath.Join("..", "..", dir, o.file+".go")); err != nil {
			lack("its file %s/%s.go", dir, o.file)
		}
	}
	kinds := func(table map[string]map[string]bool) (missing []string) {
		for _, kind := range o.kinds {
			if !table[o.name][kind] {
				missing = append(missing, " of "+kind)
			}
		}
		if len(table[o.name]) == 0 {
			missing = append(missing, "")
		}
		return missing
	}
	for _, of := range kinds(have.cases) {
		lack("suite cases%s: write them in engine/enginetest/internal/cases/%s.go", of, o.file)
	}
	if len(have.cases[o.name]) == 0 && !mentioned("../cpu/internal/lower", "graph."+o.name) {
		lack("its lowering on the CPU: write it in engine/cpu/internal/lower/%s.go", o.file)
	}
	for _, of := range kinds(have.golden) {
		lack("golden values%s: add them to engine/enginetest/testdata/make_golden.py and to the Golden functions in engine/enginetest/internal/cases/%s.go", of, o.file)
	}
	for _, device := range slices.Sorted(maps.Keys(have.broken)) {
		for _, failure := range have.broken[device][o.name] {
			lack("what the engine %s needs to run it, in engine/%s.go: %s", device, filepath.Join(rulesOf[device], o.file), failure)
		}
	}
	return list
}

// mentioned reports whether the Go files of a folder have a word.
func mentioned(dir, word string) bool {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return false
	}
	whole := regexp.MustCompile(regexp.QuoteMeta(word) + `\b`)
	return slices.ContainsFunc(paths, func(path string) bool {
		text, err := os.ReadFile(path)
		return err == nil && !strings.HasSuffix(path, "_test.go") && whole.Match(text)
	})
}

func typeName(op graph.Op) string { return reflect.TypeOf(op).Name() }

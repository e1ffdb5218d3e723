package passes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// through takes the graph of some outputs through the passes up to the one of the
// given name, and checks the form after each.
func through(t *testing.T, last string, g *graph.Graph, outputs ...*graph.Node) *ir.Func {
	t.Helper()
	f := Build(g, outputs)
	if err := ir.Check(f); err != nil {
		t.Fatalf("built: %v", err)
	}
	for _, p := range List(Options{Conv: conv.Options{Strict: true}, Group: true}) {
		if err := p.Run(f); err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		if err := ir.Check(f); err != nil {
			t.Fatalf("after %s: %v\n%s", p.Name, err, operations(t, f))
		}
		if p.Name == last {
			return f
		}
	}
	t.Fatalf("there is no pass %s", last)
	return nil
}

// leafLine is a line for an input, a variable or a constant.
var leafLine = regexp.MustCompile(`= (input \w+|variable \w+|Constant)$`)

// algorithm is a part of a line that depends on the machine.
var algorithm = regexp.MustCompile(`\) by [^(]*?(, plus|, then|, where|, kept|$)`)

// operations prints a Func as ir.Write does, without leaves and algorithms.
func operations(t *testing.T, f *ir.Func) string {
	t.Helper()
	var b strings.Builder
	if err := ir.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(b.String(), "\n"), func(s string) bool {
		return s == "" || leafLine.MatchString(s)
	})
	for i, s := range lines {
		lines[i] = algorithm.ReplaceAllString(s, ")$1")
	}
	return strings.Join(lines, "\n")
}

// A passCase is a graph of a few nodes, and what it is after a pass.
type passCase struct {
	name  string
	build func(g testGraph) []*graph.Node
	want  string
}

func testPass(t *testing.T, pass string, cases []passCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := testGraph{graph.New()}
			f := through(t, pass, g.Graph, c.build(g)...)
			want := strings.ReplaceAll(strings.TrimSpace(c.want), "\t", "")
			if got := operations(t, f); got != want {
				t.Errorf("after pass %s:\n%s\nwant:\n%s", pass, got, want)
			}
		})
	}
}

// testGraph builds graphs whose values do not matter.
type testGraph struct{ *graph.Graph }

func (g testGraph) variable(shape ...int) *graph.Node {
	return g.Variable(&graph.Variable{Name: fmt.Sprintf("w%d", len(g.Variables())), Value: tensor.New(shape...)})
}

// conv is a convolution that keeps the size of the image, with a new weight and,
// if asked, a new bias.
func (g testGraph) conv(x *graph.Node, channels, size int, bias bool) *graph.Node {
	w := g.variable(channels, x.Shape()[1], size, size)
	var b *graph.Node
	if bias {
		b = g.variable(channels)
	}
	return graph.Conv2D(x, w, b, graph.Window{Pad: [2]int{size / 2, size / 2}}, 1)
}

func (g testGraph) image() *graph.Node { return g.Input("x", 2, 8, 5, 4) }

func list(nodes ...*graph.Node) []*graph.Node { return nodes }

// Each pass has a name of its own, by which Dump and these tests know it.
func TestList(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range List(Options{}) {
		if p.Name == "" || p.Does == "" || p.Run == nil || seen[p.Name] {
			t.Errorf("pass %q: %q", p.Name, p.Does)
		}
		seen[p.Name] = true
	}
}

// Dump has the form after each pass.
func TestDump(t *testing.T) {
	g := testGraph{graph.New()}
	var b strings.Builder
	if _, err := Compile(g.Graph, list(graph.ReLU(g.conv(g.image(), 3, 3, true))), Options{Dump: &b, Check: true}); err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, name := range []string{"build", "fold", "layout", "epilogue", "hoist"} {
		i := strings.Index(b.String()[at:], "== "+name+": ")
		if i < 0 {
			t.Fatalf("no pass %s, or not in its place, in\n%s", name, b.String())
		}
		at += i
	}
	if !strings.Contains(b.String()[at:], ", then ReLU") {
		t.Errorf("no activation in the last form of\n%s", b.String())
	}
}

// Compile returns the errors of passes and of Dump.
func TestCompileErrors(t *testing.T) {
	failed := errors.New("no time to measure")
	g := testGraph{graph.New()}
	y := graph.Conv2D(g.Input("x", 4, 64, 24, 24), g.variable(64, 64, 3, 3), nil, graph.Window{}, 1)
	if _, err := Compile(g.Graph, list(y), Options{Conv: conv.Options{Tuner: failingTuner{failed}}}); !errors.Is(err, failed) {
		t.Errorf("error %v, want %v", err, failed)
	}
	for lines := range 3 {
		if _, err := Compile(g.Graph, list(y), Options{Dump: &failingWriter{lines, failed}}); !errors.Is(err, failed) {
			t.Errorf("error %v, want %v", err, failed)
		}
	}
}

// A failingWriter fails after some calls.
type failingWriter struct {
	calls int
	err   error
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.calls--; w.calls < 0 {
		return 0, w.err
	}
	return len(b), nil
}

package lower

import (
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// What a gather becomes: the operations that are used, in order.
func TestTake(t *testing.T) {
	tests := []struct {
		name    string
		indices []int
		want    string
		shape   []int
	}{
		{"all", []int{0, 1, 2, 3, 4, 5}, "", []int{2, 6, 3}},
		{"one", []int{4}, "slice", []int{2, 1, 3}},
		{"steps", []int{1, 3, 5}, "slice", []int{2, 3, 3}},
		{"backwards", []int{5, 3, 1}, "slice reverse", []int{2, 3, 3}},
		{"each twice", []int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, "broadcast_in_dim reshape", []int{2, 12, 3}},
		{"some twice", []int{1, 1, 2, 2}, "slice broadcast_in_dim reshape", []int{2, 4, 3}},
		{"one thrice", []int{3, 3, 3}, "slice broadcast_in_dim reshape", []int{2, 3, 3}},
		{"twice and thrice", []int{1, 1, 2, 2, 2}, "constant gather", []int{2, 5, 3}},
		{"twice, not all", []int{1, 1, 2, 2, 3}, "constant gather", []int{2, 5, 3}},
		{"mirrored", []int{2, 1, 0, 1, 2}, "constant gather", []int{2, 5, 3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := &builder{Builder: stablehlo.New()}
			y := b.take(b.Argument(stablehlo.Of(stablehlo.F32, 2, 6, 3)), 1, test.indices)
			if !slices.Equal(y.Shape(), test.shape) {
				t.Errorf("got shape %v, want %v", y.Shape(), test.shape)
			}
			if got := operations(b, y); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Sums of few terms are added up one by one, others are products with a matrix; in the
// derivative of a gather they are scattered.
func TestManyTerms(t *testing.T) {
	dy := stablehlo.Of(stablehlo.F32, 1, 1, 40, 1)
	few, many := make([]int, 40), make([]int, 40)
	for i := range few {
		few[i], many[i] = i/mostTaps, i/(mostTaps+1)
	}
	for _, test := range []struct {
		name  string
		lower func(b *builder, x value) value
		want  string
	}{
		{"a gather of few copies", func(b *builder, x value) value { return gatherGradOf(b, x, few) }, "add"},
		{"a gather of many copies", func(b *builder, x value) value { return gatherGradOf(b, x, many) }, "scatter"},
		{"regions of few elements", func(b *builder, x value) value { return adaptive(b, x, 6) }, "add"},
		{"regions of many elements", func(b *builder, x value) value { return adaptive(b, x, 3) }, "dot_general"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &builder{Builder: stablehlo.New()}
			text := operations(b, test.lower(b, b.Argument(dy)))
			for _, op := range []string{"add", "scatter", "dot_general"} {
				// The body of a scatter is an addition.
				if strings.Contains(text, op) != (op == test.want) && !(op == "add" && test.want == "scatter") {
					t.Errorf("got %q, want %s", text, test.want)
				}
			}
		})
	}
}

func gatherGradOf(b *builder, dy value, indices []int) value {
	g := graph.New()
	x := g.Input("x", 1, 1, 6, 1)
	dx := graph.Gradients(graph.Sum(graph.Gather(x, 2, indices)), x)[0]
	return gatherGrad(b, dx.Op().(graph.GatherGradOp), dx, []value{dy})
}

func adaptive(b *builder, x value, height int) value {
	return adaptiveAvgPool2D(b, graph.AdaptiveAvgPool2DOp{Output: [2]int{height, 1}}, nil, []value{x})
}

// operations lists the operations of the function that returns y.
func operations(b *builder, y value) string {
	var list []string
	for line := range strings.Lines(b.Module(stablehlo.Main{Name: "m", Results: []stablehlo.Result{{Value: y}}})) {
		if _, rest, ok := strings.Cut(line, "stablehlo."); ok && !strings.HasPrefix(rest, "return") {
			list = append(list, rest[:strings.IndexAny(rest, " \"(")])
		}
	}
	return strings.Join(list, " ")
}

func TestTransposedTerms(t *testing.T) {
	terms := [][]graph.ResizeTerm{{{Index: 0, Weight: 1}}, {{Index: 0, Weight: 0.25}, {Index: 2, Weight: 0.75}}}
	got := transposed(terms, 3)
	want := [][]graph.ResizeTerm{{{Index: 0, Weight: 1}, {Index: 1, Weight: 0.25}}, nil, {{Index: 1, Weight: 0.75}}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
}

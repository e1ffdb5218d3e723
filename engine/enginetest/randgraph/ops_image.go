package randgraph

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

// images are the operators for N×C×H×W and, of normalization, N×C.
func images() map[string]operator {
	pool := func(name string) operator {
		return operator{
			weight: 8,
			draw:   func(g *grower, x int) Step { return drawPool(g, x, name) },
			build: func(x []*graph.Node, s Step) *graph.Node {
				k, w, ceil, include := s.pool()
				if name == "MaxPool2D" {
					return graph.MaxPool2D(x[0], k, w, ceil)
				}
				return graph.AvgPool2D(x[0], k, w, ceil, include)
			},
			code: func(x []string, s Step) string {
				k, w, ceil, include := s.pool()
				if name == "MaxPool2D" {
					return fmt.Sprintf("graph.MaxPool2D(%s, %#v, %s, %v)", x[0], k, windowCode(w), ceil)
				}
				return fmt.Sprintf("graph.AvgPool2D(%s, %#v, %s, %v, %v)", x[0], k, windowCode(w), ceil, include)
			},
		}
	}
	return map[string]operator{
		"Conv2D":    {weight: 40, draw: drawConv, build: buildConv, code: codeConv, fit: fitConv},
		"MaxPool2D": pool("MaxPool2D"), "AvgPool2D": pool("AvgPool2D"),
		"AdaptiveAvgPool2D": {
			weight: 4,
			draw: func(g *grower, x int) Step {
				if len(g.shape(x)) != 4 {
					return Step{}
				}
				return Step{Op: "AdaptiveAvgPool2D", Args: []int{x}, Ints: []int{g.between(1, 5), g.between(1, 5)}}
			},
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.AdaptiveAvgPool2D(x[0], s.Ints[0], s.Ints[1]) },
		},
		"BatchStats": {build: func(x []*graph.Node, _ Step) *graph.Node { return graph.BatchStats(x[0]) }},
		"BatchNorm":  {weight: 10, draw: drawNorm, build: buildNorm(graph.BatchNorm), code: codeNorm, fit: fitNorm},
		"SyncBatchStats": {
			build: func(x []*graph.Node, _ Step) *graph.Node { return graph.SyncBatchStats(x[0], x[1], 1) },
			code:  func(x []string, _ Step) string { return fmt.Sprintf("graph.SyncBatchStats(%s, 1)", list(x)) },
			fit:   fitSyncStats,
		},
		"SyncBatchNorm": {
			weight: 4, draw: drawSyncNorm, fit: fitNorm,
			build: func(x []*graph.Node, s Step) *graph.Node {
				return graph.SyncBatchNorm(x[0], x[1], x[2], x[3], s.Floats[0], 1)
			},
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.SyncBatchNorm(%s, %v, 1)", list(x), s.Floats[0])
			},
		},
		"LRN":                {weight: 3, draw: drawLRN, build: buildLRN, code: codeLRN},
		"BatchNormInference": {weight: 6, draw: drawNormInference, build: buildNorm(graph.BatchNormInference), code: codeNorm, fit: fitNorm},
		"Dropout": {
			weight: 5,
			draw: func(g *grower, x int) Step {
				if g.batch > 0 { // as in training only
					return Step{}
				}
				return Step{Op: "Dropout", Args: []int{x, g.stepNumber()}, Ints: []int{g.r.IntN(100)}, Floats: []float32{0.3}}
			},
			build: func(x []*graph.Node, s Step) *graph.Node {
				return graph.Dropout(x[0], x[1], s.Floats[0], uint64(s.Ints[0]))
			},
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.Dropout(%s, %v, %d)", list(x), s.Floats[0], s.Ints[0])
			},
		},
	}
}

// window is described by six Ints: stride, padding, dilation. A convolution's has
// its extra padding after the groups.
func window(v []int) graph.Window {
	return graph.Window{Stride: [2]int{v[0], v[1]}, Pad: [2]int{v[2], v[3]}, Dilation: [2]int{v[4], v[5]}}
}

func windowCode(w graph.Window) string {
	extra := ""
	if w.ExtraPad != [2]int{} {
		extra = fmt.Sprintf(", ExtraPad: %#v", w.ExtraPad)
	}
	return fmt.Sprintf("graph.Window{Stride: %#v, Pad: %#v, Dilation: %#v%s}", w.Stride, w.Pad, w.Dilation, extra)
}

// pool decodes the attributes of pooling: window, kernel, ceil, include padding, extra
// padding, which templates have none of.
func (s Step) pool() (kernel [2]int, w graph.Window, ceil, include bool) {
	w = window(s.Ints)
	copy(w.ExtraPad[:], s.Ints[10:])
	return [2]int{s.Ints[6], s.Ints[7]}, w, s.Ints[8] == 1, s.Ints[9] == 1
}

func drawPool(g *grower, x int, name string) Step {
	s := g.shape(x)
	if len(s) != 4 {
		return Step{}
	}
	v := []int{1, 1, 0, 0, 1, 1, 1, 1, g.r.IntN(2), g.r.IntN(2), 0, 0}
	k := g.between(1, 3)
	stride := g.between(1, 3)
	for i := range 2 {
		v[6+i] = min(k, s[2+i])
		if g.chance(0.1) {
			v[6+i] = g.between(1, s[2+i])
		}
		v[i] = stride
		v[2+i] = g.r.IntN(min(2, v[6+i]/2+1))
		if s[2+i] >= 5 && v[6+i] <= 3 && g.chance(0.1) { // so that no window has only padding
			v[4+i] = 2
		}
		if v[6+i] > 1 && g.chance(0.1) {
			v[10+i] = g.r.IntN(2) - v[2+i]
		}
	}
	return Step{Op: name, Args: []int{x}, Ints: v}
}

// A convolution's Ints are its window, the number of groups and the extra
// padding.
func drawConv(g *grower, x int) Step {
	s := g.shape(x)
	if len(s) != 4 {
		return Step{}
	}
	v := []int{1, 1, 0, 0, 1, 1, 1, 0, 0}
	k := []int{1, 1, 1, 3, 3, 3, 2, 5}[g.r.IntN(8)]
	if g.special && k == 3 {
		k = 1 // Winograd's algorithm spreads an infinity over its tile
	}
	kernel := [2]int{k, k}
	if g.chance(0.1) {
		kernel[g.r.IntN(2)] = 1
	}
	stride, pad, dilation := 1, k/2, 1
	if g.chance(0.2) {
		stride = 2
	}
	if g.chance(0.2) {
		pad = g.between(0, 2)
	}
	if k > 1 && g.chance(0.1) {
		dilation = 2
	}
	if g.special { // the zeros around an image times an infinity are NaN, unless they are skipped
		pad = 0
	}
	for i := range 2 {
		v[i], v[2+i], v[4+i] = stride, pad, dilation
		if !g.special && g.chance(0.1) {
			v[7+i] = g.between(1, 2)
			if pad > 0 && g.chance(0.3) {
				v[7+i] = -1
			}
		}
	}
	c, out := s[1], g.channels()
	switch {
	case g.chance(0.15): // depthwise
		v[6], out = c, c*g.between(1, 2)
	case c%2 == 0 && g.chance(0.1):
		v[6], out = 2, roundUp(out, 2)
	}
	args := []int{x, g.weight(out, c/v[6], kernel[0], kernel[1])}
	if g.chance(0.5) {
		args = append(args, g.weight(out))
	}
	return Step{Op: "Conv2D", Args: args, Ints: v}
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

func convWindow(v []int) graph.Window {
	w := window(v)
	copy(w.ExtraPad[:], v[7:]) // templates have none
	return w
}

func buildConv(x []*graph.Node, s Step) *graph.Node {
	var bias *graph.Node
	if len(x) > 2 {
		bias = x[2]
	}
	return graph.Conv2D(x[0], x[1], bias, convWindow(s.Ints), s.Ints[6])
}

func codeConv(x []string, s Step) string {
	if len(x) == 2 {
		x = append(x, "nil")
	}
	return fmt.Sprintf("graph.Conv2D(%s, %s, %d)", list(x), windowCode(convWindow(s.Ints)), s.Ints[6])
}

func fitConv(in [][]int, s *Step) [][]int {
	if len(in[0]) != 4 || len(in[1]) != 4 {
		return nil
	}
	c, w := in[0][1], in[1]
	groups := s.Ints[6]
	if c%groups != 0 || w[0]%groups != 0 {
		groups = 1
		if w[1] == 1 && w[0]%c == 0 {
			groups = c
		}
	}
	s.Ints[6] = groups
	want := [][]int{nil, {w[0], c / groups, w[2], w[3]}}
	if len(in) > 2 {
		want = append(want, []int{w[0]})
	}
	return want
}

// normal forms of batch normalization: Floats holds ε.
func drawNorm(g *grower, x int) Step {
	s := g.shape(x)
	if g.batch > 0 || len(s) != 2 && len(s) != 4 || g.size(x)/s[1] < 4 { // the variance of a few elements is nearly 0
		return Step{}
	}
	stats := g.add(Step{Op: "BatchStats", Args: []int{x}})
	return Step{Op: "BatchNorm", Args: []int{x, stats, g.weight(s[1]), g.weight(s[1])}, Floats: []float32{0.1}}
}

// drawSyncNorm is drawNorm for a group of one.
func drawSyncNorm(g *grower, x int) Step {
	s := drawNorm(g, x)
	if s.Op == "" {
		return s
	}
	stats := g.add(Step{Op: "SyncBatchStats", Args: []int{x, s.Args[2]}})
	return Step{Op: "SyncBatchNorm", Args: []int{x, stats, s.Args[2], s.Args[3]}, Floats: s.Floats}
}

func fitSyncStats(in [][]int, _ *Step) [][]int {
	if len(in[0]) < 2 {
		return nil
	}
	return [][]int{nil, {in[0][1]}}
}

func drawNormInference(g *grower, x int) Step {
	s := g.shape(x)
	if len(s) != 2 && len(s) != 4 {
		return Step{}
	}
	stats := g.leaf("Variable", "positive", 2, s[1])
	return Step{Op: "BatchNormInference", Args: []int{x, stats, g.weight(s[1]), g.weight(s[1])}, Floats: []float32{0.1}}
}

func buildNorm(f func(x, stats, gamma, beta *graph.Node, eps float32) *graph.Node) func([]*graph.Node, Step) *graph.Node {
	return func(x []*graph.Node, s Step) *graph.Node { return f(x[0], x[1], x[2], x[3], s.Floats[0]) }
}

func codeNorm(x []string, s Step) string {
	return fmt.Sprintf("graph.%s(%s, %v)", s.Op, list(x), s.Floats[0])
}

func fitNorm(in [][]int, _ *Step) [][]int {
	if len(in[0]) < 2 {
		return nil
	}
	c := in[0][1]
	return [][]int{nil, {2, c}, {c}, {c}}
}

// drawLRN describes local response normalization: Ints holds the size, Floats
// alpha, beta and k.
func drawLRN(g *grower, x int) Step {
	if s := g.shape(x); len(s) != 2 && len(s) != 4 {
		return Step{}
	}
	return Step{Op: "LRN", Args: []int{x}, Ints: []int{1 + g.r.IntN(5)}, Floats: []float32{0.5, 0.75, 1}}
}

func buildLRN(x []*graph.Node, s Step) *graph.Node {
	return graph.LRN(x[0], s.Ints[0], s.Floats[0], s.Floats[1], s.Floats[2])
}

func codeLRN(x []string, s Step) string {
	return fmt.Sprintf("graph.LRN(%s, %s, %s)", x[0], list(s.Ints), list(s.Floats))
}

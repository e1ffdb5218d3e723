package randgraph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
)

// movements are the operators that move elements: what programs can replace
// by views of the same memory.
func movements() map[string]operator {
	return map[string]operator{
		"Concat": {weight: 30, draw: drawConcat,
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.Concat(s.Ints[0], x...) },
			code:  func(x []string, s Step) string { return fmt.Sprintf("graph.Concat(%d, %s)", s.Ints[0], list(x)) },
			fit:   fitConcat},
		"Slice": {weight: 24, draw: drawSlice,
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.Slice(x[0], s.Ints[0], s.Ints[1], s.Ints[2]) },
			fit: func(in [][]int, s *Step) [][]int {
				s.Ints[2] = min(s.Ints[2], in[0][s.Ints[0]])
				s.Ints[1] = min(s.Ints[1], s.Ints[2]-1)
				return nil
			}},
		"SliceStep": {weight: 4, draw: drawSliceStep,
			build: func(x []*graph.Node, s Step) *graph.Node {
				return graph.SliceStep(x[0], s.Ints[0], s.Ints[1], s.Ints[2], s.Ints[3])
			},
			fit: func(in [][]int, s *Step) [][]int {
				n := in[0][s.Ints[0]]
				s.Ints[1], s.Ints[2] = min(s.Ints[1], n-1), min(s.Ints[2], n)
				return nil
			}},
		"Gather": {weight: 8, draw: drawGather,
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.Gather(x[0], s.Ints[0], s.Ints[1:]) },
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.Gather(%s, %d, %#v)", x[0], s.Ints[0], s.Ints[1:])
			},
			fit: func(in [][]int, s *Step) [][]int {
				for i := range s.Ints[1:] {
					s.Ints[1+i] = min(s.Ints[1+i], in[0][s.Ints[0]]-1)
				}
				return nil
			}},
		"Reshape": {weight: 12, draw: drawReshape,
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.Reshape(x[0], s.Ints...) },
			fit:   fitReshape},
		"Flatten": {weight: 4,
			draw: func(g *grower, x int) Step {
				if len(g.shape(x)) == 0 {
					return Step{}
				}
				return Step{Op: "Flatten", Args: []int{x}}
			},
			build: func(x []*graph.Node, _ Step) *graph.Node { return graph.Flatten(x[0]) }},
		"Transpose": {weight: 6,
			draw: func(g *grower, x int) Step {
				perm := g.r.Perm(len(g.shape(x)))
				if g.batch > 0 { // samples stay first
					perm = append([]int{0}, slices.DeleteFunc(perm, func(a int) bool { return a == 0 })...)
				}
				if len(perm) < 2 {
					return Step{}
				}
				return Step{Op: "Transpose", Args: []int{x}, Ints: perm}
			},
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.Transpose(x[0], s.Ints...) }},
		"Broadcast": {weight: 3,
			draw: func(g *grower, x int) Step {
				s := slices.Clone(g.shape(x))
				for i := range s {
					if s[i] == 1 && (i > 0 || g.batch == 0) {
						s[i] = g.between(1, 4)
					}
				}
				if g.batch == 0 && len(s) < 4 && g.chance(0.5) {
					s = append([]int{g.between(1, 3)}, s...)
				}
				return Step{Op: "Broadcast", Args: []int{x}, Ints: s}
			},
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.Broadcast(x[0], s.Ints...) },
			fit: func(in [][]int, s *Step) [][]int {
				for k := 1; k <= min(len(in[0]), len(s.Ints)); k++ {
					if d := in[0][len(in[0])-k]; d != 1 {
						s.Ints[len(s.Ints)-k] = d
					}
				}
				return nil
			}},
		"PadReflect": padding("PadReflect", graph.PadReflect),
		"PadEdge":    padding("PadEdge", graph.PadEdge),
		"Pad": {weight: 6, draw: drawPad,
			build: func(x []*graph.Node, s Step) *graph.Node {
				n := len(s.Ints) / 2
				return graph.Pad(x[0], s.Ints[:n], s.Ints[n:], s.Floats[0])
			},
			code: func(x []string, s Step) string {
				n := len(s.Ints) / 2
				return fmt.Sprintf("graph.Pad(%s, %#v, %#v, %v)", x[0], s.Ints[:n], s.Ints[n:], s.Floats[0])
			}},
	}
}

// drawConcat joins x with nodes that differ along one axis at most, often
// channels, often with itself, sometimes several times.
func drawConcat(g *grower, x int) Step {
	axis, ok := g.axis(x)
	if !ok {
		return Step{}
	}
	if len(g.shape(x)) == 4 && g.chance(0.6) {
		axis = 1
	}
	args := []int{x}
	for range g.between(1, 3) {
		switch {
		case g.chance(0.3):
			args = append(args, args[g.r.IntN(len(args))])
		default:
			if y, ok := g.find(func(s []int) bool { return sameBut(s, g.shape(x), axis) }); ok && g.chance(0.8) {
				args = append(args, y)
				continue
			}
			s := slices.Clone(g.shape(x))
			if axis == 1 && len(s) == 4 {
				s[axis] = g.channels()
			} else {
				s[axis] = g.between(1, 4)
			}
			args = append(args, g.anyLeaf(s...))
		}
	}
	g.r.Shuffle(len(args), func(i, j int) { args[i], args[j] = args[j], args[i] })
	return Step{Op: "Concat", Args: args, Ints: []int{axis}}
}

// sameBut reports whether two shapes differ along one axis at most.
func sameBut(s, t []int, axis int) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if i != axis && s[i] != t[i] {
			return false
		}
	}
	return true
}

func fitConcat(in [][]int, s *Step) [][]int {
	want := make([][]int, len(in))
	for i := range in {
		for _, model := range in[:i] {
			if len(model) == len(in[i]) && s.Ints[0] < len(model) {
				want[i] = slices.Clone(model)
				want[i][s.Ints[0]] = in[i][s.Ints[0]]
			}
		}
	}
	return want
}

// drawSlice cuts out a part, often channels that start at a multiple of a
// vector's width.
func drawSlice(g *grower, x int) Step {
	axis, ok := g.axis(x)
	if !ok {
		return Step{}
	}
	if len(g.shape(x)) == 4 && g.chance(0.6) {
		axis = 1
	}
	n := g.shape(x)[axis]
	start := g.between(0, n-1)
	if g.chance(0.3) {
		start &^= 7
	}
	stop := g.between(start+1, n)
	if g.chance(0.3) {
		stop = n
	}
	return Step{Op: "Slice", Args: []int{x}, Ints: []int{axis, start, stop}}
}

// drawGather takes one to six elements along an axis, in any order.
func drawGather(g *grower, x int) Step {
	axis, ok := g.axis(x)
	if !ok {
		return Step{}
	}
	ints := []int{axis}
	for range g.between(1, 6) {
		ints = append(ints, g.between(0, g.shape(x)[axis]-1))
	}
	return Step{Op: "Gather", Args: []int{x}, Ints: ints}
}

// drawSliceStep takes every second or third element, forwards or backwards.
func drawSliceStep(g *grower, x int) Step {
	axis, ok := g.axis(x)
	if !ok {
		return Step{}
	}
	n := g.shape(x)[axis]
	start, stop, step := g.between(0, n-1), n, g.between(1, 3)
	if g.chance(0.5) {
		stop, step = g.between(-1, start-1), -step
	}
	return Step{Op: "SliceStep", Args: []int{x}, Ints: []int{axis, start, stop, step}}
}

// drawReshape keeps some axes and joins, splits or adds others.
func drawReshape(g *grower, x int) Step {
	s := slices.Clone(g.shape(x))
	first := 0
	if g.batch > 0 {
		first = 1
	}
	if len(s) < first {
		return Step{}
	}
	switch g.r.IntN(5) {
	case 0: // join two axes
		if len(s) > first+1 {
			k := g.between(first, len(s)-2)
			s = append(append(slices.Clone(s[:k]), s[k]*s[k+1]), s[k+2:]...)
		}
	case 1: // split an axis
		if len(s) > first && len(s) < 4 {
			k := g.between(first, len(s)-1)
			for d := 2; d <= s[k]; d++ {
				if s[k]%d == 0 {
					s = append(append(slices.Clone(s[:k]), d, s[k]/d), s[k+1:]...)
					break
				}
			}
		}
	case 2: // a matrix as images of one pixel
		for len(s) < 4 {
			s = append(s, 1)
		}
	case 3: // all elements in one row
		if g.batch == 0 {
			s = []int{g.size(x)}
		}
	default: // the same sizes in another order
		perm := g.r.Perm(len(s) - first)
		for i, p := range perm {
			s[first+i] = g.shape(x)[first+p]
		}
	}
	if slices.Equal(s, g.shape(x)) {
		return Step{}
	}
	return Step{Op: "Reshape", Args: []int{x}, Ints: s}
}

// fitReshape changes the last size such that the number of elements agrees.
func fitReshape(in [][]int, s *Step) [][]int {
	have := 1
	for _, d := range in[0] {
		have *= d
	}
	last := len(s.Ints) - 1
	if last < 0 {
		return nil
	}
	for k := last; k >= 0; k-- {
		rest := 1
		for i, d := range s.Ints {
			if i != k {
				rest *= d
			}
		}
		if have%rest == 0 {
			s.Ints[k] = have / rest
			return nil
		}
	}
	for i := range s.Ints {
		s.Ints[i] = 1
	}
	s.Ints[last] = have
	return nil
}

func drawPad(g *grower, x int) Step {
	n := len(g.shape(x))
	if n == 0 {
		return Step{}
	}
	ints := make([]int, 2*n)
	axis, ok := g.axis(x)
	if !ok {
		return Step{}
	}
	ints[axis], ints[n+axis] = g.between(0, 3), g.between(0, 3)
	if g.chance(0.3) {
		if other, ok := g.axis(x); ok {
			ints[other], ints[n+other] = g.between(0, 2), g.between(0, 2)
		}
	}
	return Step{Op: "Pad", Args: []int{x}, Ints: ints, Floats: []float32{[]float32{0, 0, 0.5, -1}[g.r.IntN(4)]}}
}

// padding pads with elements of the argument, which must be larger than the padding.
func padding(name string, f func(x *graph.Node, before, after []int) *graph.Node) operator {
	return operator{
		weight: 2,
		draw: func(g *grower, x int) Step {
			s := drawPad(g, x)
			for i := range s.Ints {
				s.Ints[i] = min(s.Ints[i], g.shape(x)[i%len(g.shape(x))]-1)
			}
			if s.Op != "" {
				s.Op, s.Floats = name, nil
			}
			return s
		},
		build: func(x []*graph.Node, s Step) *graph.Node {
			n := len(s.Ints) / 2
			return f(x[0], s.Ints[:n], s.Ints[n:])
		},
		code: func(x []string, s Step) string {
			n := len(s.Ints) / 2
			return fmt.Sprintf("graph.%s(%s, %#v, %#v)", name, x[0], s.Ints[:n], s.Ints[n:])
		},
		fit: func(in [][]int, s *Step) [][]int {
			for i := range s.Ints {
				s.Ints[i] = min(s.Ints[i], in[0][i%len(in[0])]-1)
			}
			return nil
		},
	}
}

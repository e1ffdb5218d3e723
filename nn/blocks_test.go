package nn_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// Blocks that call the Forward of others, as one writes them without a thought. Each
// adds operators of its own, which need the right path.

// squeeze is squeeze-and-excitation: layers of nn and operators around them.
type squeeze struct{ Down, Up nn.Layer }

func newSqueeze() *squeeze { return &squeeze{nn.Linear(2), nn.Linear(4)} }

func (s *squeeze) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(s.Down.Forward(graph.Tanh(x)))
	return graph.Mul(x, graph.Sigmoid(s.Up.Forward(y)))
}

// outer has a squeeze, and a gate, whose receiver is no pointer.
type outer struct {
	Fc nn.Layer
	SE *squeeze
	gated
}

type gated struct{ Swish swish }

type swish struct{ Scale nn.Layer }

func (s swish) Forward(x *graph.Node) *graph.Node { return graph.Mul(x, graph.Sigmoid(x)) }

func (o *outer) Forward(x *graph.Node) *graph.Node {
	y := o.SE.Forward(graph.Neg(o.Fc.Forward(x)))
	return graph.Add(o.Swish.Forward(y), x)
}

// chained calls two squeezes of the same type in two lines, and others in a loop.
type chained struct {
	First, Second *squeeze
	Rest          []*squeeze
	Post          []*post
	Pre           []*pre
}

func (c *chained) Forward(x *graph.Node) *graph.Node {
	x = c.First.Forward(x)
	x = c.Second.Forward(x)
	x = graph.Neg(x)
	for _, s := range c.Rest {
		x = s.Forward(x)
	}
	for _, p := range c.Post {
		x = p.Forward(x)
	}
	for _, p := range c.Pre {
		x = p.Forward(x)
	}
	return graph.Abs(x)
}

// post has its operator behind the layer, pre before it, in a loop of its own.
type (
	post struct{ Fc nn.Layer }
	pre  struct{ Fcs []nn.Layer }
)

func (p *post) Forward(x *graph.Node) *graph.Node { return graph.Exp(p.Fc.Forward(x)) }

func (p *pre) Forward(x *graph.Node) *graph.Node {
	for _, l := range p.Fcs {
		x = graph.Erf(x)
		x = l.Forward(x)
	}
	return x
}

// alike has blocks that nothing tells apart: the operators have the path of alike.
type alike struct{ A, B *swish }

func (a *alike) Forward(x *graph.Node) *graph.Node {
	return graph.Neg(a.B.Forward(a.A.Forward(x)))
}

// deep has blocks in blocks, a Sequential and Apply between them, and helpers.
type deep struct {
	Seq   *nn.SequentialLayer
	Inner *outer
	Other *chained
}

func (d *deep) Forward(x *graph.Node) *graph.Node {
	x = d.Seq.Forward(graph.Neg(x))
	each := func(l nn.Layer, x *graph.Node) *graph.Node { return d.helper(l, x) }
	return graph.Abs(nn.Apply(d.Other, each(d.Inner, x)))
}

func (d *deep) helper(l nn.Layer, x *graph.Node) *graph.Node { return l.Forward(graph.Exp(x)) }

// generic is a block with a type parameter.
type generic[T nn.Layer] struct{ Inner T }

func (g *generic[T]) Forward(x *graph.Node) *graph.Node { return graph.Neg(g.Inner.Forward(x)) }

// shared uses the squeeze of another block, whose path is there.
type shared struct{ one, two *generic[*squeeze] }

func (s *shared) Forward(x *graph.Node) *graph.Node {
	return graph.Abs(s.two.Forward(s.one.Forward(x)))
}

// fresh makes layers inside Forward, which have no path.
type fresh struct{ Inner *freshInner }

type freshInner struct{ Fc nn.Layer }

func (f *fresh) Forward(x *graph.Node) *graph.Node { return nn.ReLU().Forward(f.Inner.Forward(x)) }

func (f *freshInner) Forward(x *graph.Node) *graph.Node {
	return nn.Tanh().Forward(f.Fc.Forward(x))
}

func newChain() *chained {
	return &chained{
		First: newSqueeze(), Second: newSqueeze(), Rest: []*squeeze{newSqueeze(), newSqueeze()},
		Post: []*post{{nn.Linear(4)}, {nn.Linear(4)}, {nn.Linear(4)}},
		Pre:  []*pre{{[]nn.Layer{nn.Linear(4), nn.Linear(4)}}, {[]nn.Layer{nn.Linear(4)}}, {[]nn.Layer{nn.Linear(4)}}},
	}
}

// operators lists the nodes that layers of nn did not add: "path Kind".
func operators(t *testing.T, net nn.Layer) (list []string) {
	t.Helper()
	infos, err := model(t, net, 4).Summary(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		if i.Kind != "Linear" {
			list = append(list, i.Path+" "+i.Kind)
		}
	}
	return list
}

func TestPathsOfBlocks(t *testing.T) {
	se := func(path string) string {
		return strings.ReplaceAll("P Tanh,P ReLU,P Sigmoid,P Mul", "P", path)
	}
	out := func(path string) string {
		return strings.ReplaceAll("P Neg,"+se("P.se")+",P.swish Sigmoid,P.swish Mul,P Add", "P", path)
	}
	cha := func(path string) string {
		return strings.ReplaceAll(strings.Join([]string{
			se("P.first"), se("P.second"), "P Neg", se("P.rest.0"), se("P.rest.1"),
			"P.post.0 Exp", "P.post.1 Exp", "P.post.2 Exp",
			"P.pre.0 Erf", "P.pre.0 Erf", "P.pre.1 Erf", "P.pre.2 Erf", "P Abs",
		}, ","), "P", path)
	}
	one := &generic[*squeeze]{newSqueeze()}
	for name, c := range map[string]struct {
		net  nn.Layer
		want string
	}{
		"a block in a block": {nn.Sequential(nn.Linear(4), &outer{Fc: nn.Linear(4), SE: newSqueeze()}), out("1")},
		"the network":        {&generic[*squeeze]{newSqueeze()}, se("inner") + ", Neg"},
		"several of a type":  {nn.Sequential(newChain()), cha("0")},
		"deep": {
			nn.Sequential(&deep{nn.Sequential(newSqueeze(), nn.ReLU(), &generic[*post]{&post{nn.Linear(4)}}), &outer{Fc: nn.Linear(4), SE: newSqueeze()}, newChain()}),
			"0 Neg," + se("0.seq.0") + ",0.seq.1 ReLU,0.seq.2.inner Exp,0.seq.2 Neg,0 Exp," + out("0.inner") + "," + cha("0.other") + ",0 Abs",
		},
		"nothing tells them apart": {nn.Sequential(&alike{&swish{}, &swish{}}), "0 Sigmoid,0 Mul,0 Sigmoid,0 Mul,0 Neg"},
		"shared":                   {nn.Sequential(&shared{one, one}, one), strings.Join([]string{se("0.one.inner"), "0.one Neg", se("0.one.inner"), "0.one Neg", "0 Abs", se("0.one.inner"), "0.one Neg"}, ",")},
		"made inside Forward":      {nn.Sequential(&fresh{&freshInner{nn.Linear(4)}}), "0.inner Tanh,0 ReLU"},
		"embedded":                 {embedded{nn.Sequential(&hidden{&hidden{nn.Tanh()}})}, "0.inner.inner Tanh,0.inner Add,0 Add"},
	} {
		got, want := operators(t, c.net), strings.Split(c.want, ",")
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// narrow fails for an input of other than some features.
type narrow struct {
	Fc       nn.Layer
	features int
}

func (n *narrow) Forward(x *graph.Node) *graph.Node {
	return graph.Add(n.Fc.Forward(x), x.Graph().Constant(tensor.New(1, n.features)))
}

type narrows struct{ A, B, C *narrow }

func (n *narrows) Forward(x *graph.Node) *graph.Node {
	x = graph.Neg(n.A.Forward(x))
	return n.C.Forward(n.B.Forward(x))
}

type looped struct{ List []*narrow }

func (l *looped) Forward(x *graph.Node) *graph.Node {
	for _, n := range l.List {
		x = n.Forward(x)
	}
	return x
}

// An operator that fails in a block of a block names that one.
func TestPathsOfFailures(t *testing.T) {
	bad := func(i int) (list []*narrow) {
		for k := range 3 {
			n := &narrow{nn.Linear(4), 4}
			if k == i {
				n.features = 3
			}
			list = append(list, n)
		}
		return list
	}
	for i, name := range []string{"a", "b", "c"} {
		list := bad(i)
		for _, c := range []struct {
			net  nn.Layer
			want string
		}{
			{nn.Sequential(nn.ReLU(), &narrows{list[0], list[1], list[2]}), "1." + name},
			{nn.Sequential(&looped{bad(i)}), fmt.Sprintf("0.list.%d", i)},
			{&looped{bad(i)}, fmt.Sprintf("list.%d", i)},
			{nn.Sequential(&hidden{&hidden{list[i]}}), "0.inner.inner"},
			{nn.Sequential(&doubled{&hidden{list[i]}}), "0.inner.inner"},
		} {
			_, err := nn.New(c.net, tensor.Shape{4}, nn.Options{})
			var failure *graph.Error
			if !errors.As(err, &failure) || failure.Path != c.want {
				t.Errorf("error %v, want one at %s", err, c.want)
			}
		}
	}
}

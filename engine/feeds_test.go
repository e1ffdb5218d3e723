package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Inputs are fed in any order. One that is missing is an error.
func ExampleFeeds() {
	g := graph.New()
	a, b := g.Input("a", 2), g.Input("b", 2)
	d := graph.Sub(a, b)
	one, three := tensor.Full(1, 2), tensor.Full(3, 2)

	y, err := engine.Run(reference.New(), engine.Feeds{b: one, a: three}, d)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y[0].Data())

	_, err = engine.Run(reference.New(), engine.Feeds{a: three}, d)
	fmt.Println(err)
	// Output:
	// [2 2]
	// reference: input "b" (%1 Input 2) is not fed
}

func TestArrange(t *testing.T) {
	g := graph.New()
	a, b := g.Input("a", 2), g.Input("b", 3)
	sum := graph.Sum(a)
	other := graph.New().Input("stray", 1)
	two, three := tensor.New(2), tensor.New(3)
	tensors := make([]*tensor.Tensor, 2)
	good := engine.Feeds{b: three, a: two}
	if err := good.Arrange(g.Inputs(), tensors); err != nil || tensors[0] != two || tensors[1] != three {
		t.Errorf("%v, %v", tensors, err)
	}
	if n := testing.AllocsPerRun(10, func() { _ = good.Arrange(g.Inputs(), tensors) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if err := engine.Feeds(nil).Arrange(nil, nil); err != nil {
		t.Errorf("no inputs: %v", err)
	}
	for want, feeds := range map[string]engine.Feeds{
		`input "a" (%0 Input 2) is not fed; input "stray" (%0 Input 1) is fed, which belongs to another graph`: {b: three, other: two},
		`input "b" (%1 Input 3) is not fed; node %2 Sum scalar is fed, which is not an input of the program`:   {a: two, sum: two},
		`input "b" (%1 Input 3) is fed a tensor of shape 2`:                                                    {a: two, b: two},
		`input "b" (%1 Input 3) is fed nil`:                                                                    {a: two, b: nil},
		`node %2 Sum scalar is fed, which is not an input of the program`:                                      {a: two, b: three, sum: two},
		"a nil node is fed": {a: two, b: three, nil: two},
	} {
		if err := feeds.Arrange(g.Inputs(), tensors); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// The reference engine has none of the optional abilities, and says so.
func TestAbilitiesThatAreMissing(t *testing.T) {
	g := graph.New()
	p, err := reference.New().Compile(g, g.Scalar(1))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	_, profile := engine.StartProfile(p)
	_, trace := engine.StartTrace(p)
	_, memory := engine.Memory(p)
	for want, err := range map[string]error{"does not profile its programs": profile, "does not trace its programs": trace, "does not plan the memory": memory} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestProfileTotals(t *testing.T) {
	p := &engine.Profile{Threads: 2, PeakGFLOPS: 100, Stages: []engine.Stage{
		{Name: "a", Kind: "convolution", Phase: "forward", Seconds: 0.5, FLOPs: 1e9, Bytes: 10},
		{Name: "b", Kind: "packing", Phase: "forward", Seconds: 0.25},
		{Name: "c", Kind: "convolution", Phase: "forward", Seconds: 0.25, FLOPs: 5e9, Bytes: 5},
		{Name: "d", Kind: "convolution", Phase: "backward"},
	}}
	kinds := p.Kinds()
	if len(kinds) != 3 || kinds[0] != (engine.KindTotal{Kind: "convolution", Phase: "forward", Stages: 2, Seconds: 0.75, FLOPs: 6e9, Bytes: 15}) || p.Seconds() != 1 {
		t.Errorf("%+v, %v s", kinds, p.Seconds())
	}
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"75.0%", "8.0", "The peak of 2 threads is 100 GFLOP/s."} { // the share and the rate of convolutions
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}

package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// NonFinite is a place where a training step has a value that is infinite or
// not a number.
type NonFinite struct {
	// What is "images", "parameter", "output", "loss" or "gradient".
	What string
	// Path is that of the layer, or the name of the parameter.
	Path string
	// Kind is the layer's: "Conv2D", "Linear"; or that of an operator which a
	// custom block adds by itself.
	Kind string
	// Value is NaN, if there is one, or else an infinity.
	Value float32
}

// String says it in words: "the output of layer 3 (Conv2D) holds +Inf".
func (n *NonFinite) String() string {
	layer := n.Kind
	if n.Path != "" {
		layer = fmt.Sprintf("layer %s (%s)", n.Path, n.Kind)
	}
	what := "the " + n.What
	switch n.What {
	case "images":
		return fmt.Sprintf("the images hold %+v", n.Value)
	case "parameter":
		what += " " + n.Path
	case "output":
		what += " of " + layer
	case "gradient":
		what += " in " + layer
	}
	return fmt.Sprintf("%s holds %+v", what, n.Value)
}

// FindNonFinite looks for the first value of a training step that is infinite
// or not a number, with the model's weights as they are: in the images
// (N×C×H×W), the parameters, the outputs of the layers in their order, the loss
// (that of Config, cross-entropy if nil) with the targets, which are the labels
// (N) or have shape N×TargetShape, and the derivatives in the order in which they
// are computed, which is from the last layer to the first. It returns nil
// if all are finite. The step number, from 0, says what dropout drops. Nothing
// is trained.
func FindNonFinite(model *nn.Model, device engine.Device, loss func(output, target *graph.Node) *graph.Node, images, targets *tensor.Tensor, step uint64) (*NonFinite, error) {
	if v, found := nonFinite(images.Data()); found {
		return &NonFinite{What: "images", Value: v}, nil
	}
	for _, p := range model.Parameters() {
		if v, found := nonFinite(p.Value.Data()); found {
			return &NonFinite{What: "parameter", Path: p.Name, Value: v}, nil
		}
	}
	infos, err := model.Summary(1)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	for _, info := range infos {
		kinds[info.Path] = info.Kind
	}
	// A run in Train mode updates running statistics.
	defer restore(model.Buffers())()
	// Derivatives need the memory of all layers, so they have a second turn.
	for _, backward := range []bool{false, true} {
		probe, err := newProbe(model, objective{loss: loss, target: targets.Shape()[1:]}, images.Shape()[0], backward)
		if err != nil {
			return nil, err
		}
		found, err := probe.run(device, kinds, images, targets, step)
		if found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// restore returns a function that gives variables the values that they have
// now.
func restore(variables []*graph.Variable) func() {
	var values []*tensor.Tensor
	for _, v := range variables {
		values = append(values, v.Value.Clone())
	}
	return func() {
		for i, v := range variables {
			copy(v.Value.Data(), values[i].Data())
			v.Changed()
		}
	}
}

// nonFinite returns NaN if there is one in values, or else an infinity.
func nonFinite(values []float32) (value float32, found bool) {
	for _, v := range values {
		if v != v {
			return v, true
		}
		if v-v != 0 {
			value, found = v, true
		}
	}
	return value, found
}

// A probe is the graph of a step that yields the greatest and the least
// element of the nodes that it watches.
type probe struct {
	trace   *nn.Trace
	target  *graph.Node
	loss    *graph.Node
	forward int // number of nodes of the forward pass
	watched []*graph.Node
	outputs []*graph.Node // two for each: the maxima of x and of −x
}

func newProbe(model *nn.Model, o objective, batch int, backward bool) (p *probe, err error) {
	p = &probe{}
	if p.trace, err = model.Trace(batch, nn.Train); err != nil {
		return nil, err
	}
	defer graph.Catch(&err)
	g := p.trace.Graph
	p.forward = len(g.Nodes())
	if p.loss, p.target, err = o.build(p.trace.Output); err != nil {
		return nil, err
	}
	nodes := slices.Clone(g.Nodes()[:p.forward])
	if backward {
		var params []*graph.Node
		for _, v := range model.Parameters() {
			params = append(params, g.Variable(v))
		}
		from := len(g.Nodes())
		graph.Gradients(p.loss, params...)
		nodes = slices.Clone(g.Nodes()[from:])
	} else {
		nodes = append(nodes, p.loss)
	}
	for _, n := range nodes {
		if len(n.Inputs()) == 0 {
			continue
		}
		p.watched = append(p.watched, n)
		p.outputs = append(p.outputs, graph.Max(n), graph.Max(graph.Neg(n)))
	}
	return p, nil
}

// run runs the step and returns the first watched node that is not finite.
func (p *probe) run(device engine.Device, kinds map[string]string, images, targets *tensor.Tensor, step uint64) (*NonFinite, error) {
	feeds := engine.Feeds{p.trace.Input: images, p.target: targets}
	p.trace.FeedStep(feeds, step)
	results, err := engine.Run(device, feeds, p.outputs...)
	if err != nil {
		return nil, fmt.Errorf("look for values that are not finite: %w", err)
	}
	for i, n := range p.watched {
		most, least := results[2*i].Data()[0], -results[2*i+1].Data()[0]
		v, found := nonFinite([]float32{most, least})
		if !found {
			continue
		}
		kind, ok := kinds[n.Path()]
		if !ok || n.Path() == "" {
			kind = n.Op().Kind()
		}
		what := "gradient"
		switch {
		case n == p.loss:
			what = "loss"
		case n.ID() < p.forward:
			what = "output"
		}
		return &NonFinite{What: what, Path: n.Path(), Kind: kind, Value: v}, nil
	}
	return nil, nil
}

// DeadShare says how many units of a ReLU are 0 for all images of a batch. A
// dead unit gets no gradient from them; one that is dead for all data never
// learns again.
type DeadShare struct {
	// Path is the layer's path.
	Path string
	// Units is the number of channels of an N×C×H×W output, or of elements of
	// a sample of any other; Dead of them are 0 everywhere.
	Units, Dead int
}

// Share is Dead / Units.
func (d DeadShare) Share() float64 { return float64(d.Dead) / float64(d.Units) }

// String is a line for people: "4: 12 of 96 units dead (12.5 %)".
func (d DeadShare) String() string {
	return fmt.Sprintf("%s: %d of %d units dead (%.1f %%)", d.Path, d.Dead, d.Units, 100*d.Share())
}

// DeadReLUs counts the dead units of each ReLU and ReLU6 of a model, in Eval
// mode, for a batch of images (N×C×H×W), in the order of the network. The more
// images, the fewer units look dead: use a hundred or more.
func DeadReLUs(model *nn.Model, device engine.Device, images *tensor.Tensor) (shares []DeadShare, err error) {
	if images.Rank() == 0 {
		return nil, fmt.Errorf("images of shape %v: want N×C×H×W", images.Shape())
	}
	trace, err := model.Trace(images.Shape()[0], nn.Eval)
	if err != nil {
		return nil, err
	}
	defer graph.Catch(&err)
	var outputs []*graph.Node
	for _, n := range slices.Clone(trace.Graph.Nodes()) {
		op, ok := n.Op().(graph.UnaryOp)
		if !ok || op.Func != graph.KindReLU && op.Func != graph.KindReLU6 {
			continue
		}
		axes := []int{0}
		if len(n.Shape()) == 4 {
			axes = []int{0, 2, 3}
		}
		top := graph.Max(n, axes...)
		shares = append(shares, DeadShare{Path: n.Path(), Units: top.Shape().Size()})
		outputs = append(outputs, top)
	}
	if len(outputs) == 0 {
		return nil, nil
	}
	results, err := engine.Run(device, engine.Feeds{trace.Input: images}, outputs...)
	if err != nil {
		return nil, fmt.Errorf("count dead units: %w", err)
	}
	for i, r := range results {
		for _, v := range r.Data() {
			if v == 0 {
				shares[i].Dead++
			}
		}
	}
	return shares, nil
}

// patience is how many epochs at chance in a row are a reason to warn. Networks
// with saturating activations often begin with a long plateau.
func patience(model *nn.Model) (int, error) {
	trace, err := model.Trace(1, nn.Eval)
	if err != nil {
		return 0, err
	}
	for _, n := range trace.Graph.Nodes() {
		if u, ok := n.Op().(graph.UnaryOp); ok && (u.Func == graph.KindSigmoid || u.Func == graph.KindTanh) {
			return 10, nil
		}
	}
	return 2, nil
}

// noLearning is the warning that a network learns nothing, or "". It comes
// once, when patience is at an end or (last) no more epochs follow.
func noLearning(rows []Row, classes, images, patience int, last bool) string {
	streak := 0
	for i := len(rows) - 1; i >= 0 && atChance(rows[i], classes, images); i-- {
		streak++
	}
	if streak != patience && !(last && streak > 0 && streak < patience) {
		return ""
	}
	return fmt.Sprintf("no learning in epoch %d: the loss equals chance (ln %d = %.3f); if that goes on, try a lower learning rate or another seed",
		rows[len(rows)-1].Epoch, classes, math.Log(float64(classes)))
}

// atChance reports whether the mean loss is within 1 % of ln(classes), which
// equal scores for all classes give, and no more images are right than by
// chance, allowing for its scatter.
func atChance(row Row, classes, images int) bool {
	if classes < 2 {
		return false
	}
	chance, share := math.Log(float64(classes)), 1/float64(classes)
	scatter := math.Sqrt(share * (1 - share) / float64(max(images, 1)))
	return math.Abs(row.TrainLoss-chance) < 0.01*chance && math.Abs(row.TrainAccuracy-share) <= 0.1*share+4*scatter
}

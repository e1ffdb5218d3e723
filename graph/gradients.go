package graph

// Gradients adds to the graph the nodes that compute the derivatives of loss
// with respect to each of the given nodes, by reverse-mode differentiation,
// and returns them in the same order. loss must be a scalar (rank 0 or a
// single element). A node that loss does not depend on gets a constant zero.
func Gradients(loss *Node, wrt ...*Node) []*Node { return GradientsFunc(loss, nil, wrt...) }

// GradientsFunc is Gradients with a function that may change a derivative on its way back:
// for each node n between wrt and the loss, before the derivatives with respect to n's arguments
// are computed, dy, the derivative with respect to n, becomes change(n, dy). change returns a node
// of the shape of n: dy itself where nothing is to be changed, or one that it adds to the graph.
// A nil change is Gradients. Methods that explain a network's decision need it, such as guided
// backpropagation, whose ReLU passes back positive derivatives only.
func GradientsFunc(loss *Node, change func(n, dy *Node) *Node, wrt ...*Node) []*Node {
	g := loss.graph
	if loss.shape.Size() != 1 {
		fail(g.failurePath(), "Gradients", "the loss must be a single number, got shape %v", loss.shape)
	}
	defer g.SetPath(g.path)

	// Only nodes between wrt and the loss carry gradients.
	depends := make([]bool, loss.id+1)
	for _, n := range wrt {
		if n.graph != g {
			fail(g.failurePath(), "Gradients", "%v belongs to another graph", n)
		}
		if n.id <= loss.id {
			depends[n.id] = true
		}
	}
	for _, n := range g.nodes[:loss.id+1] {
		for _, in := range n.inputs {
			depends[n.id] = depends[n.id] || depends[in.id]
		}
	}

	sums := make([]*Node, loss.id+1)
	sums[loss.id] = Broadcast(g.Scalar(1), loss.shape...)
	for id := loss.id; id >= 0; id-- {
		n, dy := g.nodes[id], sums[id]
		if dy == nil || !depends[id] || len(n.inputs) == 0 {
			continue
		}
		g.SetPath(n.path)
		if change != nil {
			if dy = change(n, dy); dy == nil || !dy.shape.Equal(n.shape) {
				fail(n.path, "Gradients", "the changed derivative of %v is %v", n, dy)
			}
		}
		for i, d := range n.op.gradient(n, dy) {
			in := n.inputs[i]
			switch {
			case d == nil || !depends[in.id]:
			case sums[in.id] == nil:
				sums[in.id] = d
			default:
				sums[in.id] = Add(sums[in.id], d)
			}
		}
	}

	grads := make([]*Node, len(wrt))
	for i, n := range wrt {
		if n.id <= loss.id && sums[n.id] != nil {
			grads[i] = sums[n.id]
		} else {
			grads[i] = Broadcast(g.Scalar(0), n.shape...)
		}
	}
	return grads
}

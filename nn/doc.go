// Package nn builds networks out of layers.
//
// A [Layer] adds operators to a graph. The layers of this package are
// described by values with chainable settings. You state only what cannot be
// inferred from the input:
//
//	net := nn.Sequential(
//		nn.Conv2D(6, 5).Pad(2), nn.Sigmoid(), nn.AvgPool2D(2),
//		nn.Flatten(), nn.Linear(10),
//	)
//	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
//
// A [Model] adds what a network needs to run: the shape of its input, its
// parameters and buffers. [Model.Trace] gives the graph of the network for a
// batch size and a [Mode], to which training adds a loss and an update;
// [Model.Predict] runs it. Trace is where panics of graph-building functions
// become errors, which name the layer by its path.
//
// # Custom blocks
//
// Any type with a Forward is a layer. A block is a struct that keeps its
// layers in fields and applies them with plain Go:
//
//	type Residual struct{ Conv1, Conv2 nn.Layer }
//
//	func (r *Residual) Forward(x *graph.Node) *graph.Node {
//		return graph.ReLU(graph.Add(x, r.Conv2.Forward(graph.ReLU(r.Conv1.Forward(x)))))
//	}
//
// A block that is not made of layers can own tensors: [Parameter] and [Buffer].
// [BatchNormScratch] is an example.
//
// Layers with parameters must be made when the block is made, not inside
// Forward, which runs at each trace. Batches of any size go through Forward: New
// itself traces one of 1 and one of 2.
//
// A block may hold other custom blocks and call their Forward. The operators of an inner
// block have its path, in errors, summaries and counts of dead units: it is found from
// the call stack, which names types, and from the layers of this package that the inner
// block applies. If one line of code calls several blocks of one type that apply no such
// layers, nothing tells them apart, and their operators have the path of the block
// around. [Apply] in place of Forward makes the path certain, and lets the block's output
// be asked for.
//
// # Looking inside
//
// [Model.Param] finds a parameter or buffer by its name and [Model.Activations]
// computes the output of any layer; [Trace.OutputOf] is that output as a node, to
// compute more from it. [Model.Summary] lists layers with shapes and costs.
//
// # Names
//
// New walks the network by reflection: through pointers to structs,
// interfaces, fields (exported or not), slices, arrays and maps with string or
// integer keys. The path of a layer joins the names on the way with dots:
// the index or given name in a Sequential, the index in a slice or array, the
// key in a map, the name of a field in snake case (Conv1 is conv1, DownSample is
// down_sample) or the field's tag `nn:"name"`; `nn:"-"` skips a field, and an
// embedded field adds nothing.
// Parameters append weight and bias to the layer's path, and batch
// normalization its buffers running_mean and running_var, so that names are
// those of the same network in PyTorch: "0.weight", "features.3.bias". A layer
// that is used twice keeps its first path and shares its parameters.
//
// # Reproducibility
//
// The initial values of a parameter come from a random stream named by the
// model's seed and the parameter's name. They do not depend on other layers
// nor on the order of anything.
package nn

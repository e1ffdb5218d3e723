// Package explain looks inside a trained network: which parts of a picture decide for a class,
// what a layer makes of a picture, what a unit sees.
//
//	model, err := modelfolder.Load("runs/pets", modelfolder.Options{})
//	…
//	m, err := explain.New(model, explain.Options{})
//	…
//	defer m.Close()
//	x, err := m.Preprocessing().Tensor(picture)
//	…
//	why, err := m.GradCAM(ctx, x, "", explain.Predicted)
//	…
//	fmt.Println(why.ClassName, why.Probability, why.Heat().Shape())
//
// A [Model] is made of anything that package modelfolder loads, ONNX files included, or of an
// nn.Model. The weights must not change while it is in use.
//
// # Methods
//
// All of them explain the score of a class, the network's output before softmax, for one picture.
//
//   - [Model.GradCAM] (Selvaraju et al. 2017) and [Model.GradCAMPlusPlus] (Chattopadhay et al.
//     2018): a coarse map from the activations of a layer
//   - [Model.Gradient] (Simonyan et al. 2014): the derivative with respect to each pixel
//   - [Model.GuidedBackprop] (Springenberg et al. 2015), and [Model.GuidedGradCAM], its product
//     with Grad-CAM
//   - [Model.SmoothGrad] (Smilkov et al. 2017): the gradient, averaged over noisy copies
//   - [Model.IntegratedGradients] (Sundararajan et al. 2017): the gradient along the way from a
//     baseline, whose sum is the difference of the scores
//   - [Model.Occlusion] (Zeiler & Fergus 2014): how the score falls when a window is covered
//
// [Model.Explain] takes the method by its name. Each returns an [Attribution], of which
// [Attribution.Heat] makes one map. Package explain/render draws it.
//
// # What a layer sees
//
// [Model.Features] are the outputs of a layer for a picture, [Model.Filters] the weights of a
// convolution. [Model.ReceptiveField] is the part of the input that a unit can see, and
// [Model.EffectiveField] what it does see in a picture. [Model.Exciting] finds the pictures that
// excite a channel most. [Model.Nodes] is the network as a graph, [Model.Times] how long each of its
// nodes takes.
//
// # Names of layers
//
// A layer is named by its path, such as "layer4" or "features.3", as nn.Trace.OutputOf does; in
// a network of an ONNX file, by the name of its node. An operator that a custom block adds by
// itself has the path of the block and its kind: "layer1.0.Add". The second of a kind in a block ends in
// "_2". [Model.Layers] lists all those whose output is a stack of maps, C×H×W. An error about a
// name that is not there says which is nearest.
//
// # Concurrency and memory
//
// A Model is safe for concurrent use. Calls take turns, each on all threads of the Model's device; one
// that waits stops waiting when its context ends. Occlusion, integrated gradients and SmoothGrad
// compute some samples at a time and let others in between. Programs are compiled when they are needed
// and kept for the next call: Options say how many. On one kind of processor a result has the
// same bits whatever else runs.
package explain

// Package optim has optimizers, which change parameters so that a loss falls, and
// what belongs to them: parameter groups, clipping, schedules of the learning
// rate, moving averages of the weights.
//
// An [Optimizer] does not compute: its Update adds operators and assignments
// to the graph of a training step, after graph.Gradients, so that an engine
// compiles the whole step. The learning rate is a node, usually an input, so a
// [Schedule] may change it at every step without another compile. What an
// optimizer keeps from step to step is in variables of a [State], named after the
// parameter: "0.weight.momentum_buffer".
//
// The optimizers are [SGD], [Adam], [AdamW], [RMSprop] and, for large batches, [LAMB]
// and [LARS]. Others wrap one of them: [Groups] gives layers learning rates of their own and leaves out weight
// decay where it does harm; [ClipNorm] and [ClipValue] limit the gradients. They
// nest, the clipping outside, so that the norm is that of all gradients:
//
//	optim.ClipNorm{Max: 1, Of: optim.Groups{
//		Of:      optim.AdamW{WeightDecay: 0.05},
//		NoDecay: true,
//		Rates:   []optim.LayerRate{{Layers: "features", Rate: 0.1}},
//	}}
//
// The schedules are [Constant], [Step], [MultiStep], [Cosine], [OneCycle],
// [Polynomial] and [Exponential]; [Warmup] begins any of them with a linear rise,
// and [Plateau] lowers the rate when a metric no longer improves. [EMA] keeps a
// moving average of the weights.
//
// Numbers such as a decay of 0.999 are used as they were written: 1 − 0.999 is
// 0.001 here, and not what the nearest float32 to 0.999 leaves.
package optim

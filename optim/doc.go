// Package optim has optimizers, which change parameters so that a loss falls.
//
// An [Optimizer] does not compute: its Update adds operators and assignments
// to the graph of a training step, after graph.Gradients, so that an engine
// compiles the whole step. The learning rate is a node, usually an input, so a
// [Schedule] may change it at every step without another compile. What an
// optimizer keeps from step to step is in variables of a [State], named after the parameter: "0.weight.momentum_buffer".
//
// The optimizer so far is [SGD], with momentum, Nesterov momentum and weight decay.
package optim

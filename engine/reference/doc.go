// Package reference is the plain engine: it defines what each operator computes.
//
// Each operator of package graph is one short function that follows the
// operator's definition loop by loop, in float64. Nothing is fused, reused or
// reordered, so it is slow: for small tensors, not for training. Tests compare
// other engines with it.
//
// [New] returns it as an engine.Device: values are float32 at the borders
// (inputs, variables, outputs) and float64 in between. [Eval] computes in
// float64 throughout, which is what central differences need.
//
// Unlike other engines it allocates at every run.
package reference

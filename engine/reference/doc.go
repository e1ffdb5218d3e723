// Package reference is the engine that is easy to check by eye.
//
// Each operator of package graph is one short function that follows the
// operator's definition loop by loop, in float64. Nothing is fused, reused or
// ordered cleverly, and so it is slow: fit for small tensors, not for training.
// Its purpose is to be the oracle of tests and the answer to "what should this
// compute?".
//
// [New] returns it as an engine.Device: values are float32 at the borders
// (inputs, variables, outputs) and float64 in between. [Eval] computes in
// float64 throughout, which is what central differences need.
//
// Unlike other engines it allocates at every run.
package reference

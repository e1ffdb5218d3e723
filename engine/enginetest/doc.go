// Package enginetest is the conformance suite for engines: one set of tests
// that every implementation of engine.Device must pass.
//
// An engine's own test calls
//
//	func TestConformance(t *testing.T) { enginetest.Run(t, mydevice.New()) }
//	func TestGolden(t *testing.T)      { enginetest.Golden(t, mydevice.New()) }
//	func TestAllocs(t *testing.T)      { enginetest.Allocs(t, mydevice.New()) }
//	func TestDeterminism(t *testing.T) { enginetest.Determinism(t, newWithThreads) }
//	func TestRandom(t *testing.T)      { randgraph.Test(t, targets, randgraph.Options{For: 3 * time.Second}) }
//
// [Run] compares the engine with engine/reference: every operator over tables
// of shapes and attributes, forward and backward; whole training steps; graphs
// with odd outputs and assignments. [Golden] compares it with results of
// PyTorch. Package randgraph, beneath this one, compares engines on random
// graphs. The derivatives themselves are checked against central differences
// in this package's own tests, once for all engines.
//
// # Tolerances
//
// Moving, choosing and negating numbers must be exact. Functions of single
// numbers may be off by 1e-6 relative plus 1e-7. Sums of n terms may be off
// by (1 + √n/10)·1e-6 of the largest result: rounding errors of a float32 sum
// grow like √n, and a missing or doubled term is far larger. Where results
// are compositions (softmax, batch normalization, networks), the tolerance of
// each element is measured: the reference is evaluated several times with
// relative noise of 1e-6, about 16 units in the last place, on each
// intermediate value, and the result may differ by three times what the noise
// causes. An element that sits on an edge, such as a maximum decided by the
// last bit, is thereby recognised and not compared.
//
// The suite takes some seconds on one core.
package enginetest

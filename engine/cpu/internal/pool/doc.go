// Package pool plans maximum and average pooling and their gradients in NHWC:
// which taps the window of each output pixel has, and how the images of a batch
// are cut into tasks.
//
// [New] and [NewAdaptive] make a [Plan]; its methods [Plan.Max],
// [Plan.MaxArgmax], [Plan.Average] and, for gradients, [Plan.MaxGrad],
// [Plan.ArgmaxGrad] and [Plan.AverageGrad] compute one task each.
package pool

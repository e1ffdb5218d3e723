package winograd

import (
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly.
func twins() []kerneltest.Twin {
	return []kerneltest.Twin{{Name: "applySIMD", Tolerance: 1e-5, Run: func(n int) (all []float32) {
		channels := (n/channelLanes + 1) * channelLanes
		for _, w := range []*Transforms{F23, F33, F43, F25, F35} {
			for _, tr := range []*Transform{&w.Input, &w.Kernel, &w.Output, &w.OutputGrad, &w.KernelGrad} {
				src, dst := kerneltest.Randoms(tr.from*tr.from*channels, 1), make([]float32, tr.to*tr.to*channels)
				tr.Apply(&TransformArgs{
					Src: &src[0], SrcRow: tr.from * channels, SrcCol: channels, Dst: &dst[0], DstRow: tr.to * channels, DstCol: channels, N: channels,
				})
				all = append(all, dst...)
			}
		}
		return all
	}}}
}

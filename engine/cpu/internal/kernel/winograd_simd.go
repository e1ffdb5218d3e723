//go:build amd64 || arm64

package kernel

func applyTransform(t *Transform, args *TransformArgs) {
	if !useSIMD {
		t.applyGeneric(args)
		return
	}
	// Spelled out, so that args stays on the caller's stack.
	switch t.id {
	case input4:
		winogradInput4to4SIMD(args)
	case input5:
		winogradInput5to5SIMD(args)
	case input6:
		winogradInput6to6SIMD(args)
	case input7:
		winogradInput7to7SIMD(args)
	case output4to2:
		winogradOutput4to2SIMD(args)
	case output5to3:
		winogradOutput5to3SIMD(args)
	case output6to4:
		winogradOutput6to4SIMD(args)
	case output6to2:
		winogradOutput6to2SIMD(args)
	case output7to3:
		winogradOutput7to3SIMD(args)
	case outputGrad2to4:
		winogradOutputGrad2to4SIMD(args)
	case outputGrad3to5:
		winogradOutputGrad3to5SIMD(args)
	case outputGrad4to6:
		winogradOutputGrad4to6SIMD(args)
	case outputGrad2to6:
		winogradOutputGrad2to6SIMD(args)
	case outputGrad3to7:
		winogradOutputGrad3to7SIMD(args)
	case kernel3to4:
		winogradKernel3to4SIMD(args)
	case kernel3to5:
		winogradKernel3to5SIMD(args)
	case kernel3to6:
		winogradKernel3to6SIMD(args)
	case kernel5to6:
		winogradKernel5to6SIMD(args)
	case kernel5to7:
		winogradKernel5to7SIMD(args)
	case kernelGrad4to3:
		winogradKernelGrad4to3SIMD(args)
	case kernelGrad5to3:
		winogradKernelGrad5to3SIMD(args)
	case kernelGrad6to3:
		winogradKernelGrad6to3SIMD(args)
	case kernelGrad6to5:
		winogradKernelGrad6to5SIMD(args)
	case kernelGrad7to5:
		winogradKernelGrad7to5SIMD(args)
	}
}

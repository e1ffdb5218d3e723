package kernel

func applyTransform(t *Transform, args *TransformArgs) {
	if !UseAVX2 {
		t.applyGeneric(args)
		return
	}
	// Spelled out, so that args stays on the caller's stack.
	switch t.id {
	case input4:
		winogradInput4to4AVX2(args)
	case input6:
		winogradInput6to6AVX2(args)
	case output4to2:
		winogradOutput4to2AVX2(args)
	case output6to4:
		winogradOutput6to4AVX2(args)
	case output6to2:
		winogradOutput6to2AVX2(args)
	case outputGrad2to4:
		winogradOutputGrad2to4AVX2(args)
	case outputGrad4to6:
		winogradOutputGrad4to6AVX2(args)
	case outputGrad2to6:
		winogradOutputGrad2to6AVX2(args)
	case kernel3to4:
		winogradKernel3to4AVX2(args)
	case kernel3to6:
		winogradKernel3to6AVX2(args)
	case kernel5to6:
		winogradKernel5to6AVX2(args)
	case kernelGrad4to3:
		winogradKernelGrad4to3AVX2(args)
	case kernelGrad6to3:
		winogradKernelGrad6to3AVX2(args)
	case kernelGrad6to5:
		winogradKernelGrad6to5AVX2(args)
	}
}

package kernel

func applyTransform(t *Transform, args *TransformArgs) {
	if !UseNEON {
		t.applyGeneric(args)
		return
	}
	// Spelled out, so that args stays on the caller's stack.
	switch t.id {
	case input4:
		winogradInput4to4NEON(args)
	case input6:
		winogradInput6to6NEON(args)
	case output4to2:
		winogradOutput4to2NEON(args)
	case output6to4:
		winogradOutput6to4NEON(args)
	case output6to2:
		winogradOutput6to2NEON(args)
	case outputGrad2to4:
		winogradOutputGrad2to4NEON(args)
	case outputGrad4to6:
		winogradOutputGrad4to6NEON(args)
	case outputGrad2to6:
		winogradOutputGrad2to6NEON(args)
	case kernel3to4:
		winogradKernel3to4NEON(args)
	case kernel3to6:
		winogradKernel3to6NEON(args)
	case kernel5to6:
		winogradKernel5to6NEON(args)
	case kernelGrad4to3:
		winogradKernelGrad4to3NEON(args)
	case kernelGrad6to3:
		winogradKernelGrad6to3NEON(args)
	case kernelGrad6to5:
		winogradKernelGrad6to5NEON(args)
	}
}

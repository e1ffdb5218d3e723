package conv

// axisTap is a kernel position along one axis and the source position that it
// gives the first pixel of a phase.
type axisTap struct{ k, at int }

// axisPhase is a set of output positions along one axis, first, first+step, …,
// whose source positions advance by advance.
type axisPhase struct {
	first, step, advance, count int
	taps                        []axisTap
}

// forwardPhases: all positions are one phase.
func forwardPhases(stride, pad, dilation, k, out int) []axisPhase {
	p := axisPhase{step: 1, advance: stride, count: out}
	for i := range k {
		p.taps = append(p.taps, axisTap{i, i*dilation - pad})
	}
	return []axisPhase{p}
}

// backwardPhases: position x of the input gets from position (x+p−k·d)/s of
// the output what kernel position k multiplied, if s divides.
func backwardPhases(stride, pad, dilation, k, in int) []axisPhase {
	var phases []axisPhase
	for r := range min(stride, in) {
		p := axisPhase{first: r, step: stride, advance: 1, count: (in - r + stride - 1) / stride}
		for i := k - 1; i >= 0; i-- { // rising source positions
			if at := r + pad - i*dilation; at%stride == 0 {
				p.taps = append(p.taps, axisTap{i, at / stride})
			}
		}
		phases = append(phases, p)
	}
	return phases
}

// axisPhases returns the phases along height and width of the sums over kernel
// positions that a problem consists of. Those of a weight gradient are the ones of
// the output.
func axisPhases(p Problem) (phases [2][]axisPhase) {
	op := p.Op
	for i := range phases {
		if p.Kind == InputGrad {
			phases[i] = backwardPhases(op.Stride[i], op.Pad[i], op.Dilation[i], p.W[2+i], p.X[2+i])
		} else {
			phases[i] = forwardPhases(op.Stride[i], op.Pad[i], op.Dilation[i], p.W[2+i], p.Y[2+i])
		}
	}
	return phases
}

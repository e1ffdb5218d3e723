package main

// peakKernel emits the loop that measures the machine's limit: 24 independent
// multiply-adds a turn, the sum of a tile without its loads. Each chain adds 1·1 a
// turn, so that no number overflows or becomes denormal.
func peakKernel() {
	function("peakSIMD", "(iters int) float32")
	n, one, sums := argument("iters"), num(1).all(), zeros(24)
	jump("CBZ", "done", n)
	label("turn")
	for _, s := range sums {
		byLane(fmlaElem, s, one, one, 0)
	}
	ins("SUB", imm(1), n)
	jump("CBNZ", "turn", n)
	label("done")
	for _, s := range sums[1:] {
		lanewise(fadd, sums[0], sums[0], s)
	}
	result(sums[0])
	finish()
}

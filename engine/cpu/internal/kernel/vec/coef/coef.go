// Package coef holds the constants that the assembly kernels and their pure Go
// twins share: polynomial coefficients, range reductions and hash multipliers.
// It is a package of its own so that the generator of the assembly can import
// them.
//
// The polynomials are minimax fits (Remez exchange, weighted for relative error)
// whose coefficients were rounded to float32. Their own error is below a tenth of
// a unit in the last place of a float32; rounding makes up the rest of the
// errors that the kernels state.
package coef

// Reduction of eˣ to 2ⁿ·eʳ with |r| ≤ ln2/2: n = round(x·Log2E),
// r = (x − n·Ln2Hi) − n·Ln2Lo.
const (
	Log2E = 1.44269504088896340736
	Ln2Hi = 0.693359375                          // 355/512: n·Ln2Hi is exact
	Ln2Lo = 0.69314718055994530941723212 - Ln2Hi // negative

	// Magic rounds to an integer: for |x| < 2²², x + Magic has the nearest
	// integer to x in its lowest mantissa bits.
	Magic     = 1.5 * (1 << 23)
	MagicBits = 0x4b400000

	ExpMax = 89   // e⁸⁹ overflows
	ExpMin = -104 // e⁻¹⁰⁴ is less than half of the smallest denormal number
)

// Exp are the coefficients of q, lowest first, in eʳ ≈ 1 + r + r²·q(r) for
// |r| ≤ 0.3475. Relative error 3e-9.
var Exp = [...]float32{0.49999994, 0.1666652, 0.041668404, 0.008368899, 0.0013814222}

// Reduction of log x to k·ln2 + log(1+f) with √½ ≤ 1+f < √2, and the scaling that
// makes denormal numbers normal first.
const (
	SqrtHalfBits   = 0x3f3504f3 // bits of √½
	SmallestNormal = 0x1p-126
	LogScale       = 1 << 23
	LogScaleLog2   = 23
)

// Log are the coefficients of p, lowest first, in
// log(1+f) ≈ f − f²/2 + f³·p(f) for √½ ≤ 1+f < √2. Relative error 6e-9.
var Log = [...]float32{
	0.33333316, -0.2500081, 0.20002286, -0.16624554,
	0.14181192, -0.13128753, 0.12881647, -0.078596145,
}

// TanhSmall is the bound below which [Tanh] serves; above it tanh is computed
// from e²ˣ. From TanhMax on, tanh x rounds to 1.
const (
	TanhSmall = 0.625
	TanhMax   = 10
)

// Tanh are the coefficients of p, lowest first, in tanh x ≈ x + x³·p(x²) for
// |x| ≤ TanhSmall. Relative error 4e-9.
var Tanh = [...]float32{-0.33333284, 0.13331491, -0.053743497, 0.020650588, -0.0057170456}

// ExpMinusOneMin is where e^x−1 is −1 in float32.
const ExpMinusOneMin = -25

// Log1pSplit is √2−1: log(1+e) is computed from e below it, from (1+e)/2 above.
const Log1pSplit = 0.41421354

// The distribution function of the standard normal distribution is Φ(−a) = e^(−a²/2)·h(a)
// for a ≥ 0, with h(a) = t·p(t), t = 1/(1+NormalScale·a). Beyond NormalMax, Φ(−a) is 0.
const (
	NormalScale = 0.3
	NormalMax   = 16
	InvSqrt2Pi  = 0.39894228040143267794 // 1/√(2π)
)

// Normal are the coefficients of p, lowest first, for a ≤ 13.5. Relative error 4e-9.
var Normal = [...]float32{
	0.119686544, 0.119574584, 0.110213704, 0.078485675, 0.09589305,
	-0.078955434, 0.19124684, -0.22782718, 0.11227765, -0.020595433,
}

// ErfSmall is the bound below which [Erf] serves; above it erf is computed from Φ.
// From ErfMax on, erf x rounds to 1.
const (
	ErfSmall = 0.875
	ErfMax   = 4
	Sqrt2    = 1.41421356237309504880
)

// Erf are the coefficients of p, lowest first, in erf x ≈ x + x·p(x²) for
// |x| ≤ ErfSmall. Relative error 1.5e-8.
var Erf = [...]float32{0.12837915, -0.37612507, 0.11281963, -0.02677228, 0.0050020209, -0.00060388062}

// GELU's approximation by a hyperbolic tangent is x·σ(x·(GELUTanh1 + GELUTanh3·x²)).
// From GELUTanhMax on, its derivative rounds to 1, and below −GELUTanhMax to 0.
const (
	GELUTanh1   = 2 * 0.79788456080286535588 // 2·√(2/π)
	GELUTanh3   = GELUTanh1 * 0.044715
	GELUTanhMax = 13
)

// Multipliers of the 32-bit finaliser "lowbias32" of C. Wellons.
const (
	Mix1 = 0x7feb352d
	Mix2 = 0x846ca68b
)

package quantized

// The generators are a module of their own, so that programs that use this package do
// not depend on avo.

//go:generate go run -C ../gen ./quantized -out ../quantized/quantized_amd64.s
//go:generate go run -C ../gen ./neon -out ../quantized/quantized_arm64.s quantized

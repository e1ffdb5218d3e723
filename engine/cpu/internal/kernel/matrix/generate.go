package matrix

// The generators are a module of their own, so that programs that use this package do
// not depend on avo.

//go:generate go run -C ../gen ./matrix -out ../matrix/matrix_amd64.s
//go:generate go run -C ../gen ./neon -out ../matrix/matrix_arm64.s matrix
//go:generate go run -C ../gen ./matrix -out ../matrix/bf16_amd64.s bf16
//go:generate go run -C ../gen ./blocked -out ../matrix/blocked.go

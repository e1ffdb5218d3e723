package winograd

// The generators are a module of their own, so that programs that use this package do
// not depend on avo.

//go:generate go run -C ../gen ./winograd -out ../winograd/winograd_amd64.s
//go:generate go run -C ../gen ./neon -out ../winograd/winograd_arm64.s winograd

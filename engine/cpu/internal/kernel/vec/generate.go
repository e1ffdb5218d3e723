package vec

// The generators are a module of their own, so that programs that use this package do
// not depend on avo.

//go:generate go run -C ../gen ./vec -out ../vec/vec_amd64.s
//go:generate go run -C ../gen ./neon -out ../vec/vec_arm64.s vec

package kernel

// The generators are a module of their own, so that programs that use this package do
// not depend on avo.

//go:generate go run -C gen ./tile -out ../tile_amd64.s
//go:generate go run -C gen ./vec -out ../vec_amd64.s
//go:generate go run -C gen ./winograd -out ../winograd_amd64.s
//go:generate go run -C gen ./neon -dir ..

// The generators of the kernels' assembly, of engine/cpu and of data. They are a module of their own, so that
// users of the library do not depend on what only its developers need.
module github.com/strideml/stride/engine/cpu/internal/kernel/gen

go 1.26.0

require (
	github.com/mmcloughlin/avo v0.5.0
	github.com/strideml/stride v0.0.0-00010101000000-000000000000
)

require (
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/strideml/stride => ../../../../..

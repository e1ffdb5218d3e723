package kernel

// The generators are a module of their own, so that programs that use this package do
// not depend on avo.

//go:generate go run -C ../../../../engine/cpu/internal/kernel/gen ./bytes -out ../../../../../data/png/internal/kernel/kernel_amd64.s png
//go:generate go run -C ../../../../engine/cpu/internal/kernel/gen ./neon -out ../../../../../data/png/internal/kernel/kernel_arm64.s png

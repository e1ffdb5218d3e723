package resample

// The generators are a module of their own, so that programs that use this package do
// not depend on avo.

//go:generate go run -C ../../../../engine/cpu/internal/kernel/gen ./bytes -out ../../../../../data/raster/internal/resample/resample_amd64.s resample
//go:generate go run -C ../../../../engine/cpu/internal/kernel/gen ./neon -out ../../../../../data/raster/internal/resample/resample_arm64.s resample

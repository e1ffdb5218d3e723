//go:build !amd64 && !arm64

package kernel

func applyTransform(t *Transform, args *TransformArgs) { t.applyGeneric(args) }

//go:build !amd64

package kernel

// haveAVX2 is false on every other architecture.
const haveAVX2 = false

package kernel

//go:generate go run ./gen/neon

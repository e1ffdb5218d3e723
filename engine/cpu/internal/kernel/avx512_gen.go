package kernel

//go:generate go run ./gen/avx512 -out avx512_amd64.s -stubs avx512_stubs_amd64.go -pkg kernel

package kernel

//go:generate go run ./gen/winograd -out winograd_amd64.s -stubs winograd_stubs_amd64.go -pkg kernel

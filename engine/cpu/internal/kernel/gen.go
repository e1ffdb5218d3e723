package kernel

//go:generate go run ./gen/tile -out tile_amd64.s -stubs tile_stubs_amd64.go -pkg kernel

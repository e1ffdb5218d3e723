//go:build bookwasm

package bookverb

import _ "embed" // for the library

// Releases are built with the tag bookwasm: internal/release puts these two files,
// which book/site.BuildLive makes, into this folder by go build's flag -overlay.
var (
	//go:embed live/book.wasm.gz
	program []byte
	//go:embed live/wasm_exec.js
	runner []byte
)

// embedded returns the library for the browser.
func embedded() map[string][]byte {
	return map[string][]byte{"book.wasm.gz": program, "wasm_exec.js": runner}
}

//go:build !bookwasm

package bookverb

// embedded returns nil: this program does not have the library for the browser.
func embedded() map[string][]byte { return nil }

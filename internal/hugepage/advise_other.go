//go:build !linux

package hugepage

// advise does nothing: other systems have no such hint, or need none.
func advise([]byte) {}

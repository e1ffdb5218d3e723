//go:build !unix

package compilecache

import "io/fs"

// private trusts the folder: no plugin can be loaded on these platforms.
func private(fs.FileInfo) bool { return true }

//go:build !unix

package atomicfile

// chmodMatters says whether failing to copy permissions is an error. Outside
// Unix they mean little, and not every system can set them.
const chmodMatters = false

// syncDir does nothing: these systems have no way to flush a folder.
func syncDir(string) error { return nil }

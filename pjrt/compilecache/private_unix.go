//go:build unix

package compilecache

import (
	"io/fs"
	"os"
	"syscall"
)

// private reports whether only this user can write to a folder. The superuser may use
// the folders of others.
func private(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	mine := ok && int(stat.Uid) == os.Geteuid() || os.Geteuid() == 0
	return mine && info.Mode().Perm()&0o022 == 0
}

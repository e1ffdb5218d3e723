//go:build linux || darwin || freebsd

package imagecache

import "golang.org/x/sys/unix"

// freeBytes returns what is free for this user on the disk of a folder.
func freeBytes(dir string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true // their types differ between systems
}

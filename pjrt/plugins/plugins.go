// Package plugins finds PJRT plugins, the shared libraries through which programs run
// on accelerators, and says what must be done before one is loaded. It loads nothing
// itself and runs no Python, although pip is how most plugins are installed:
//
//	pip install 'jax[cuda12]'        # NVIDIA: jax-cuda12-pjrt and NVIDIA's libraries
//	pip install libtpu               # Google TPU
//	pip install jax-rocm7-pjrt       # AMD
//	pip install jax-oneapi-pjrt      # Intel
//
// Package [github.com/strideml/stride/pjrt] loads what is found here.
package plugins

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The platforms that [Plugin.Platform] may be.
const (
	CUDA  = "cuda"
	ROCm  = "rocm"
	TPU   = "tpu"
	SYCL  = "sycl" // Intel
	Metal = "metal"
	CPU   = "cpu"
)

// rank orders plugins: what is probably fastest first. A plugin of an unknown platform
// comes between the accelerators and the CPU.
var rank = map[string]int{CUDA: 0, ROCm: 1, TPU: 2, SYCL: 3, Metal: 4, "": 5, CPU: 6}

// A Plugin is the file of a plugin.
type Plugin struct {
	Path     string
	Platform string // guessed from the path; "" if the path does not tell
	Source   string // where it was found, such as "$STRIDE_PJRT"
	Named    bool   // a variable of the environment names the file itself
	// Preload has the shared libraries to load before the plugin, in this order.
	Preload []string
	// Missing has the names of libraries that the plugin needs and that are not among
	// pip's packages. The system may have them.
	Missing []string
	// Options are those with which a client should be made, Flags the options of
	// XLA for compiling, in the types of package pjrt.
	Options, Flags map[string]any
}

// Find returns the plugins of this machine, the preferred ones first: those that
// variables of the environment name, then accelerators before the CPU. It looks at
//
//   - $STRIDE_PJRT, a list of files, separated as in $PATH;
//   - $PJRT_NAMES_AND_LIBRARY_PATHS, JAX's list of name:file,name:file;
//   - $TPU_LIBRARY_PATH, a file;
//   - the packages of Python in $VIRTUAL_ENV, $CONDA_PREFIX, $PYTHONPATH, in the
//     installations that each python3 or python of $PATH belongs to (of pyenv, all
//     versions), and of the user.
//
// A file that a variable names is in the list even if it does not exist, so that
// loading it says so.
func Find() []Plugin { return system().find() }

// Places returns the folders of Python packages that Find looks into, those that exist.
func Places() []string { return system().places() }

// At describes the plugin in the file at path.
func At(path string) Plugin { return system().at(path, "path") }

func (f *finder) places() (paths []string) {
	for _, s := range f.sites() {
		if info, err := os.Stat(s.path); err == nil && info.IsDir() {
			paths = append(paths, s.path)
		}
	}
	return paths
}

// A finder is what the search depends on; tests have one of their own.
type finder struct {
	getenv func(string) string
	goos   string
	root   string // in front of absolute paths; "" outside tests
}

func system() *finder { return &finder{getenv: os.Getenv, goos: goos} }

func (f *finder) find() []Plugin {
	var list []Plugin
	seen := map[string]bool{}
	add := func(path, source string) {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			real = path
		}
		if path != "" && !seen[real] {
			seen[real] = true
			list = append(list, f.at(path, source))
		}
	}
	for _, path := range filepath.SplitList(f.getenv("STRIDE_PJRT")) {
		add(path, "$STRIDE_PJRT")
	}
	for _, entry := range strings.Split(f.getenv("PJRT_NAMES_AND_LIBRARY_PATHS"), ",") {
		if _, path, ok := strings.Cut(entry, ":"); ok && !strings.HasSuffix(path, ".json") {
			add(path, "$PJRT_NAMES_AND_LIBRARY_PATHS")
		}
	}
	add(f.getenv("TPU_LIBRARY_PATH"), "$TPU_LIBRARY_PATH")
	named := len(list)
	for i := range list {
		list[i].Named = true
	}
	for _, site := range f.sites() {
		for _, path := range f.libraries(site.path) {
			add(path, site.source)
		}
	}
	slices.SortStableFunc(list[named:], func(a, b Plugin) int { return cmp.Compare(rank[a.Platform], rank[b.Platform]) })
	return list
}

// libraries returns the files of a folder of Python packages that look like plugins.
func (f *finder) libraries(site string) []string {
	var found []string
	patterns := []string{"jax_plugins/*/*", "xla_plugins/*/*", "libtpu/libtpu*"}
	entries, _ := os.ReadDir(site)
	for _, e := range entries { // packages of one plugin
		if name := e.Name(); strings.Contains(name, "pjrt") && !strings.Contains(name, ".") {
			patterns = append(patterns, name+"/*")
		}
	}
	for _, pattern := range patterns {
		files, _ := filepath.Glob(filepath.Join(escape(site), pattern))
		for _, file := range files {
			if f.isPlugin(filepath.Base(file)) {
				found = append(found, file)
			}
		}
	}
	return found
}

// isPlugin reports whether a file of this name is a plugin: in the folders of plugins
// lie other shared libraries, too, such as Python's extension modules.
func (f *finder) isPlugin(name string) bool {
	ext := filepath.Ext(name)
	if ext != ".so" && (f.goos != "darwin" || ext != ".dylib") || strings.Contains(name, "extension") {
		return false
	}
	return strings.Contains(name, "plugin") || strings.Contains(name, "pjrt") || strings.HasPrefix(name, "libtpu")
}

// escape makes a pattern that matches the path itself.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// words in paths, in this order: a CUDA plugin is also a GPU plugin.
var words = []struct{ word, platform string }{
	{"cuda", CUDA}, {"rocm", ROCm}, {"libtpu", TPU}, {"oneapi", SYCL}, {"xpu", SYCL}, {"sycl", SYCL},
	{"metal", Metal}, {"mps", Metal}, {"mlx", Metal}, {"cpu", CPU},
}

// platform guesses from the name of the file, then from that of its folder.
func platform(path string) string {
	for range 2 {
		name := strings.ToLower(filepath.Base(path))
		for _, w := range words {
			if strings.Contains(name, w.word) {
				return w.platform
			}
		}
		path = filepath.Dir(path)
	}
	return ""
}

// at describes a plugin.
func (f *finder) at(path, source string) Plugin {
	p := Plugin{Path: path, Platform: platform(path), Source: source}
	switch p.Platform {
	case CUDA:
		f.cuda(&p)
	case ROCm:
		p.Options = f.gpuOptions("ROCM")
	case SYCL:
		p.Options = f.gpuOptions("SYCL")
	}
	return p
}

package workers

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/internal/pyworker"
	"github.com/strideml/stride/internal/subprocess"
)

// A rival is an engine in Python: what command line and folders of environments call it,
// what it is called in tables, and which program speaks for it.
type rival struct{ key, engine, script string }

var rivals = []rival{
	{"pytorch", results.PyTorch, "pytorch_worker.py"},
	{"onnxruntime", results.ONNXRuntime, "onnxruntime_worker.py"},
	{"openvino", results.OpenVINO, "openvino_worker.py"},
	{"ncnn", results.NCNN, "ncnn_worker.py"},
	{"mnn", results.MNN, "mnn_worker.py"},
	{"litert", results.LiteRT, "litert_worker.py"},
	{"jax", results.JAX, "jax_worker.py"},
}

// Keys are what the command line calls the rivals.
func Keys() (keys []string) {
	for _, r := range rivals {
		keys = append(keys, r.key)
	}
	return keys
}

// Engine returns the name of the engine with a key.
func Engine(key string) (string, error) {
	i := slices.IndexFunc(rivals, func(r rival) bool { return r.key == key })
	if i < 0 {
		return "", fmt.Errorf("there is no engine %s: want some of %s", key, strings.Join(Keys(), ", "))
	}
	return rivals[i].engine, nil
}

// Pythons say which interpreter runs a rival: Named has those of some keys, Folder a folder
// of environments that are called as the keys; what neither has is run by Default.
type Pythons struct {
	Named   map[string]string
	Folder  string
	Default string
}

func (p Pythons) of(key string) string {
	switch {
	case p.Named[key] != "":
		return p.Named[key]
	case p.Folder != "":
		return filepath.Join(p.Folder, key, "bin", "python")
	}
	return p.Default
}

// Rivals returns the launchers of the rivals with these keys. Their libraries of threads
// are told how many there are before they are loaded.
func Rivals(repository string, pythons Pythons, keys []string, threads int) (list []Launcher) {
	n := strconv.Itoa(threads)
	for _, r := range rivals {
		if !slices.Contains(keys, r.key) {
			continue
		}
		c := pyworker.Command(repository, pythons.of(r.key), "bench/compare/workers/"+r.script)
		c.Env = append(c.Env, "OMP_NUM_THREADS="+n, "OPENBLAS_NUM_THREADS="+n, "MKL_NUM_THREADS="+n)
		list = append(list, Launcher{Engine: r.engine, Command: c, Install: "install it with bench/compare/install.sh " + r.key})
	}
	return list
}

// Self returns the launcher of Stride, which is a program with an argument.
func Self(program, argument string) Launcher {
	return Launcher{Engine: results.Stride, Command: subprocess.Command{Program: program, Args: []string{argument}}}
}

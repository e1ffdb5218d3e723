package plugins

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A tree is a file system for a finder, made of empty files.
type tree struct {
	t    *testing.T
	root string
	env  map[string]string
}

func newTree(t *testing.T, files ...string) *tree {
	if runtime.GOOS == "windows" {
		t.Skip("paths of Unix")
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tr := &tree{t, root, map[string]string{}}
	tr.add(files...)
	return tr
}

func (tr *tree) add(files ...string) {
	tr.t.Helper()
	for _, file := range files {
		path := filepath.Join(tr.root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tr.t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			tr.t.Fatal(err)
		}
	}
}

// link makes a symbolic link.
func (tr *tree) link(from, to string) {
	tr.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(tr.root, from)), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(tr.root, to), filepath.Join(tr.root, from)); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) finder() *finder {
	return &finder{goos: "linux", root: tr.root, getenv: func(name string) string {
		return strings.ReplaceAll(tr.env[name], "ROOT", tr.root)
	}}
}

// found lists what is found as "platform path (source)".
func (tr *tree) found() []string {
	list := []string{}
	for _, p := range tr.finder().find() {
		list = append(list, strings.ReplaceAll(p.Platform+" "+p.Path+" ("+p.Source+")", tr.root, "ROOT"))
	}
	return list
}

func (tr *tree) want(want ...string) {
	tr.t.Helper()
	if d := cmp.Diff(append([]string{}, want...), tr.found()); d != "" {
		tr.t.Error(d)
	}
}

func TestFindNothing(t *testing.T) {
	newTree(t).want()
}

func TestFindNamed(t *testing.T) {
	tr := newTree(t, "b/libtpu.so")
	tr.env["STRIDE_PJRT"] = "ROOT/none/my_plugin.so:ROOT/b/libtpu.so:"
	tr.env["PJRT_NAMES_AND_LIBRARY_PATHS"] = "x:ROOT/c/xla_cuda_plugin.so,y:ROOT/d/config.json"
	tr.env["TPU_LIBRARY_PATH"] = "ROOT/b/libtpu.so"
	tr.want(
		" ROOT/none/my_plugin.so ($STRIDE_PJRT)",
		"tpu ROOT/b/libtpu.so ($STRIDE_PJRT)",
		"cuda ROOT/c/xla_cuda_plugin.so ($PJRT_NAMES_AND_LIBRARY_PATHS)",
	)
}

// TestFindPip has the files that the wheels of November 2026 install.
func TestFindPip(t *testing.T) {
	tr := newTree(t,
		"venv/pyvenv.cfg",
		"venv/bin/python3",
		"venv/lib/python3.9/site-packages/jax_plugins/xla_rocm7/xla_rocm_plugin.so",
		"venv/lib/python3.12/site-packages/jax_plugins/xla_cuda12/__init__.py",
		"venv/lib/python3.12/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so",
		"venv/lib/python3.12/site-packages/jax_plugins/intel_extension_for_openxla/pjrt_plugin_xpu.so",
		"venv/lib/python3.12/site-packages/jax_plugins/intel_extension_for_openxla/python/xpu_plugin_extension.so",
		"venv/lib/python3.12/site-packages/jax_plugins/xla_oneapi/xla_oneapi_plugin.so",
		"venv/lib/python3.12/site-packages/jax_cuda12_plugin/cuda_plugin_extension.so",
		"venv/lib/python3.12/site-packages/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
		"venv/lib/python3.12/site-packages/lammps_jax_pjrt_cpu-0.11.2.dist-info/RECORD",
		"venv/lib/python3.12/site-packages/libtpu/libtpu.so",
		"venv/lib/python3.12/site-packages/libtpu/sdk.so",
		"venv/lib/python3.12/site-packages/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
		"venv/lib/python3.12/site-packages/xla_plugins/xla_cpu_pjrt/include/pjrt_c_api.h",
		"home/.local/lib/python3.11/site-packages/jax_plugins/mine/pjrt_plugin_mine.so",
	)
	tr.env["VIRTUAL_ENV"] = "ROOT/venv"
	tr.env["PATH"] = "ROOT/venv/bin:ROOT/usr/bin"
	tr.env["HOME"] = "ROOT/home"
	const site = "ROOT/venv/lib/python3.12/site-packages/"
	tr.want(
		"cuda "+site+"jax_plugins/xla_cuda12/xla_cuda_plugin.so ($VIRTUAL_ENV)",
		"rocm ROOT/venv/lib/python3.9/site-packages/jax_plugins/xla_rocm7/xla_rocm_plugin.so ($VIRTUAL_ENV)",
		"tpu "+site+"libtpu/libtpu.so ($VIRTUAL_ENV)",
		"sycl "+site+"jax_plugins/intel_extension_for_openxla/pjrt_plugin_xpu.so ($VIRTUAL_ENV)",
		"sycl "+site+"jax_plugins/xla_oneapi/xla_oneapi_plugin.so ($VIRTUAL_ENV)",
		" ROOT/home/.local/lib/python3.11/site-packages/jax_plugins/mine/pjrt_plugin_mine.so (packages of the user)",
		"cpu "+site+"xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so ($VIRTUAL_ENV)",
		"cpu "+site+"lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so ($VIRTUAL_ENV)",
	)
	// The variable adds no second entry for the same file, but its place.
	tr.env["STRIDE_PJRT"] = site + "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so"
	if got := tr.found(); len(got) != 8 || got[0] != "cpu "+site+"xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so ($STRIDE_PJRT)" {
		t.Error(got)
	}
}

// TestFindPython follows the python3 of $PATH.
func TestFindPython(t *testing.T) {
	const plugin = "/jax_plugins/xla_cuda13/xla_cuda_plugin.so"
	tr := newTree(t, "opt/python/bin/python3.13", "opt/python/lib/python3.13/site-packages"+plugin)
	tr.link("bin/python3", "opt/python/bin/python3.13")
	tr.env["PATH"] = "ROOT/none:ROOT/bin"
	tr.want("cuda ROOT/opt/python/lib/python3.13/site-packages" + plugin + " (ROOT/bin/python3)")

	// A virtual environment hides the installation that it was made of.
	tr.add("v/pyvenv.cfg", "v/lib/python3.13/site-packages/libtpu/libtpu.so")
	tr.link("v/bin/python3", "opt/python/bin/python3.13")
	tr.env["PATH"] = "ROOT/v/bin"
	tr.want("tpu ROOT/v/lib/python3.13/site-packages/libtpu/libtpu.so (ROOT/v/bin/python3)")

	// The second Python of $PATH counts, too.
	tr.env["PATH"] = "ROOT/v/bin:ROOT/bin"
	tr.want("cuda ROOT/opt/python/lib/python3.13/site-packages"+plugin+" (ROOT/bin/python3)",
		"tpu ROOT/v/lib/python3.13/site-packages/libtpu/libtpu.so (ROOT/v/bin/python3)")

	// Of pyenv the version that the user has chosen comes first.
	pyenv := newTree(t, "pyenv/shims/python3",
		"pyenv/versions/3.10.1/lib/python3.10/site-packages"+plugin, "pyenv/versions/3.12.0/lib/python3.12/site-packages"+plugin)
	pyenv.env["PATH"] = "ROOT/pyenv/shims"
	first, second := "cuda ROOT/pyenv/versions/3.10.1/lib/python3.10/site-packages"+plugin, "cuda ROOT/pyenv/versions/3.12.0/lib/python3.12/site-packages"+plugin
	pyenv.want(first+" (ROOT/pyenv/shims/python3)", second+" (ROOT/pyenv/shims/python3)")
	pyenv.env["PYENV_VERSION"] = "3.12.0"
	pyenv.want(second+" (ROOT/pyenv/shims/python3)", first+" (ROOT/pyenv/shims/python3)")

	debian := newTree(t, "usr/bin/python3", "usr/local/lib/python3.11/dist-packages"+plugin)
	debian.env["PATH"] = "ROOT/usr/bin"
	debian.want("cuda ROOT/usr/local/lib/python3.11/dist-packages" + plugin + " (ROOT/usr/bin/python3)")
}

func TestCUDA(t *testing.T) {
	tr := newTree(t,
		"[v]/lib/python3.12/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so",
		"[v]/lib/python3.12/site-packages/nvidia/cudnn/lib/libcudnn.so.9",
		"[v]/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12",
		"other/nvidia/nccl/lib/libnccl.so.2",
		"other/nvidia/cuda_nvcc/bin/ptxas",
	)
	tr.env["VIRTUAL_ENV"] = "ROOT/[v]"
	tr.env["PYTHONPATH"] = "ROOT/other"
	found := tr.finder().find()
	if len(found) != 1 {
		t.Fatal(found)
	}
	p := found[0]
	site := tr.root + "/[v]/lib/python3.12/site-packages/nvidia/"
	want := Plugin{
		Path: p.Path, Platform: CUDA, Source: "$VIRTUAL_ENV",
		Preload: []string{site + "cublas/lib/libcublas.so.12", tr.root + "/other/nvidia/nccl/lib/libnccl.so.2", site + "cudnn/lib/libcudnn.so.9"},
		Missing: []string{
			"libcudart.so.12", "libnvrtc.so.12", "libnvJitLink.so.12", "libcublasLt.so.12", "libcupti.so.12",
			"libcusparse.so.12", "libcusolver.so.11", "libcufft.so.11", "libnvshmem_host.so.3",
		},
		Options: map[string]any{"platform_name": "cuda", "preallocate": false},
		Flags:   map[string]any{"xla_gpu_cuda_data_dir": tr.root + "/other/nvidia/cuda_nvcc"},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
	tr.env["CUDA_ROOT"] = "/usr/local/cuda"
	tr.env["XLA_PYTHON_CLIENT_PREALLOCATE"] = "true"
	tr.env["XLA_PYTHON_CLIENT_ALLOCATOR"] = "PLATFORM"
	tr.env["XLA_CLIENT_MEM_FRACTION"] = ".5"
	p = tr.finder().find()[0]
	want.Options = map[string]any{"platform_name": "cuda", "preallocate": true, "allocator": "platform", "memory_fraction": float32(0.5)}
	want.Flags = map[string]any{"xla_gpu_cuda_data_dir": "/usr/local/cuda"}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
}

func TestHardware(t *testing.T) {
	tr := newTree(t)
	for platform, want := range map[string]bool{CUDA: false, ROCm: false, TPU: false, SYCL: false, CPU: true, Metal: true, "": true} {
		if got := tr.finder().hardware(platform); got != want {
			t.Errorf("nothing: %s: %v", platform, got)
		}
	}
	tr.add("dev/nvidiactl", "dev/kfd", "dev/dri/renderD128", "dev/accel0", "sys/bus/pci/devices/0000:00:04.0/vendor")
	for platform, want := range map[string]bool{CUDA: true, ROCm: true, TPU: false, SYCL: true} {
		if got := tr.finder().hardware(platform); got != want {
			t.Errorf("%s: %v", platform, got)
		}
	}
	if err := os.WriteFile(filepath.Join(tr.root, "sys/bus/pci/devices/0000:00:04.0/vendor"), []byte("0x1ae0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !tr.finder().hardware(TPU) {
		t.Error("no TPU")
	}
}

func TestPlatform(t *testing.T) {
	for path, want := range map[string]string{
		"/x/xla_cuda_plugin.so": CUDA, "/x/pjrt_c_api_gpu_plugin.so": "", "/cuda/pjrt_c_api_gpu_plugin.so": CUDA,
		"/x/jax_metal_plugin/pjrt_plugin_metal_14.dylib": Metal, "/gpu/cpu/libpjrt.so": CPU, "plugin.so": "",
	} {
		if got := At(path).Platform; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

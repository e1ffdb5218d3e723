package plugins

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// nvidia lists, by the major version of CUDA, the libraries that a CUDA plugin loads
// while it runs, and the folders of NVIDIA's packages that have them. The plugin asks
// the dynamic linker for them by name, so whoever loads them first decides which ones
// it gets. (That is what JAX does in jax_plugins/xla_cuda12/__init__.py.)
var nvidia = map[string][]struct{ folder, library string }{
	"12": {
		{"cuda_runtime", "libcudart.so.12"},
		{"cuda_nvrtc", "libnvrtc.so.12"}, // for cuDNN
		{"nvjitlink", "libnvJitLink.so.12"},
		{"cublas", "libcublasLt.so.12"},
		{"cublas", "libcublas.so.12"},
		{"nccl", "libnccl.so.2"},
		{"cuda_cupti", "libcupti.so.12"},
		{"cusparse", "libcusparse.so.12"},
		{"cusolver", "libcusolver.so.11"},
		{"cufft", "libcufft.so.11"},
		{"nvshmem", "libnvshmem_host.so.3"},
		{"cudnn", "libcudnn.so.9"},
	},
	"13": {
		{"cu13", "libcudart.so.13"},
		{"cu13", "libnvrtc.so.13"},
		{"cu13", "libnvJitLink.so.13"},
		{"cu13", "libcublasLt.so.13"},
		{"cu13", "libcublas.so.13"},
		{"nccl", "libnccl.so.2"},
		{"cu13", "libcupti.so.13"},
		{"cu13", "libcusparse.so.12"},
		{"cu13", "libcusolver.so.12"},
		{"cu13", "libcufft.so.12"},
		{"nvshmem", "libnvshmem_host.so.3"},
		{"cudnn", "libcudnn.so.9"},
	},
}

// cuda completes the description of a CUDA plugin: NVIDIA's libraries from the same
// folder of packages or another one, and the folder with ptxas and libdevice.
func (f *finder) cuda(p *Plugin) {
	p.Options = f.gpuOptions("cuda")
	version := "12"
	if strings.Contains(p.Path, "cuda13") {
		version = "13"
	}
	// …/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so
	folders := []string{filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(p.Path))), "nvidia")}
	for _, s := range f.sites() {
		folders = append(folders, filepath.Join(s.path, "nvidia"))
	}
	for _, l := range nvidia[version] {
		if file := first(folders, filepath.Join(l.folder, "lib", l.library)); file != "" {
			p.Preload = append(p.Preload, file)
		} else {
			p.Missing = append(p.Missing, l.library)
		}
	}
	data := f.getenv("CUDA_ROOT")
	if data == "" {
		tools := map[string]string{"12": "cuda_nvcc", "13": "cu13"}[version]
		if ptxas := first(folders, filepath.Join(tools, "bin", "ptxas")); ptxas != "" {
			data = filepath.Dir(filepath.Dir(ptxas))
		}
	}
	if data != "" {
		p.Flags = map[string]any{"xla_gpu_cuda_data_dir": data}
	}
}

// first returns the first file that exists among folder/name for the folders.
func first(folders []string, name string) string {
	for _, folder := range folders {
		file := filepath.Join(folder, name)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// gpuOptions are those of a client of a GPU. The memory of the device is taken as it
// is needed, so that other programs can use the same GPU; JAX takes 75 % at once. The
// variables are JAX's.
func (f *finder) gpuOptions(platform string) map[string]any {
	options := map[string]any{"platform_name": platform, "preallocate": false}
	if s := f.getenv("XLA_PYTHON_CLIENT_PREALLOCATE"); s != "" {
		options["preallocate"] = s != "false" && s != "False" && s != "0"
	}
	if s := f.getenv("XLA_PYTHON_CLIENT_ALLOCATOR"); s != "" {
		options["allocator"] = strings.ToLower(s)
	}
	for _, name := range []string{"XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_CLIENT_MEM_FRACTION"} {
		if x, err := strconv.ParseFloat(f.getenv(name), 32); err == nil {
			options["memory_fraction"] = float32(x)
		}
	}
	return options
}

// Hardware reports whether the machine seems to have a device of the plugin's platform.
// It looks at files of the system only; what it says of a platform it does not know is
// true. Loading a plugin without its device is harmless, except that libtpu then waits
// for minutes for a metadata server.
func (p Plugin) Hardware() bool { return system().hardware(p.Platform) }

func (f *finder) hardware(platform string) bool {
	if f.goos != "linux" {
		return true
	}
	exists := func(paths ...string) bool {
		for _, path := range paths {
			if found, _ := filepath.Glob(f.root + path); len(found) > 0 {
				return true
			}
		}
		return false
	}
	const wsl = "/dev/dxg" // GPUs under Windows
	switch platform {
	case CUDA:
		return exists("/dev/nvidia0", "/dev/nvidiactl", wsl)
	case ROCm:
		return exists("/dev/kfd", wsl)
	case SYCL:
		return exists("/dev/dri/render*", wsl)
	case TPU:
		return exists("/dev/accel*", "/dev/vfio/[0-9]*") && f.pci("0x1ae0") // Google's vendor ID
	}
	return true
}

// pci reports whether a device of the vendor is on the bus.
func (f *finder) pci(vendor string) bool {
	files, _ := filepath.Glob(f.root + "/sys/bus/pci/devices/*/vendor")
	for _, file := range files {
		if id, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(id)) == vendor {
			return true
		}
	}
	return false
}

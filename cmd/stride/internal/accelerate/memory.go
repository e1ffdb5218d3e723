package accelerate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/strideml/stride/internal/atomicfile"
)

// A memory remembers, in a folder, which plugins have worked in a process of their own, so
// that the next process that needs one loads it at once. What it knows of a plugin is
// dropped when the file, the machine or variables of the environment have changed, and
// after a process that trusted it has ended while it loaded the plugin.
//
// It only saves time: whatever fails here, the plugin is tried once more.
type memory struct {
	dir string // "" remembers nothing
}

// userMemory is that in the user's cache folder.
func userMemory() memory {
	dir, err := os.UserCacheDir()
	if err != nil {
		return memory{}
	}
	return memory{filepath.Join(dir, "stride", "plugins")}
}

// A remembered is what is known of a plugin that has worked, as JSON.
type remembered struct {
	Identity string `json:"identity"`
	Platform string `json:"platform"`
}

// markerExtension begins the end of the name of a marker: a file that is there while a process,
// whose number follows, loads a plugin.
const markerExtension = ".loading-"

// base is the path of a plugin's file without an extension. Machines that share a folder have
// files of their own.
func (m memory) base(path string) string {
	host, _ := os.Hostname()
	sum := sha256.Sum256([]byte(host + "\n" + realPath(path)))
	return filepath.Join(m.dir, hex.EncodeToString(sum[:16]))
}

func (m memory) file(path string) string { return m.base(path) + ".json" }

func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	return path
}

// recall returns the platform of a plugin that has worked. known is false if it must be tried.
func (m memory) recall(path string) (platform string, known bool) {
	if m.dir == "" {
		return "", false
	}
	if m.crashed(path) {
		m.forget(path)
		return "", false
	}
	text, err := os.ReadFile(m.file(path))
	if err != nil {
		return "", false
	}
	var r remembered
	if err := json.Unmarshal(text, &r); err != nil {
		return "", false
	}
	identity, err := identityOf(path)
	return r.Platform, err == nil && r.Identity == identity
}

// keep remembers that a plugin has worked.
func (m memory) keep(path, platform string) {
	identity, err := identityOf(path)
	if m.dir == "" || err != nil {
		return
	}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return
	}
	_ = atomicfile.WriteFile(m.file(path), func(w io.Writer) error { // it is tried once more then
		return json.NewEncoder(w).Encode(remembered{identity, platform})
	})
}

// forget drops what is known of a plugin.
func (m memory) forget(path string) {
	if m.dir == "" {
		return
	}
	_ = os.Remove(m.file(path)) // often there is none
	for _, marker := range m.markers(path) {
		if !alive(marker) {
			_ = os.Remove(marker)
		}
	}
}

// begin marks that this process loads a plugin, until done is called. A process that ends
// before that has crashed.
func (m memory) begin(path string) (done func()) {
	if m.dir == "" {
		return func() {}
	}
	marker := m.base(path) + markerExtension + strconv.Itoa(os.Getpid())
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		return func() {}
	}
	return func() { _ = os.Remove(marker) } // at worst the plugin is tried once more
}

// crashed reports whether a process has ended while it loaded the plugin.
func (m memory) crashed(path string) bool {
	return slices.ContainsFunc(m.markers(path), func(marker string) bool { return !alive(marker) })
}

func (m memory) markers(path string) []string {
	list, _ := filepath.Glob(m.base(path) + markerExtension + "*") // the folder's name may be no pattern: there are none then
	return list
}

// alive reports whether the process that made a marker still runs.
func alive(marker string) bool {
	_, number, _ := strings.Cut(filepath.Base(marker), markerExtension)
	pid, err := strconv.Atoi(number)
	if err != nil {
		return false
	}
	process, err := os.FindProcess(pid)
	return err == nil && !errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// identityOf changes when the plugin may behave in another way: with its file, with a start of
// the machine, since drivers are loaded then, and with the variables that drivers and XLA read.
func identityOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // Linux alone has it
	h := sha256.New()
	fmt.Fprintf(h, "%d %d\n%s\n", info.Size(), info.ModTime().UnixNano(), boot)
	variables := os.Environ()
	slices.Sort(variables)
	for _, v := range variables {
		for _, prefix := range []string{"LD_LIBRARY_PATH", "XLA_", "TF_", "JAX_", "CUDA_", "NVIDIA_", "ROCR_", "HIP_", "TPU_", "ONEAPI_", "ZE_"} {
			if strings.HasPrefix(v, prefix) {
				fmt.Fprintf(h, "%q\n", v)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

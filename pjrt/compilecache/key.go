package compilecache

import (
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/strideml/stride/pjrt"
)

// programKey is the same for programs that are compiled to the same code.
func programKey(client *pjrt.Client, module string, options pjrt.CompileOptions) (key [sha256.Size]byte, err error) {
	marshalled, err := options.Marshal()
	if err != nil {
		return key, err
	}
	plugin := client.Plugin()
	// A build of a plugin has no name. Its size and the time at which it was installed
	// tell builds apart well enough, and reading half a gigabyte would take too long.
	file, err := os.Stat(plugin.Path())
	if err != nil {
		return key, err
	}
	h := sha256.New()
	for _, part := range []string{
		plugin.Version().String(), fmt.Sprint(file.Size(), file.ModTime().UnixNano()),
		client.Platform(), client.PlatformVersion(), kinds(client), host(client.Platform()),
		os.Getenv("XLA_FLAGS"), string(marshalled), module,
	} {
		// With lengths, so that no two lists of parts are the same bytes.
		fmt.Fprintf(h, "%d\n%s\n", len(part), part)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// kinds describes the devices of the client.
func kinds(client *pjrt.Client) string {
	var list []string
	for _, d := range client.Devices() {
		list = append(list, fmt.Sprint(d.ID, " ", d.Kind))
	}
	return strings.Join(list, "\n")
}

// host describes the processor, if programs for the platform run on it: a home folder
// may be shared by machines with different ones.
func host(platform string) string {
	if platform != "cpu" {
		return ""
	}
	return runtime.GOARCH + "\n" + processor()
}

// processor is the model of the processor and what it can do, or the name of the
// machine where that is not known.
var processor = sync.OnceValue(func() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		name, _ := os.Hostname()
		return name
	}
	return fromCPUInfo(string(info))
})

// fromCPUInfo keeps the lines of the first processor in /proc/cpuinfo that say what
// code it can run.
func fromCPUInfo(info string) string {
	first, _, _ := strings.Cut(info, "\n\n")
	var lines []string
	for line := range strings.Lines(first) {
		name, _, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(name) {
		case "vendor_id", "cpu family", "model", "model name", "flags", "Features", "CPU implementer", "CPU part":
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

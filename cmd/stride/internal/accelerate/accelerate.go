// Package accelerate has the engines that the program was built with beside those for
// the CPU: engine/xla with the build tag xla. Without the tag the program is static and
// the package says how to get one that has it.
package accelerate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/built"
	"github.com/strideml/stride/engine"
)

// ErrNotBuilt says that the program was built without an engine.
var ErrNotBuilt = built.Without("XLA", "xla")

// Options says which devices to open.
type Options struct {
	// Plugin is the file of a plugin; "" finds one.
	Plugin string
	// Devices are the numbers of the devices in the order of the plugin, from 0; nil is the
	// first, and All all of them.
	Devices []int
	All     bool
	// Math is "strict", "fast" or "bf16".
	Math string
}

// A Device is an engine that is closed after use.
type Device interface {
	engine.Device
	Close() error
}

// A Plugin is what is known of a plugin, as JSON.
type Plugin struct {
	Path            string  `json:"plugin"`
	Source          string  `json:"source,omitempty"`
	Version         string  `json:"pjrt,omitempty"`
	Platform        string  `json:"platform,omitempty"`
	PlatformVersion string  `json:"platform_version,omitempty"`
	Devices         []Found `json:"devices,omitempty"`
	// Error says why there are no devices, or why they are of no use.
	Error string `json:"error,omitempty"`
}

// A Found is a device of a plugin.
type Found struct {
	Number int    `json:"number"`
	Kind   string `json:"kind"`
	// TotalBytes is the memory that may be used, and FreeBytes what of it is not in use; both
	// are 0 where the plugin does not say.
	TotalBytes int64 `json:"memory_bytes,omitempty"`
	FreeBytes  int64 `json:"free_bytes,omitempty"`
}

// probeTime is how long a plugin may take to load and to run a small program.
var probeTime = 60 * time.Second

// ProbeFlag is the flag of "stride devices" that prints what probe returns, as JSON.
const ProbeFlag = "probe"

// Inspect returns what is known of a plugin once it is loaded, and whether its first device
// computes right. That is done by another process: a plugin may crash or hang.
func Inspect(ctx context.Context, path, source string) Plugin {
	p, err := inspect(ctx, path)
	if err != nil {
		p = Plugin{Error: err.Error()}
	}
	p.Path, p.Source = path, source
	return p
}

func inspect(parent context.Context, path string) (p Plugin, err error) {
	self, err := os.Executable()
	if err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(parent, probeTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "devices", "--"+ProbeFlag, path)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var ended *exec.ExitError
	switch {
	case parent.Err() != nil:
		return p, context.Cause(parent)
	case ctx.Err() != nil:
		return p, fmt.Errorf("the plugin did not answer within %v", probeTime)
	case errors.As(err, &ended):
		return p, fmt.Errorf("loading the plugin ended the process (%v): %s", ended, firstLine(string(ended.Stderr)))
	case err != nil:
		return p, err
	}
	if err := json.Unmarshal(out, &p); err != nil {
		return p, fmt.Errorf("the process that loaded the plugin printed no report: %w", err)
	}
	return p, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

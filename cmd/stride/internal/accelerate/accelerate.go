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
	"regexp"
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
	// Notice, if not nil, is told that a plugin which this program does not know is being tried,
	// if that takes long.
	Notice func(line string)
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

// probeTime is how long a plugin may take to load and to run a small program, where nobody has
// asked for it.
var probeTime = 60 * time.Second

// noticeAfter is how long a plugin is tried in silence.
var noticeAfter = 3 * time.Second

// ProbeFlag is the flag of "stride devices" that prints what probe returns, as JSON.
const ProbeFlag = "probe"

// Inspect returns what is known of a plugin once it is loaded, and whether its first device
// computes right. That is done by another process: a plugin may crash or hang.
func Inspect(ctx context.Context, path, source string) Plugin {
	return inspect(ctx, path, source, probeTime)
}

// try returns the platform of a plugin that this process is about to load. Unless the user's
// memory knows that it has worked, another process loads it first.
func try(ctx context.Context, path string, limit time.Duration, notice func(line string)) (platform string, err error) {
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the plugin: %w", err)
	}
	if platform, known := userMemory().recall(path); known {
		return platform, nil
	}
	if notice != nil {
		timer := time.AfterFunc(noticeAfter, func() {
			notice("trying the plugin " + path + " in a process of its own, since it is new or has changed")
		})
		defer timer.Stop()
	}
	p := inspect(ctx, path, "", limit)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case p.Error != "":
		return "", fmt.Errorf("the plugin %s cannot be used: %s", path, p.Error)
	}
	return p.Platform, nil
}

// inspect is Inspect with a limit. The user's memory gets the result.
func inspect(ctx context.Context, path, source string, limit time.Duration) Plugin {
	p, err := inspectApart(ctx, path, limit)
	if err != nil {
		p = Plugin{Error: err.Error()}
	}
	p.Path, p.Source = path, source
	if p.Error == "" {
		userMemory().keep(path, p.Platform)
	} else {
		userMemory().forget(path)
	}
	return p
}

// inspectApart asks another process.
func inspectApart(parent context.Context, path string, limit time.Duration) (p Plugin, err error) {
	self, err := os.Executable()
	if err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "devices", "--"+ProbeFlag, path)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var ended *exec.ExitError
	switch {
	case parent.Err() != nil:
		return p, context.Cause(parent)
	case ctx.Err() != nil:
		return p, fmt.Errorf("it did not answer within %v", limit)
	case errors.As(err, &ended):
		said := lastWords(string(ended.Stderr))
		if said != "" {
			said = ": " + said
		}
		return p, fmt.Errorf("it ends the process that loads it (%v)%s", ended, said)
	case err != nil:
		return p, err
	case len(out) == 0:
		return p, errors.New("it ends the process that loads it (exit status 0)")
	}
	if err := json.Unmarshal(out, &p); err != nil {
		return p, fmt.Errorf("the process that loaded it printed no report: %w", err)
	}
	return p, nil
}

// Lines of Abseil's log, in which XLA writes: those that are not of a fatal error, and what is
// before the text of one.
var (
	logLine   = regexp.MustCompile(`^([IWE]\d{4} |WARNING: All log messages before absl)`)
	fatalHead = regexp.MustCompile(`^F\d{4} \S+ +\d+ [^ ]+\] `)
)

// lastWords returns the line of what a process wrote before it ended that says why.
func lastWords(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !logLine.MatchString(line) {
			return fatalHead.ReplaceAllString(line, "")
		}
	}
	return firstLine(text)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

package command

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/strideml/stride/engine/cpu"
)

// version is that of a release; the linker sets it (internal/release).
var version string

// versionInfo says what this program is.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Engine   string `json:"engine"`
	// Tags are the build tags of what is not in every program: xla, mpi.
	Tags []string `json:"tags,omitempty"`
}

// NewVersion returns what this program is.
func NewVersion() versionInfo {
	device := cpu.New(cpu.Options{})
	defer device.Close()
	v := versionInfo{Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Engine: device.Description()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	switch {
	case version != "":
		v.Version = version
	case info.Main.Version != "":
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		case "-tags":
			for tag := range strings.SplitSeq(s.Value, ",") {
				if tag == "xla" || tag == "mpi" {
					v.Tags = append(v.Tags, tag)
				}
			}
		}
	}
	return v
}

// String is one line.
func (v versionInfo) String() string { return v.Program() + ", " + v.Engine }

// Program is String without what depends on the machine.
func (v versionInfo) Program() string {
	s := "stride " + v.Version
	if v.Revision != "" {
		s += ", revision " + v.Revision[:min(12, len(v.Revision))]
		if v.Modified {
			s += " with changes"
		}
	}
	s = fmt.Sprintf("%s, %s, %s", s, v.Go, v.Platform)
	if len(v.Tags) > 0 {
		s += ", with " + strings.Join(v.Tags, " and ")
	}
	return s
}

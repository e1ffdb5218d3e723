package xla

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/strideml/stride/pjrt/plugins"
)

func TestFirstUsable(t *testing.T) {
	cpu := plugins.Plugin{Path: "cpu.so", Platform: plugins.CPU}
	// No machine of a test has this TPU.
	tpu := plugins.Plugin{Path: "libtpu.so", Platform: plugins.TPU}
	named := tpu
	named.Named = true
	if runtime.GOOS == "linux" && !tpu.Hardware() {
		if p, err := firstUsable([]plugins.Plugin{tpu, cpu}, nil); err != nil || p.Path != "cpu.so" {
			t.Errorf("%v, %v", p, err)
		}
		_, err := firstUsable([]plugins.Plugin{tpu}, nil)
		if !errors.Is(err, ErrNoPlugin) || !strings.Contains(err.Error(), "libtpu.so is for tpu, and this machine has no such device") {
			t.Error(err)
		}
	}
	if p, err := firstUsable([]plugins.Plugin{named, cpu}, nil); err != nil || p.Path != "libtpu.so" {
		t.Errorf("%v, %v", p, err)
	}
	_, err := firstUsable(nil, []string{"/usr/lib/python3/dist-packages"})
	if !errors.Is(err, ErrNoPlugin) || !strings.Contains(err.Error(), "none in /usr/lib/python3/dist-packages; pip installs them") {
		t.Error(err)
	}
	_, err = firstUsable(nil, []string{"a", "b", "c", "d", "e"})
	if err == nil || !strings.Contains(err.Error(), "none in a, b, c and 2 more folders of Python packages;") {
		t.Error(err)
	}
	if _, err := firstUsable(nil, nil); err == nil || !strings.Contains(err.Error(), "there is no Python") {
		t.Error(err)
	}
}

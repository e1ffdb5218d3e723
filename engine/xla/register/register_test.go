package register

import (
	"errors"
	"os"
	"testing"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/engine/accelerator"
	"github.com/strideml/stride/engine/xla"
	"github.com/strideml/stride/pjrt/plugins"
)

// named returns a driver of the plugin that $STRIDE_PJRT names, or skips the test.
func named(t *testing.T) *driver {
	t.Helper()
	if os.Getenv("STRIDE_PJRT") == "" {
		t.Skip("$STRIDE_PJRT names no plugin")
	}
	return &driver{find: xla.FindPlugin}
}

// The book's try_gpu finds the devices of a plugin.
func TestTryGPU(t *testing.T) {
	named(t)
	d := d2l.TryGPU(0)
	x, ok := d.(*xla.Device)
	if !ok {
		_, err := accelerator.Open(0)
		t.Fatalf("TryGPU(0) is %s: %v", d.Name(), err)
	}
	if x.Platform() == "" || d2l.TryGPU(0) != d {
		t.Errorf("TryGPU(0) is %s, then %v", x.Platform(), d2l.TryGPU(0))
	}
	n, err := accelerator.Count()
	if all := d2l.TryAllGPUs(); err != nil || len(all) != n || all[0] != d {
		t.Errorf("TryAllGPUs has %d of %d devices, %v", len(all), n, err)
	}
	if d2l.TryGPU(n).Name() != "cpu" || d2l.TryGPU(-1).Name() != "cpu" {
		t.Errorf("devices %d and -1 are %s and %s", n, d2l.TryGPU(n).Name(), d2l.TryGPU(-1).Name())
	}
}

// A plugin for CPUs counts only if it is named.
func TestCPUIsNoAccelerator(t *testing.T) {
	named(t)
	path := os.Getenv("STRIDE_PJRT")
	for _, platform := range []string{plugins.CPU, ""} { // the second is seen when it is loaded
		d := &driver{find: func() (plugins.Plugin, error) { return plugins.Plugin{Path: path, Platform: platform}, nil }}
		n, err := d.Count()
		if found, _ := xla.FindPlugin(); found.Platform != plugins.CPU {
			t.Skip("the plugin is for " + found.Platform)
		}
		if n != 0 || err != nil {
			t.Errorf("platform %q: %d devices, %v", platform, n, err)
		}
	}
	if _, err := new(driver).Open(0); err == nil {
		t.Error("a device that there is not is opened")
	}
}

func TestCountErrors(t *testing.T) {
	broken := errors.New("the fan is broken")
	for _, c := range []struct {
		found plugins.Plugin
		err   error
		fails bool
	}{
		{err: xla.ErrNoPlugin},
		{err: broken, fails: true},
		{found: plugins.Plugin{Path: "missing.so", Named: true}, fails: true},
	} {
		d := &driver{find: func() (plugins.Plugin, error) { return c.found, c.err }}
		if n, err := d.Count(); n != 0 || (err != nil) != c.fails {
			t.Errorf("%+v: %d, %v", c, n, err)
		}
	}
}

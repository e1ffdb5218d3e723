package xla

import (
	"os"
	"testing"

	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/pjrt"
)

// newTestDevice returns a device of the plugin that STRIDE_PJRT names, of which the CPU
// stands for four devices. Without a plugin the test is skipped.
func newTestDevice(t testing.TB, o Options) *Device {
	t.Helper()
	if os.Getenv("STRIDE_PJRT") == "" {
		t.Skip("STRIDE_PJRT does not name a PJRT plugin")
	}
	if o.Client == nil && o.Count > 1 {
		o.Client = pjrt.Values{"cpu_device_count": 4}
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestConformance(t *testing.T) { enginetest.Run(t, newTestDevice(t, Options{})) }

func TestGolden(t *testing.T) { enginetest.Golden(t, newTestDevice(t, Options{})) }

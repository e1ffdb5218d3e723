package cpu

import (
	"testing"
	"time"
)

func TestMeasureKernels(t *testing.T) {
	d := time.Millisecond
	if testing.Verbose() {
		d = 300 * time.Millisecond
	}
	ms, err := MeasureKernels(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ms {
		t.Logf("%-40s %7.1f GFLOP/s  %5.1f %%", m.Name, m.GFLOPS, 100*m.Share)
		if !(m.GFLOPS > 0) {
			t.Errorf("%s: rate %v", m.Name, m.GFLOPS)
		}
	}
}

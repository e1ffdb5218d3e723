package main

import (
	"math"
	"testing"
)

// The model agrees with the committed measurements, none of which it was fitted on but those
// of one rank alone.
func TestModelAgrees(t *testing.T) {
	m, err := load("../results")
	if err != nil {
		t.Fatal(err)
	}
	predicted := 0
	for _, c := range m.comparisons {
		d := c.predicted/c.Step - 1
		if c.longDelay() {
			if d > 0.15 {
				t.Errorf("%s, delay %s, %d ranks: %.1f ms are no lower bound of %.1f ms", c.Rate, c.Delay, c.Ranks, 1e3*c.predicted, 1e3*c.Step)
			}
			continue
		}
		predicted++
		if math.Abs(d) > 0.15 {
			t.Errorf("%s, delay %s, %d ranks: measured %.1f ms, model %.1f ms: %+.0f %%", c.Rate, c.Delay, c.Ranks, 1e3*c.Step, 1e3*c.predicted, 100*d)
		}
	}
	if predicted < 9 {
		t.Errorf("only %d measurements", predicted)
	}
}

func TestSum(t *testing.T) {
	plain := transport{Eager: 1, Rendezvous: 3}
	for _, test := range []struct {
		bytes float64
		ranks int
		want  float64
	}{
		{1e6, 1, 0},
		{1000, 2, 1e-3 + 1000*8e-8},       // short: all to all
		{100e3, 2, 2e-3 + 100e3*8e-8},     // two ways, short messages
		{10e6, 2, 6e-3 + 10e6*8e-8},       // long messages
		{10e6, 4, 6e-3 + 1.5*10e6*8e-8},   // more ranks: nearly twice the bytes
		{1000, 33, 2*1e-3 + 32*1000*8e-8}, // in rounds
	} {
		if got := plain.sum(test.bytes, test.ranks, network{Bits: 100e6, Delay: 1e-3, Frame: 1448}); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%.0f bytes, %d ranks: %v s instead of %v", test.bytes, test.ranks, got, test.want)
		}
	}
}

func TestStep(t *testing.T) {
	n := network{Bits: 8e9, Frame: 1448} // a byte a nanosecond
	c := computation{1, []bucket{{4e8, 0.1}, {4e8, 0.2}, {4e8, 0.9}}}
	tr := transport{}
	if got := tr.step(c, 1, n); got != 1 {
		t.Errorf("one rank: %v", got)
	}
	// 0.1–0.5, 0.5–0.9, 0.9–1.3: the third has to wait for nobody.
	if got := tr.step(c, 2, n); math.Abs(got-1.3) > 1e-9 {
		t.Errorf("two ranks: %v", got)
	}
	if got := tr.step(c, 2, network{Bits: 8e10, Frame: 1448}); math.Abs(got-1) > 1e-9 {
		t.Errorf("a fast network: %v", got)
	}
}

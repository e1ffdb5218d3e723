package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	rows := []row{
		{
			what: "LeNet, training, batch 64", batch: 64, differs: 2.4e-6,
			seconds: map[string][]float64{"cpu": {0.001, 0.002, 0.003}, "xla": {0.004, 0.004, 0.006}},
			compile: map[string]float64{"cpu": 0.001, "xla": 0.5},
		},
	}
	want := `| | cpu, images/s | xla, images/s | JAX, images/s | xla ÷ cpu | xla ÷ JAX | cpu compiles, s | xla compiles, s | JAX compiles, s | differs by |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
| LeNet, training, batch 64 | 32000 | 16000 | – | 0.50 | – | 0.00 | 0.50 | – | 2e-06 |
`
	if got := table(rows, []string{"cpu", "xla", "JAX"}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCases(t *testing.T) {
	for _, test := range []struct {
		args string
		want int // cases
		err  string
	}{
		{"", 12, ""},
		{"lenet --modes infer --batches 1,2,3", 3, ""},
		{"vgg", 0, "vgg is not compared"},
		{"--modes fly", 0, "--modes fly"},
		{"--math 8", 0, "--math 8"},
		{"--engines gpu", 0, "--engines gpu"},
		{"--batches 0", 0, "--batches must be positive"},
		{"--rounds 0", 0, "must be positive"},
	} {
		var o options
		cmd := o.command(nil, nil)
		if err := cmd.ParseFlags(strings.Fields(test.args)); err != nil {
			t.Fatal(err)
		}
		got, err := o.cases(cmd.Flags().Args())
		switch {
		case test.err == "" && (err != nil || len(got) != test.want):
			t.Errorf("%q: got %d cases, %v, want %d", test.args, len(got), err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%q: got error %v, want one with %q", test.args, err, test.err)
		}
	}
}

func TestDifferences(t *testing.T) {
	if got := lossesDiffer([]float64{3, 2.5, 2.01}, []float64{3, 2.5, 2}); got < 0.0099 || got > 0.0101 {
		t.Errorf("losses differ by %v, want 0.01", got)
	}
	if got := outputsDiffer([]float64{1, -1, 1.5, -1}, []float64{1, -1, 1, -1}); got != 0.5 {
		t.Errorf("outputs differ by %v, want 0.5", got)
	}
}

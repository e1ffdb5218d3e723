package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/bench/internal/stats"
)

func TestTable(t *testing.T) {
	var a table
	a.put(result{File: "b", Batch: 1, Stride: 20, ONNXRuntime: 10, Ratio: 2, Version: "1.32.0"})
	a.put(result{File: "b", Batch: 16, Why: "it is broken"})
	a.put(result{File: "a", Batch: 1, Stride: 123.4, ONNXRuntime: 246.8, Ratio: 0.25})
	a.put(result{File: "a", Batch: 1, Stride: 123.4, ONNXRuntime: 246.8, Ratio: 0.5}) // once more
	path := filepath.Join(t.TempDir(), "results.json")
	if err := a.save(path); err != nil {
		t.Fatal(err)
	}
	var again table
	if err := again.load(path); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+tableBegins+"\nan old table\n"+tableEnds+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := again.writePage(page); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n" + tableBegins + `

| file | batch | Stride, images/s | ONNX Runtime, images/s | × ONNX Runtime |
|---|---:|---:|---:|---:|
| a | 1 | 123 | 247 | 0.50 |
| b | 1 | 20 | 10 | 2.00 |
| b | 16 | – | – | it is broken |

Geometric mean over 2 rows: 1.00 × ONNX Runtime 1.32.0; 1 are below 1: a at 1 (0.50).

` + tableEnds + "\nafter\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := again.writePage(path); err == nil || !strings.Contains(err.Error(), "has no lines") {
		t.Errorf("a page without a place for the table: %v", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := stats.Median(c.x); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.x, got, c.want)
		}
	}
}

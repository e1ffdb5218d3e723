package metrics_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/tensor"
)

func ExampleConfusionMatrix() {
	m := metrics.NewConfusionMatrix([]string{"cat", "dog"})
	for _, pair := range [][2]int{{0, 0}, {0, 0}, {0, 1}, {1, 1}} {
		if err := m.Add(pair[0], pair[1]); err != nil {
			panic(err)
		}
	}
	fmt.Printf("accuracy %.2f\n", m.Accuracy())
	fmt.Print(m)
	fmt.Print(m.Report())
	// Output:
	// accuracy 0.75
	//   label \ predicted  0  1
	// 0 cat                2  1
	// 1 dog                ·  1
	// class  precision  recall     f1  images
	// cat       1.0000  0.6667  0.800       3
	// dog       0.5000  1.0000  0.667       1
	// mean      0.7500  0.8333  0.733       4
}

func ExampleTopK() {
	scores := tensor.Must(tensor.FromSlice([]float32{
		.1, .7, .2,
		.5, .4, .1,
	}, 2, 3))
	labels := tensor.Must(tensor.FromSlice([]float32{2, 0}, 2))
	top1, _ := metrics.Accuracy(scores, labels)
	top2, _ := metrics.TopK(scores, labels, 2)
	fmt.Println(top1, top2)
	// Output: 0.5 1
}

func TestTop(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		scores []float32
		k      int
		want   []int
	}{
		{[]float32{1, 3, 2}, 2, []int{1, 2}},
		{[]float32{1, 1, 1}, 2, []int{0, 1}},
		{[]float32{5, nan, 7, nan}, 3, []int{1, 3, 2}},
		{[]float32{1, 2}, 5, []int{1, 0}},
		{[]float32{1, 2}, -1, []int{}},
	} {
		if got := metrics.Top(c.scores, c.k); !reflect.DeepEqual(got, c.want) {
			t.Errorf("Top(%v, %d) = %v, want %v", c.scores, c.k, got, c.want)
		}
		if len(c.want) > 0 && metrics.ArgMax(c.scores) != c.want[0] {
			t.Errorf("ArgMax(%v) = %d", c.scores, metrics.ArgMax(c.scores))
		}
	}
	if metrics.ArgMax(nil) != -1 {
		t.Error("ArgMax of nothing is not -1")
	}
}

func TestTopKTies(t *testing.T) {
	scores := tensor.Full(1, 3, 3)
	labels := tensor.Arange(0, 3, 1)
	for k, want := range []float64{1: 1. / 3, 2: 2. / 3, 3: 1, 4: 1} {
		if k == 0 {
			continue
		}
		if got, err := metrics.TopK(scores, labels, k); err != nil || got != want {
			t.Errorf("top-%d = %v, %v, want %v", k, got, err, want)
		}
	}
}

func TestTopKErrors(t *testing.T) {
	scores := tensor.New(2, 3)
	for _, c := range []struct {
		scores, labels *tensor.Tensor
		k              int
		want           string
	}{
		{tensor.New(6), tensor.New(2), 1, "N×classes"},
		{tensor.New(0, 3), tensor.New(0), 1, "at least one row"},
		{scores, tensor.New(3), 1, "labels must have shape 2"},
		{scores, tensor.New(2), 0, "top-0"},
		{scores, tensor.Full(3, 2), 1, "label 3 of row 0"},
		{scores, tensor.Full(.5, 2), 1, "label 0.5"},
		{scores, tensor.Full(float32(math.NaN()), 2), 1, "label NaN"},
	} {
		if _, err := metrics.TopK(c.scores, c.labels, c.k); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want it to mention %q", err, c.want)
		}
	}
}

func TestConfusionMatrixBounds(t *testing.T) {
	m := metrics.NewConfusionMatrix([]string{"a", "b"})
	for _, pair := range [][2]int{{-1, 0}, {2, 0}, {0, -1}, {0, 2}} {
		if m.Add(pair[0], pair[1]) == nil {
			t.Errorf("Add(%v) did not fail", pair)
		}
	}
	if m.Total() != 0 || m.Accuracy() != 0 || m.Precision(0) != 0 || m.Recall(0) != 0 || m.F1(0) != 0 {
		t.Error("an empty matrix has counts or ratios that are not 0")
	}
}

// A class name with line breaks and escape sequences stays in its row.
func TestClassNamesAreEscaped(t *testing.T) {
	m := metrics.NewConfusionMatrix([]string{"cat\n\x1b[31m", "dog"})
	if err := m.Add(0, 1); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{m.String(), m.Report()} {
		lines := strings.Split(table, "\n")
		if len(lines) < 4 || !strings.Contains(lines[1], `cat\n\u001b[31m  `) || strings.Contains(table, "\x1b") || len([]rune(lines[1])) < len(lines[0]) {
			t.Errorf("got %q", table)
		}
	}
}

// Of many classes only those are listed that occur or are predicted.
func TestReportOfFewClasses(t *testing.T) {
	m := metrics.NewConfusionMatrix([]string{"cat", "dog", "elk", "fox"})
	if err := m.Add(0, 2); err != nil {
		t.Fatal(err)
	}
	got := m.Report()
	if !strings.Contains(got, "\ncat ") || !strings.Contains(got, "\nelk ") || strings.Contains(got, "dog") || strings.Contains(got, "fox") || !strings.HasSuffix(got, "0 in the mean: 2\n") {
		t.Errorf("got %s", got)
	}
}

package metrics

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/strideml/stride/internal/printable"
)

// A ConfusionMatrix counts how often images of each class were predicted as each
// class. Rows are labels, columns predictions.
type ConfusionMatrix struct {
	classes []string
	counts  []int // row by row
}

// NewConfusionMatrix returns an empty matrix for the named classes.
func NewConfusionMatrix(classes []string) *ConfusionMatrix {
	return &ConfusionMatrix{classes: classes, counts: make([]int, len(classes)*len(classes))}
}

// Classes returns the class names. The caller must not change them.
func (m *ConfusionMatrix) Classes() []string { return m.classes }

// Add counts one image of class label that was predicted as class predicted. It
// is an error if one of them is not the index of a class.
func (m *ConfusionMatrix) Add(label, predicted int) error {
	k := len(m.classes)
	if label < 0 || label >= k || predicted < 0 || predicted >= k {
		return fmt.Errorf("label %d, prediction %d: there are %d classes, numbered from 0", label, predicted, k)
	}
	m.counts[label*k+predicted]++
	return nil
}

// Count returns how often class label was predicted as class predicted. Like the
// other methods that take classes, it panics if one is not the index of a class.
func (m *ConfusionMatrix) Count(label, predicted int) int {
	return m.counts[label*len(m.classes)+predicted]
}

// Total returns the number of images counted.
func (m *ConfusionMatrix) Total() int {
	n := 0
	for _, c := range m.counts {
		n += c
	}
	return n
}

// Accuracy returns the share, 0 to 1, of images whose class was predicted; 0 if
// there are none.
func (m *ConfusionMatrix) Accuracy() float64 {
	hits := 0
	for i := range m.classes {
		hits += m.Count(i, i)
	}
	return ratio(hits, m.Total())
}

// Support returns the number of images of a class.
func (m *ConfusionMatrix) Support(class int) int {
	n := 0
	for j := range m.classes {
		n += m.Count(class, j)
	}
	return n
}

// Predicted returns the number of images predicted as a class.
func (m *ConfusionMatrix) Predicted(class int) int {
	n := 0
	for i := range m.classes {
		n += m.Count(i, class)
	}
	return n
}

// Precision returns the share, 0 to 1, of the images predicted as a class that
// belong to it; 0 if there are none.
func (m *ConfusionMatrix) Precision(class int) float64 {
	return ratio(m.Count(class, class), m.Predicted(class))
}

// Recall returns the share, 0 to 1, of the images of a class that were predicted
// as it; 0 if there are none.
func (m *ConfusionMatrix) Recall(class int) float64 {
	return ratio(m.Count(class, class), m.Support(class))
}

// F1 returns the harmonic mean of a class's precision and recall:
// 2·hits / (support + predicted).
func (m *ConfusionMatrix) F1(class int) float64 {
	return ratio(2*m.Count(class, class), m.Support(class)+m.Predicted(class))
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// String returns the matrix as a table: a row for each class, columns headed
// by class numbers. Zeros are shown as dots, so that mistakes stand out. Control
// characters in class names are escaped.
func (m *ConfusionMatrix) String() string {
	k := len(m.classes)
	head, cells := make([]string, k), make([][]string, k)
	width := 1
	for j := range k {
		head[j] = fmt.Sprint(j)
		width = max(width, len(head[j]))
	}
	for i := range k {
		cells[i] = make([]string, k)
		for j := range k {
			cells[i][j] = "·"
			if c := m.Count(i, j); c > 0 {
				cells[i][j] = fmt.Sprint(c)
			}
			width = max(width, utf8.RuneCountInString(cells[i][j]))
		}
	}
	names := m.nameWidth(len("label \\ predicted"))
	digits := len(fmt.Sprint(max(k-1, 0)))
	var b strings.Builder
	line := func(number, name string, row []string) {
		fmt.Fprintf(&b, "%*s %s", digits, number, pad(name, names))
		for _, cell := range row {
			fmt.Fprintf(&b, "  %*s", width, cell)
		}
		b.WriteByte('\n')
	}
	line("", "label \\ predicted", head)
	for i, name := range m.classes {
		line(fmt.Sprint(i), printable.Line(name), cells[i])
	}
	return b.String()
}

// Report returns a table of precision, recall, F1 and number of images for
// each class, and their unweighted means. Classes that neither occur nor are
// predicted are only counted. Control characters in class names are escaped.
func (m *ConfusionMatrix) Report() string {
	names := m.nameWidth(len("class"))
	var b strings.Builder
	fmt.Fprintf(&b, "%s  precision  recall     f1  images\n", pad("class", names))
	line := func(name string, p, r, f float64, n int) {
		fmt.Fprintf(&b, "%s  %9.4f  %6.4f  %5.3f  %6d\n", pad(name, names), p, r, f, n)
	}
	absent := 0
	for i, name := range m.classes {
		if m.Support(i)+m.Predicted(i) == 0 && m.Total() > 0 {
			absent++
			continue
		}
		line(printable.Line(name), m.Precision(i), m.Recall(i), m.F1(i), m.Support(i))
	}
	if len(m.classes) > 0 {
		mean := m.Macro()
		line("mean", mean.Precision, mean.Recall, mean.F1, m.Total())
	}
	if absent > 0 {
		fmt.Fprintf(&b, "classes without images and predictions, 0 in the mean: %d\n", absent)
	}
	return b.String()
}

func (m *ConfusionMatrix) nameWidth(width int) int {
	for _, name := range m.classes {
		width = max(width, utf8.RuneCountInString(printable.Line(name)))
	}
	return width
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

package main

import (
	"strings"
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/tensor"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	rows := strings.Split(strings.TrimSpace(outputs["agree"]), "\n")[1:]
	if len(rows) != len(listings) {
		t.Errorf("%d rows, want %d", len(rows), len(listings))
	}
	for _, row := range rows {
		if strings.Fields(row)[1] != "yes" {
			t.Error(row)
		}
	}
	for _, name := range []string{"L1 ", "L2 ", "L3 ", "L4 ", "L5 ", "L6 ", "L7 ", "L8 ", "L9 ", "L10 ", "L11 ", "L12 ", "L13 "} {
		if !strings.Contains(outputs["agree"], "\n"+name) {
			t.Errorf("the table has no row %s", name)
		}
	}
}

// The comparison notices a shape, a value and a missing tensor.
func TestDiffers(t *testing.T) {
	x := tensor.Must(tensor.FromSlice([]float32{1, 2}, 2))
	for _, test := range []struct {
		want    []value
		differs bool
	}{
		{[]value{{[]int{2}, []float64{1, 2}}}, false},
		{[]value{{[]int{2}, []float64{1, 2.00001}}}, false},
		{[]value{{[]int{2}, []float64{1, 2.001}}}, true},
		{[]value{{[]int{1, 2}, []float64{1, 2}}}, true},
		{nil, true},
	} {
		if how := differs([]*tensor.Tensor{x}, test.want); (how != "") != test.differs {
			t.Errorf("%v: %q", test.want, how)
		}
	}
}

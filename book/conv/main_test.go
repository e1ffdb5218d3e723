package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	row := " [ 0.  1.  0.  0.  0. -1.  0.]"
	edges := "[" + strings.TrimPrefix(strings.Repeat(row+"\n", 6), " ")
	for section, want := range map[string]string{ // as Dive into Deep Learning prints them
		"by-hand": "[[19. 25.]\n [37. 43.]]\n",
		"edges":   strings.TrimSuffix(edges, "\n") + "]\n",
	} {
		if !strings.HasSuffix(outputs[section], want) {
			t.Errorf("section %s prints\n%s, want\n%s", section, outputs[section], want)
		}
	}
	// There the kernel is [0.99, −0.98] or so after ten steps, depending on where it begins.
	var left, right float64
	_, kernel, _ := strings.Cut(outputs["learn"], "kernel ")
	if _, err := fmt.Sscanf(kernel, "[%f %f]", &left, &right); err != nil {
		t.Fatalf("section learn prints\n%s", outputs["learn"])
	}
	if math.Abs(left-1) > 0.03 || math.Abs(right+1) > 0.03 {
		t.Errorf("the learnt kernel is (%v, %v), want about (1, −1)", left, right)
	}
}

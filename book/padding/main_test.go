package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	for section, want := range map[string]string{ // as Dive into Deep Learning prints them
		"same": "8×8\n", "same-uneven": "8×8\n", "stride": "4×4\n", "stride-uneven": "2×2\n",
	} {
		if outputs[section] != want {
			t.Errorf("section %s prints %q, want %q", section, outputs[section], want)
		}
	}
}

// The formula agrees with the layers for all that fits into a small picture.
func TestOutputSize(t *testing.T) {
	for n := 1; n <= 6; n++ {
		for k := 1; k <= 3; k++ {
			for p := 0; p <= 1; p++ {
				for s := 1; s <= 3; s++ {
					for d := 1; d <= 2; d++ {
						count := 0
						for first := -p; first+d*(k-1) < n+p; first += s {
							count++
						}
						if got := outputSize(n, k, p, s, d); d*(k-1) < n+2*p && got != count {
							t.Errorf("n %d, k %d, p %d, s %d, d %d: %d positions by the formula, %d counted", n, k, p, s, d, got, count)
						}
					}
				}
			}
		}
	}
}

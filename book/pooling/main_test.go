package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	for section, want := range map[string]string{ // as Dive into Deep Learning prints them
		"by-hand":  "[[4. 5.]\n [7. 8.]]\n[[2. 3.]\n [5. 6.]]\n",
		"layers":   "[[10.]]\n[[ 5.  7.]\n [13. 15.]]\n",
		"uneven":   "[[ 5.  7.]\n [13. 15.]]\n",
		"channels": "1×2×2×2\n[[[ 5.  7.]\n  [13. 15.]]\n\n [[ 6.  8.]\n  [14. 16.]]]\n",
	} {
		if outputs[section] != want {
			t.Errorf("section %s prints\n%s, want\n%s", section, outputs[section], want)
		}
	}
}

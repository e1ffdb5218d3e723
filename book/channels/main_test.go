package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	for section, want := range map[string]string{ // as Dive into Deep Learning prints them
		"multi-in": "[[ 56.  72.]\n [104. 120.]]\n",
		"multi-out": "3×2×2×2\n" +
			"[[[ 56.  72.]\n  [104. 120.]]\n\n [[ 76. 100.]\n  [148. 172.]]\n\n [[ 96. 128.]\n  [192. 224.]]]\n",
		"one-by-one": "2×3×3 true\n",
	} {
		if outputs[section] != want {
			t.Errorf("section %s prints\n%s, want\n%s", section, outputs[section], want)
		}
	}
}

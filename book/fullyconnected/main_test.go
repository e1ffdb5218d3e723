package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	// The convolution is the cross-correlation with the rotated kernel.
	if want := "[[ 5. 11.]\n [23. 29.]]\n[[19. 25.]\n [37. 43.]]\n[[ 5. 11.]\n [23. 29.]]\n"; outputs["flip"] != want {
		t.Errorf("convolution, cross-correlation, rotated kernel:\n%s, want\n%s", outputs["flip"], want)
	}
}

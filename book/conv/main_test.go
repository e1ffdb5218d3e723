package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	if want := "[[19. 25.]\n [37. 43.]]\n"; outputs["by-hand"] != want { // as Dive into Deep Learning prints it
		t.Errorf("the cross-correlation is\n%s, want\n%s", outputs["by-hand"], want)
	}
}

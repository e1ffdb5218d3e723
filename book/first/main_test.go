package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestFrontPage(t *testing.T) { chaptertest.Check(t, page) }

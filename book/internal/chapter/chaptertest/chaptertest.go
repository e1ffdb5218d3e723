// Package chaptertest checks a chapter in a test of its own package.
package chaptertest

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter"
)

// Check runs the short sections of a chapter, in whose folder the test runs, and
// compares code, printed values and figures with the texts. It returns what each
// section printed, so that a test can compare single values with those of others.
func Check(t *testing.T, c *chapter.Chapter) map[string]string {
	t.Helper()
	outputs, err := c.CheckShort(".")
	if outputs == nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Errorf("%v\nto write it into the texts: go run ./book/%s -update", err, c.Name)
	}
	return outputs
}

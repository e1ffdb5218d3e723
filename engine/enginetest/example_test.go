package enginetest_test

import (
	"testing"

	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/engine/reference"
)

// The conformance test of an engine, here of the reference itself.
func ExampleRun() {
	TestConformance := func(t *testing.T) {
		enginetest.Run(t, reference.New())
		enginetest.Golden(t, reference.New())
	}
	_ = TestConformance
}

package cpu

import (
	"os"
	"testing"
)

// All tests verify the intermediate form after each pass of the compiler.
func TestMain(m *testing.M) {
	checkPasses = true
	os.Exit(m.Run())
}

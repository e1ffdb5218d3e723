package served

import (
	"strings"
	"testing"
)

// A program that ends before it serves is an error that has what the program has said.
func TestStartFails(t *testing.T) {
	if _, err := Start("go", "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "unknown command") {
		t.Errorf("go serve: %v", err)
	}
	if _, err := Start("./no-such-program", "127.0.0.1:0"); err == nil {
		t.Error("no error")
	}
}

package source

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
)

// The opening of a large folder shows how many pictures were found, then how many of
// them were looked at.
func TestPictureProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1e9, 0)
	a := &command.App{Live: terminal.NewTerminalLine(&out, 80, func() time.Time { return now })}
	for _, c := range []struct {
		found, checked int
		want           string
	}{{2000, 0, "looking for pictures ······························  2,000 found"}, {4000, 1000, "looking at pictures ━━━━━━━·······················  1,000 of 4,000"}} {
		out.Reset()
		now = now.Add(time.Second)
		PictureProgress(a)(c.found, c.checked)
		if got := strings.TrimSpace(out.String()); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

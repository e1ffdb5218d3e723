package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/cmd/stride/internal/command"
)

// The table of commands in docs/cli.md is what the program says of itself, and its
// table of exit statuses has all that the program returns.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	text := readFile(t, filepath.Join("..", "..", "docs", "cli.md"))
	var rows []string
	for _, cmd := range allCommands(newRoot(&command.App{})) {
		if cmd.HasSubCommands() && !strings.Contains(cmd.Use, " ") { // does nothing itself
			continue
		}
		line := strings.TrimSuffix(cmd.UseLine(), " [flags]")
		rows = append(rows, "| `"+strings.ReplaceAll(line, "|", `\|`)+"` | "+cmd.Short+" |\n")
	}
	table := "| command | what it does |\n|---|---|\n" + strings.Join(rows, "") + "\n"
	if !strings.Contains(text, table) {
		t.Errorf("docs/cli.md should have this table:\n%s", table)
	}
	for _, status := range []string{"| 0 |", "| 1 |", "| 2 |", "| 130 |"} {
		if strings.Count(text, "\n"+status) != 1 {
			t.Errorf("docs/cli.md has not one row %s", status)
		}
	}
	if len(rows) < 12 {
		t.Errorf("only %d commands", len(rows))
	}
}

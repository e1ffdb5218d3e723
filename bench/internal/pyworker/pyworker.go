// Package pyworker starts the Python programs that benchmarks ask. They stand in this
// repository beside the benchmark that asks them, and import the module protocol, which
// stands here: it reads requests and sends answers as [subprocess] wants them.
package pyworker

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/strideml/stride/internal/subprocess"
)

// folder is where protocol.py is, from the root of the repository.
var folder = filepath.Join("bench", "internal", "pyworker")

// Repository looks for this repository from the working folder upwards and returns its root.
func Repository() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(at, folder, "protocol.py")); err == nil {
			return at, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", errors.New("the working folder is not in stride's repository, where the Python programs are that benchmarks ask")
		}
		at = up
	}
}

// Command returns the command that runs a script, whose path begins at the root of the
// repository. Python writes no compiled modules into the repository.
func Command(repository, interpreter, script string) subprocess.Command {
	path := filepath.Join(repository, folder)
	if old := os.Getenv("PYTHONPATH"); old != "" {
		path += string(filepath.ListSeparator) + old
	}
	return subprocess.Command{
		Program: interpreter, Args: []string{filepath.Join(repository, filepath.FromSlash(script))},
		Env: []string{"PYTHONPATH=" + path, "PYTHONDONTWRITEBYTECODE=1"},
	}
}

package main

import (
	"fmt"

	"github.com/strideml/stride/internal/subprocess"
)

// An answer is what Pillow's process says.
type answer struct {
	Version string
	Seconds []float64
}

// A request is what Pillow's process is asked; "op" says what for.
type request map[string]any

// ask sends a request to Pillow's process.
func ask(pillow *subprocess.Process, r request) (a answer, err error) {
	if err := pillow.Ask(r, &a); err != nil {
		return a, fmt.Errorf("from Pillow: %w", err)
	}
	return a, nil
}

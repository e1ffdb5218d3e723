package cpu

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// A Tuning chooses algorithms of convolutions by measuring them on this
// machine, where a Device otherwise goes by shapes alone. It remembers what it
// chose, so that programs compiled later, or in another process by NewTuning with its
// choices, give the same bits. It is safe for concurrent use.
type Tuning struct {
	mu       sync.Mutex
	choices  map[string]string
	onChoice func(choices map[string]string) error
	pick     func(key string, names []string) string // in place of measuring, for tests
}

// NewTuning returns a Tuning that knows some choices already: for each
// convolution the name of an algorithm, as an earlier Tuning gave them to
// onChoice. A choice that does not fit is ignored: the device goes by shapes.
// onChoice, if it is not nil, is called with all choices after each new one;
// its error makes the compilation fail.
func NewTuning(choices map[string]string, onChoice func(choices map[string]string) error) *Tuning {
	t := &Tuning{choices: maps.Clone(choices), onChoice: onChoice}
	if t.choices == nil {
		t.choices = map[string]string{}
	}
	return t
}

// Choices returns a copy of all choices.
func (t *Tuning) Choices() map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.choices)
}

// choose returns the known choice for a key or, if there is none, the fastest of names.
// It fails if measure or onChoice does.
func (t *Tuning) choose(key string, names []string, measure func(name string) (time.Duration, error)) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if name, ok := t.choices[key]; ok {
		return name, nil
	}
	if t.pick != nil {
		return t.pick(key, names), nil
	}
	var best string
	fastest := time.Duration(1<<63 - 1)
	for _, name := range names {
		took, err := measure(name)
		if err != nil {
			return "", err
		}
		if took < fastest {
			best, fastest = name, took
		}
	}
	t.choices[key] = best
	if t.onChoice != nil {
		if err := t.onChoice(maps.Clone(t.choices)); err != nil {
			return "", fmt.Errorf("keep the choice of an algorithm: %w", err)
		}
	}
	return best, nil
}

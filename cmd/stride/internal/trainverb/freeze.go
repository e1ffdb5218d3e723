package trainverb

import (
	"errors"
	"strconv"
	"strings"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/finetune"
	"github.com/strideml/stride/modelfolder"
)

// A freezeFlag is a flag for layers that are not trained: how many of the first ones, or
// paths.
type freezeFlag struct {
	text  string
	first int
	paths []string
}

func (f *freezeFlag) String() string { return f.text }
func (f *freezeFlag) Type() string   { return "layers" }

func (f *freezeFlag) Set(text string) error {
	*f = freezeFlag{text: text}
	if n, err := strconv.Atoi(text); err == nil {
		if f.first = n; n < 0 || n > 1<<20 {
			return errors.New("want a number of layers, 0 or more, or paths such as features.0,features.1")
		}
		return nil
	}
	for _, path := range strings.Split(text, ",") {
		if path == "" {
			return errors.New("want paths such as features.0,features.1")
		}
		f.paths = append(f.paths, path)
	}
	return nil
}

// layers returns the paths of the layers that are not trained.
func (f *freezeFlag) layers(base *modelfolder.Model) ([]string, error) {
	switch {
	case f.first == 0:
		return f.paths, nil
	case base == nil:
		return nil, command.Misuse("--freeze %d: random weights that are not trained are of no use", f.first)
	}
	return finetune.FirstLayers(base.Net, f.first), nil
}

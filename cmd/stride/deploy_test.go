package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/cmd/stride/internal/command"
)

// The flags in the recipes for many machines are those of stride train.
func TestDeployedTraining(t *testing.T) {
	t.Parallel()
	train, _, err := newRoot(&command.App{}).Find([]string{"train"})
	if err != nil {
		t.Fatal(err)
	}
	flag := regexp.MustCompile(`--[a-z][a-z-]*`)
	for _, name := range []string{"train-mpirun.sh", "slurm.sbatch", "mpijob.yaml"} {
		text := readFile(t, filepath.Join("..", "..", "deploy", name))
		found := 0
		for line := range strings.Lines(text) {
			_, command, ok := strings.Cut(strings.TrimSpace(line), "stride train ")
			if strings.HasPrefix(strings.TrimSpace(line), "set -- ") || strings.Contains(line, "; then set -- ") {
				command, ok = line, true
			}
			if !ok || strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			for _, f := range flag.FindAllString(command, -1) {
				found++
				if train.Flags().Lookup(f[2:]) == nil {
					t.Errorf("%s: stride train has no flag %s", name, f)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s has no flag of stride train", name)
		}
		for _, page := range []string{"deploy/README.md", "docs/scale.md"} {
			if !strings.Contains(readFile(t, filepath.Join("..", "..", filepath.FromSlash(page))), name) {
				t.Errorf("%s says nothing of %s", page, name)
			}
		}
	}
}

// The flags in the other files of deploy are those of stride serve.
func TestDeployedFlags(t *testing.T) {
	t.Parallel()
	serve, _, err := newRoot(&command.App{}).Find([]string{"serve"})
	if err != nil {
		t.Fatal(err)
	}
	flag := regexp.MustCompile(`--[a-z][a-z-]*`)
	for name, least := range map[string]int{"Dockerfile": 4, "stride.service": 3, "kubernetes.yaml": 6, "kserve.yaml": 2} {
		text := readFile(t, filepath.Join("..", "..", "deploy", name))
		var found []string
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") || strings.HasPrefix(line, "COPY") {
				continue
			}
			found = append(found, flag.FindAllString(line, -1)...)
		}
		if len(found) < least {
			t.Errorf("%s has the flags %q only", name, found)
		}
		if i := slices.IndexFunc(found, func(f string) bool { return serve.Flags().Lookup(f[2:]) == nil }); i >= 0 {
			t.Errorf("%s: stride serve has no flag %s", name, found[i])
		}
		if !strings.Contains(readFile(t, filepath.Join("..", "..", "deploy", "README.md")), name) {
			t.Errorf("deploy/README.md says nothing of %s", name)
		}
	}
}

package bookverb

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/strideml/stride/book/site"
	"github.com/strideml/stride/cmd/stride/internal/command"
)

// module is that of this program.
const module = "github.com/strideml/stride"

// liveFiles returns what the live parts load: embedded in this program, kept from the
// last time, or built now. Without it, which is no error, a line says why.
func (s *settings) liveFiles(ctx context.Context, a *command.App) (map[string][]byte, error) {
	switch {
	case embedded() != nil:
		return site.WithSample(embedded()), nil
	case !s.live:
		return nil, nil
	}
	files, err := s.build(ctx, a)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		a.Notice("The live parts are left out: " + command.OneLine(err))
	}
	return files, nil
}

// build builds the library, or finds it in the user's cache folder. What was built of a
// version that cannot change is kept; what is built of a clone is built each time, for
// which Go's build cache makes seconds of it.
func (s *settings) build(ctx context.Context, a *command.App) (map[string][]byte, error) {
	version := ownVersion()
	folder, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	folder = filepath.Join(folder, "stride", "book", runtime.Version()+"_"+version)
	if version != "" {
		if files, err := site.ReadLive(folder); err == nil {
			return files, nil
		}
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, fmt.Errorf("this program does not have the library for the browser, and there is no Go command to build it: use a release of stride")
	}
	source, done, err := findSource(ctx, version)
	if err != nil {
		return nil, err
	}
	defer done()
	a.Notice("Building the library for the live parts of the book; the first time that takes up to a minute.")
	return site.BuildLive(ctx, source, folder)
}

// ownVersion returns the version of this program's module, or "" for one that was
// built in a checkout.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != module || info.Main.Version == "(devel)" {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs" { // a checkout: its version may have changes
			return ""
		}
	}
	return info.Main.Version
}

// findSource returns a folder in which the Go command finds the source, and what
// removes it if it was made for this: a module that requires the version of this
// program, which is in the module cache if the Go command has installed the program.
func findSource(ctx context.Context, version string) (folder string, done func(), err error) {
	none := func() {}
	if out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output(); err == nil && strings.TrimSpace(string(out)) != "" {
		return "", none, nil
	}
	if version == "" {
		return "", none, fmt.Errorf("this program does not have the library for the browser, and the source is not here: run it in a clone of the repository, or use a release of stride")
	}
	folder, err = os.MkdirTemp("", "stride-book-")
	if err != nil {
		return "", none, err
	}
	done = func() { _ = os.RemoveAll(folder) } // a temporary folder
	for _, args := range [][]string{{"mod", "init", "book"}, {"get", module + "/book/wasm@" + version}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			done()
			return "", none, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
		}
	}
	return folder, done, nil
}

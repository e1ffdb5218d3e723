// Command release makes the archives of a release.
//
//	go run ./internal/release -version v0.1.0 -out dist
//
// For each platform it writes an archive, stride_v0.1.0_linux_amd64.tar.gz (.zip
// for Windows), that holds one folder with the static program, this project's
// licence and documents, and the licences of everything that is linked into the
// program. A second archive for Linux and macOS, whose name ends in _xla_mpi, has the program
// with the build tags xla and mpi, which is linked dynamically. The program embeds the library for the live parts of the book. SHA256SUMS lists the archives' checksums in the form that sha256sum -c
// reads. The same commit and the same Go give the same bytes.
//
// The checkout must be clean and its commit must have the version as a tag;
// -snapshot permits anything, to try it out.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/strideml/stride/book/site"
)

// program is the name of the program and its package's folder below cmd.
const program = "stride"

// versionVariable is the variable of the program that the linker sets to the version.
const versionVariable = "github.com/strideml/stride/cmd/stride/internal/command.version"

// platforms are those that a release is made for, as GOOS/GOARCH.
var platforms = []string{
	"linux/amd64", "linux/arm64",
	"darwin/amd64", "darwin/arm64",
	"windows/amd64", "windows/arm64",
}

// versionPattern is a semantic version with a v, without build metadata.
var versionPattern = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// A release is what the command line asks for.
type release struct {
	version   string
	platforms []string
	out       string // folder of the archives
	snapshot  bool
	overlay   string    // a file that adds the library for the browser to the sources
	time      time.Time // of the commit
	log       io.Writer
}

func run(ctx context.Context, args []string, log io.Writer) error {
	r := release{log: log}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.StringVar(&r.version, "version", "", "the `version`, as v0.1.0")
	targets := flags.String("platforms", strings.Join(platforms, ","), "what to build for, as `GOOS/GOARCH,…`")
	flags.StringVar(&r.out, "out", "archives", "the `folder` to write to; it must not exist or be empty")
	flags.BoolVar(&r.snapshot, "snapshot", false, "permit a checkout with changes and a version that is no tag")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r.platforms = strings.Split(*targets, ",")
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unknown argument %s", flags.Arg(0))
	case !versionPattern.MatchString(r.version):
		return fmt.Errorf("-version %q: want a version like v0.1.0", r.version)
	}
	for _, p := range r.platforms {
		if !slices.Contains(platforms, p) {
			return fmt.Errorf("-platforms %s: want some of %s", p, strings.Join(platforms, ", "))
		}
	}
	if err := r.checkCommit(ctx); err != nil {
		return err
	}
	return r.writeArchives(ctx)
}

// checkCommit makes sure that the version names the checkout's commit, and finds
// out when that was made.
func (r *release) checkCommit(ctx context.Context) error {
	when, err := output(ctx, nil, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(when, 10, 64)
	if err != nil {
		return fmt.Errorf("git log: %w", err)
	}
	r.time = time.Unix(seconds, 0).UTC()
	if r.snapshot {
		return nil
	}
	changes, err := output(ctx, nil, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changes != "" {
		return errors.New("the checkout has changes: commit them, or try with -snapshot")
	}
	tags, err := output(ctx, nil, "git", "tag", "--points-at", "HEAD")
	if err != nil {
		return err
	}
	if !slices.Contains(strings.Fields(tags), r.version) {
		return fmt.Errorf("the commit has no tag %s: add it, or try with -snapshot", r.version)
	}
	return nil
}

// writeArchives builds for all platforms and writes the archives and their checksums.
func (r *release) writeArchives(ctx context.Context) error {
	entries, err := os.ReadDir(r.out)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("the folder %s is not empty", r.out)
	}
	if err := os.MkdirAll(r.out, 0o777); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if r.overlay, err = addLibrary(ctx, work); err != nil {
		return err
	}
	var sums strings.Builder
	for _, p := range r.platforms {
		goos, goarch, _ := strings.Cut(p, "/")
		for _, tags := range flavours(goos) {
			a, err := r.platform(ctx, goos, goarch, tags)
			if err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
			name, contents, err := a.pack(goos == "windows", r.time)
			if err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
			if err := os.WriteFile(filepath.Join(r.out, name), contents, 0o666); err != nil {
				return err
			}
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(contents), name)
			fmt.Fprintf(r.log, "%s, %.1f MB\n", name, float64(len(contents))/1e6)
		}
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(sums.String()), 0o666)
}

// flavours are the build tags of the programs for a system: the first has none, and is
// static; the others load libraries.
func flavours(goos string) [][]string {
	if goos == "linux" || goos == "darwin" {
		return [][]string{nil, {"xla", "mpi"}}
	}
	return [][]string{nil}
}

// documents of this project go into every archive.
var documents = []string{"LICENSE", "README.md", "README.zh.md", "CHANGELOG.md"}

// platform builds the program for one platform and gathers what goes with it.
func (r *release) platform(ctx context.Context, goos, goarch string, tags []string) (*archive, error) {
	env := []string{"GOOS=" + goos, "GOARCH=" + goarch, "CGO_ENABLED=0"}
	a := &archive{folder: strings.Join(append([]string{program, r.version, goos, goarch}, tags...), "_")}
	binary, err := r.build(ctx, env, tags)
	if err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		if err := checkStatic(binary); err != nil {
			return nil, err
		}
	}
	name := program
	if goos == "windows" {
		name += ".exe"
	}
	a.add(name, binary, 0o755)
	for _, name := range documents {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		a.add(name, text, 0o644)
	}
	licences, err := thirdParty(ctx, env, tags)
	if err != nil {
		return nil, err
	}
	a.add("THIRD_PARTY_LICENSES.txt", licences, 0o644)
	return a, nil
}

// build compiles the program and returns it.
func (r *release) build(ctx context.Context, env, tags []string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, program)
	_, err = output(ctx, env, "go", "build", "-trimpath", "-buildvcs=true", "-tags", strings.Join(append([]string{"bookwasm"}, tags...), ","), "-overlay", r.overlay,
		"-ldflags", "-s -w -X "+versionVariable+"="+r.version, "-o", path, "./cmd/"+program)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// addLibrary builds the library for the browser, which the program embeds for the
// live parts of the book, into a folder. It returns an overlay for go build, a file
// that says where sources are that the checkout does not have.
func addLibrary(ctx context.Context, work string) (overlay string, err error) {
	if _, err := site.BuildLive(ctx, "", work); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for _, name := range []string{"book.wasm.gz", "wasm_exec.js"} {
		path, err := filepath.Abs(filepath.Join("cmd", program, "internal", "bookverb", "live", name))
		if err != nil {
			return "", err
		}
		replace[path] = filepath.Join(work, name)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(work, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o666)
}

// output runs a program, with some environment variables more, and returns what
// it prints, without the last line's end.
func output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
		}
		return "", fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A build is one of the two sides of a comparison.
type build struct {
	name   string // as it was given
	commit string // of a git revision, else ""
	folder string // with a checkout, else ""
	binary string // once it is built
}

// resolve finds out what a name stands for. A name that begins with "/" or "." is
// a path; any other is a revision if git knows it, and else a path.
func resolve(ctx context.Context, name string) (build, error) {
	b := build{name: name}
	if !filepath.IsAbs(name) && !strings.HasPrefix(name, ".") {
		out, err := output(ctx, "", "git", "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
		if err == nil {
			b.commit = strings.TrimSpace(string(out))
			return b, nil
		}
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return build{}, fmt.Errorf("%s is neither a revision that git knows here nor a file", name)
	case err != nil:
		return build{}, err
	case info.IsDir():
		if _, err := os.Stat(filepath.Join(name, "cmd", "stride")); err != nil {
			return build{}, fmt.Errorf("the folder %s is no checkout of stride: it has no cmd/stride", name)
		}
		b.folder = name
		return b, nil
	case !info.Mode().IsRegular() || runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0:
		return build{}, fmt.Errorf("%s is no program: it is not an executable file", name)
	}
	b.binary, err = filepath.Abs(name)
	return b, err
}

// String is the name and, of a revision, the commit.
func (b build) String() string {
	if b.commit == "" || strings.HasPrefix(b.commit, b.name) {
		return b.name
	}
	return fmt.Sprintf("%s (%s)", b.name, b.commit[:12])
}

// compile makes the binary, unless one was given, below a temporary folder;
// number tells the two sides apart.
func (b *build) compile(ctx context.Context, temporary string, number int, stderr io.Writer) error {
	if b.binary != "" {
		return nil
	}
	fmt.Fprintf(stderr, "building %s\n", b)
	source := b.folder
	if b.commit != "" {
		source = filepath.Join(temporary, fmt.Sprintf("source-%d", number))
		if err := checkOut(ctx, b.commit, source); err != nil {
			return fmt.Errorf("cannot read revision %s: %w", b.name, err)
		}
		if _, err := os.Stat(filepath.Join(source, "cmd", "stride")); err != nil {
			return fmt.Errorf("revision %s has no cmd/stride: name a newer one", b.name)
		}
	}
	binary := filepath.Join(temporary, fmt.Sprintf("stride-%d", number))
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if _, err := output(ctx, source, "go", "build", "-trimpath", "-buildvcs=false", "-o", binary, "./cmd/stride"); err != nil {
		return fmt.Errorf("cannot build %s: %w", b.name, err)
	}
	b.binary = binary
	return nil
}

// checkOut writes the files of a commit, git's whole tree, into a new folder.
func checkOut(ctx context.Context, commit, folder string) error {
	top, err := output(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	archive, err := output(ctx, strings.TrimSpace(string(top)), "git", "archive", "--format=tar", commit)
	if err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.Clean(h.Name), 0o777)
		case tar.TypeReg:
			err = writeFile(root, filepath.Clean(h.Name), r)
		}
		if err != nil {
			return err
		}
	}
}

func writeFile(root *os.Root, name string, r io.Reader) error {
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// output runs a program in a folder ("" is this one) without cgo and returns
// what it prints. Its error has what the program wrote on standard error.
func output(ctx context.Context, folder, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if text := strings.TrimSpace(stderr.String()); err != nil && text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return out, err
}

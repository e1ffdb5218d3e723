package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// bufferSize is the size of the buffer between the callback and the file.
const bufferSize = 256 << 10

// WriteFile creates or replaces the file at path with what write produces.
// The bytes go through a buffer to a temporary file in the same folder, which
// is flushed to disk and then renamed to path. Either the whole new content
// is at path afterwards, or an error is returned, the temporary file is gone
// and the old file, if any, is as it was.
//
// The one exception: if only the last step, flushing the folder, fails, the
// new content is in place and an error says that it may not survive a crash.
//
// The new file has the permissions of the file it replaces, or else 0o644
// less the process's umask. A symbolic link at path is followed, and the file
// that it points to is replaced. The error of write is returned wrapped, with
// path in front; if write panics the temporary file is removed as well.
func WriteFile(path string, write func(io.Writer) error) error { return writeFile(path, true, write) }

// WriteLoosely is [WriteBytes] without flushing anything to disk, which takes some
// milliseconds: if the system crashes soon after, the file may be empty or the old one. It is for files
// that may be lost.
func WriteLoosely(path string, data []byte) error {
	return writeFile(path, false, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func writeFile(path string, flush bool, write func(io.Writer) error) (err error) {
	temp := "" // the temporary file, once it is there
	wrap := func(err error) error { return fmt.Errorf("write %s: %w", path, cause(err, temp)) }

	target := path
	if link, err := filepath.EvalSymlinks(path); err == nil {
		target = link
	}
	mode := fs.FileMode(0)
	if info, err := os.Stat(target); err == nil {
		if !info.Mode().IsRegular() {
			return wrap(fmt.Errorf("is not a regular file but %s", describe(info.Mode())))
		}
		mode = info.Mode().Perm()
	}

	dir := filepath.Dir(target)
	f, err := createTemp(dir, filepath.Base(target))
	if err != nil {
		return wrap(err)
	}
	temp = f.Name()
	done := false
	defer func() {
		if !done {
			f.Close() // a second Close only returns an error
			os.Remove(f.Name())
		}
	}()

	if mode != 0 {
		if err := f.Chmod(mode); err != nil && chmodMatters {
			return wrap(err)
		}
	}
	buf := bufio.NewWriterSize(unnamed{f}, bufferSize)
	if err := write(buf); err != nil {
		return wrap(err)
	}
	if err := buf.Flush(); err != nil {
		return wrap(err)
	}
	if flush {
		if err := f.Sync(); err != nil {
			return wrap(fmt.Errorf("flush to disk: %w", cause(err, temp)))
		}
	}
	if err := f.Close(); err != nil {
		return wrap(err)
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return wrap(err)
	}
	done = true
	if !flush {
		return nil
	}
	if err := syncDir(dir); err != nil {
		return wrap(fmt.Errorf("the file is in place, but its folder could not be flushed to disk: %w", err))
	}
	return nil
}

// cause returns what is wrong without the name of the temporary file, which
// nobody has asked for. temp is that name; "" if it could not be made.
func cause(err error, temp string) error {
	switch e := err.(type) {
	case *fs.PathError:
		if temp == "" || e.Path == temp {
			return e.Err
		}
	case *os.LinkError:
		if e.Old == temp {
			return e.Err
		}
	}
	return err
}

// unnamed is a file whose errors of writing do not name it: write may wrap them.
type unnamed struct{ file *os.File }

func (u unnamed) Write(p []byte) (int, error) {
	n, err := u.file.Write(p)
	return n, cause(err, u.file.Name())
}

// WriteBytes is [WriteFile] for content that is already in memory.
func WriteBytes(path string, data []byte) error {
	return WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// describe names the kind of a file that is not regular.
func describe(m fs.FileMode) string {
	if m.IsDir() {
		return "a folder"
	}
	return "of type " + m.Type().String()
}

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// An archive holds files in one folder.
type archive struct {
	folder string
	files  []archivedFile
}

type archivedFile struct {
	name     string
	contents []byte
	mode     fs.FileMode
}

func (a *archive) add(name string, contents []byte, mode fs.FileMode) {
	a.files = append(a.files, archivedFile{name, contents, mode})
}

// pack returns the archive's name and contents: a zip file, or else a gzipped
// tar file. All files get the same time, so that the bytes depend on nothing else.
func (a *archive) pack(asZip bool, modified time.Time) (name string, contents []byte, err error) {
	var out bytes.Buffer
	if asZip {
		err = a.writeZip(&out, modified)
		return a.folder + ".zip", out.Bytes(), err
	}
	err = a.writeTar(&out, modified)
	return a.folder + ".tar.gz", out.Bytes(), err
}

func (a *archive) writeZip(w io.Writer, modified time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range a.files {
		h := &zip.FileHeader{Name: path.Join(a.folder, f.name), Method: zip.Deflate, Modified: modified}
		h.SetMode(f.mode)
		part, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := part.Write(f.contents); err != nil {
			return err
		}
	}
	return z.Close()
}

func (a *archive) writeTar(w io.Writer, modified time.Time) error {
	g, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(g)
	for _, f := range a.files {
		h := &tar.Header{Name: path.Join(a.folder, f.name), Mode: int64(f.mode), Size: int64(len(f.contents)), ModTime: modified}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.contents); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), g.Close())
}

// checkStatic makes sure that a program for Linux needs no shared libraries.
// Elsewhere programs always need those of the system, so others are not checked.
func checkStatic(binary []byte) error {
	f, err := elf.NewFile(bytes.NewReader(binary))
	var format *elf.FormatError
	if errors.As(err, &format) {
		return nil // not a program for Linux
	} else if err != nil {
		return err
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("the program is not static: it names a dynamic linker")
		}
	}
	libraries, err := f.ImportedLibraries()
	if err == nil && len(libraries) > 0 {
		return fmt.Errorf("the program is not static: it needs %v", libraries)
	}
	return nil
}

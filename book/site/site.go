package site

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/book"
	"github.com/strideml/stride/internal/webstyle"
)

//go:embed assets templates
var own embed.FS

// Languages are those of the book. The first is that of readers whose browsers prefer neither.
var Languages = []string{"en", "zh"}

// repository is where the sources can be read.
const repository = "https://github.com/strideml/stride"

// Options of a site. The zero value is the book without live parts.
type Options struct {
	// Files and Chapters are those of the book: by default book.Files and book.Chapters.
	Files    fs.FS
	Chapters []string
	// Live has the files that the live parts load, by name, for the folder
	// assets/live: see BuildLive. If it is nil, the pages say that live parts need them.
	Live map[string][]byte
}

// A Site is the pages of the book and all that they need.
type Site struct {
	files map[string][]byte // by path, with slashes
	// linked are the files of the repository that the texts link to, by the text.
	linked map[string][]string
}

// New makes the site. Its error names every mistake in the texts, with file and line.
func New(o Options) (*Site, error) {
	if o.Files == nil {
		o.Files, o.Chapters = book.Files, book.Chapters
	}
	s := &Site{files: map[string][]byte{}, linked: map[string][]string{}}
	b, err := readBook(o)
	if err != nil {
		return nil, err
	}
	if err := b.render(s); err != nil {
		return nil, err
	}
	return s, s.addAssets(o)
}

// addAssets adds what is not made of the texts.
func (s *Site) addAssets(o Options) error {
	for _, name := range []string{"base.css", "elements.js", "theme.js", "early.js"} {
		data, err := webstyle.File(name)
		if err != nil {
			return err
		}
		s.files["assets/"+name] = data
	}
	if err := s.addTree(own, "assets", "assets"); err != nil {
		return err
	}
	for name, data := range o.Live {
		s.files["assets/live/"+name] = data
	}
	for _, name := range o.Chapters {
		err := s.addTree(o.Files, name+"/figures", "figures/"+name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	index, err := own.ReadFile("templates/index.html")
	if err != nil {
		return err
	}
	s.files["index.html"] = bytes.ReplaceAll(index, []byte("{{policy}}"), []byte(pagePolicy))
	return nil
}

// addTree adds the files of a folder.
func (s *Site) addTree(from fs.FS, folder, to string) error {
	return fs.WalkDir(from, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		s.files[path.Join(to, strings.TrimPrefix(name, folder))] = data
		return nil
	})
}

// Names returns the paths of the site's files, sorted.
func (s *Site) Names() []string {
	var names []string
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// File returns a file of the site.
func (s *Site) File(name string) ([]byte, bool) {
	data, ok := s.files[name]
	return data, ok
}

// Repository returns the files of the repository that the texts link to, by the
// text's path in it. New cannot know whether they exist.
func (s *Site) Repository() map[string][]string { return s.linked }

// Write writes the site into a folder, which is made if it does not exist. Files
// that are there are replaced, others are kept.
func (s *Site) Write(folder string) error {
	for _, name := range s.Names() {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, s.files[name], 0o666); err != nil {
			return fmt.Errorf("write the site: %w", err)
		}
	}
	return nil
}

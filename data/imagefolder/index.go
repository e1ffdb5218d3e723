package imagefolder

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/printable"
)

// IndexName is the name of the file in a folder of pictures that has its [Index].
const IndexName = ".stride-index"

// An Index is what is found in a folder of pictures: their paths, classes, sizes and
// times, and which cannot be read. Listing a folder of millions of pictures and looking
// at the beginning of each takes long, reading its index does not; and of several
// processes one can list a folder for all.
type Index struct {
	path    string // that was named
	found   found
	names   []string         // of the folders in the root
	changed map[string]int64 // when folders below it were changed, in nanoseconds since 1970, by path
}

// OpenIndex returns the index in a folder's file IndexName, if there is one and the
// folders have not been changed since, and otherwise lists the folder, or reads the
// manifest. Of the options Strict, MaxPixels, Workers, Log, Progress and NoIndex count,
// and whether there are Classes.
func OpenIndex(ctx context.Context, path string, options Options) (*Index, error) {
	options.fill()
	if !options.NoIndex {
		x, err := LoadIndex(filepath.Join(path, IndexName))
		why := ""
		if err == nil {
			x.path, x.found.root = path, path
			why = x.Stale()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotFolder):
		case err != nil:
			options.Log(fmt.Sprintf("warning: the index of the pictures is not used: %v", err))
		case why != "":
			options.Log(fmt.Sprintf("warning: the index of the pictures is out of date, so they are listed again: %s", why))
		default:
			return x, x.checkStrict(options)
		}
	}
	return makeIndex(ctx, path, options)
}

// makeIndex lists a folder or reads a manifest.
func makeIndex(ctx context.Context, path string, options Options) (*Index, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, err
	}
	x := &Index{path: path}
	f := &x.found
	switch {
	case info.IsDir():
		f.root, f.changed = path, map[string]int64{}
		if err = f.readFolder(ctx, options); err == nil {
			x.changed = f.changed
			x.names, err = folderNames(path)
		}
	case strings.EqualFold(filepath.Ext(path), ".csv"), strings.EqualFold(filepath.Ext(path), ".tsv"):
		f.root = filepath.Dir(path)
		err = f.readManifest(ctx, path, options)
	default:
		return nil, fmt.Errorf("%s is a file: want a folder with a folder of pictures for each class, or a CSV file with the columns path and label", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", printable.Line(path), err)
	}
	return x, f.check(ctx, options)
}

// Sets divides the pictures, as Open does.
func (x *Index) Sets(options Options) (*Sets, error) {
	options.fill()
	if err := options.check(); err != nil {
		return nil, err
	}
	f := x.found
	for i, split := range f.splits {
		f.splits[i] = maps.Clone(split) // pictures move between them
	}
	sets, err := f.sets(x.path, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", printable.Line(x.path), err)
	}
	return sets, nil
}

// checkStrict reports pictures that cannot be read, which the index has noted.
func (x *Index) checkStrict(options Options) error {
	n := x.found.skipped[skippedUnreadable]
	switch {
	case n == 0:
		return nil
	case options.Strict && len(x.found.unreadable) > 0:
		return errors.New(x.found.unreadable[0].Reason)
	}
	options.Log(fmt.Sprintf("warning: left out: %d pictures that could not be read when the index was made", n))
	return nil
}

// Pictures returns how many pictures there are.
func (x *Index) Pictures() (n int) {
	for _, split := range x.found.splits {
		for _, items := range split {
			n += len(items)
		}
	}
	return n
}

// Stale says why the index does not describe the folder any more; "" if it does.
// It looks at the folders, not at each picture: one whose file is changed in place is
// found when it is read, and left out.
func (x *Index) Stale() string {
	if x.changed == nil {
		return "a manifest has no folders to compare"
	}
	names, err := folderNames(x.found.root)
	switch {
	case err != nil:
		return err.Error()
	case !slices.Equal(names, x.names):
		return "there are other folders than when it was made"
	}
	for _, path := range slices.Sorted(maps.Keys(x.changed)) {
		info, err := os.Stat(filepath.Join(x.found.root, path))
		switch {
		case err != nil:
			return err.Error()
		case info.ModTime().UnixNano() != x.changed[path]:
			return "pictures were added to or taken from " + printable.Line(path)
		}
	}
	return ""
}

// Differs says how the pictures on this machine differ from those of the index, of which it
// looks at some, evenly spread; "" if they do not. It tells a copy of a folder, where
// files have times of their own, from the folder itself, on a disk that machines share.
func (x *Index) Differs() string {
	const most = 64
	n := x.Pictures()
	every, at := max(1, n/most), 0
	for _, split := range x.found.splits {
		for _, label := range slices.Sorted(maps.Keys(split)) {
			for _, item := range split[label] {
				if at++; (at-1)%every != 0 {
					continue
				}
				path := filePath(x.found.root, item.Path)
				switch info, err := os.Stat(path); {
				case err != nil:
					return err.Error()
				case info.Size() != item.Size:
					return fmt.Sprintf("%s has %d bytes, want %d", printable.Line(path), info.Size(), item.Size)
				case info.ModTime().UnixNano() != item.ModTime:
					return printable.Line(path) + " was changed at another time"
				}
			}
		}
	}
	return ""
}

// folderNames returns the names of the folders in a folder, sorted.
func folderNames(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if skipName(entry.Name()) != "" {
			continue
		}
		if info, err := entryInfo(dir, entry); err == nil && info.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// Save writes the index to the file IndexName of its folder.
func (x *Index) Save() error {
	if x.changed == nil {
		return fmt.Errorf("%s is a list of pictures already: a folder has an index", printable.Line(x.path))
	}
	return atomicfile.WriteFile(filepath.Join(x.found.root, IndexName), x.Write)
}

// The lines of an index begin with what they are.
const (
	indexVersion   = "stride index of pictures, version 1"
	lineRoot       = "root"
	lineFolder     = "folder"
	lineClass      = "class"
	linePicture    = "picture"
	lineSkipped    = "skipped"
	lineFormat     = "format"
	lineUnreadable = "unreadable"
	lineEnd        = "end"
)

// Write writes the index: lines of words between tabs, names quoted as in Go,
// compressed with gzip.
func (x *Index) Write(w io.Writer) error {
	zip := gzip.NewWriter(w)
	out := bufio.NewWriter(zip)
	line := func(words ...any) {
		for i, word := range words {
			if i > 0 {
				_ = out.WriteByte('\t') // Flush returns the error
			}
			fmt.Fprint(out, word)
		}
		_ = out.WriteByte('\n')
	}
	f := &x.found
	line(indexVersion)
	for _, name := range x.names {
		line(lineRoot, strconv.Quote(name))
	}
	for _, path := range slices.Sorted(maps.Keys(x.changed)) {
		line(lineFolder, strconv.Quote(path), x.changed[path])
	}
	for at, split := range f.splits {
		if split == nil {
			continue
		}
		for _, label := range slices.Sorted(maps.Keys(split)) {
			line(lineClass, at, strconv.Quote(label))
			for _, p := range split[label] {
				line(linePicture, strconv.Quote(p.Path), p.Size, p.ModTime)
			}
		}
	}
	for _, why := range slices.Sorted(maps.Keys(f.skipped)) {
		line(lineSkipped, strconv.Quote(why), f.skipped[why])
	}
	for _, format := range slices.Sorted(maps.Keys(f.formats)) {
		line(lineFormat, strconv.Quote(format), f.formats[format])
	}
	for _, u := range f.unreadable {
		line(lineUnreadable, strconv.Quote(u.Path), strconv.Quote(u.Label), strconv.Quote(u.Reason))
	}
	line(lineEnd, x.Pictures())
	if err := out.Flush(); err != nil {
		return err
	}
	return zip.Close()
}

var errNotFolder = errors.New("not a folder")

// LoadIndex reads an index that Save has written.
func LoadIndex(path string) (*Index, error) {
	if info, err := os.Stat(filepath.Dir(path)); err == nil && !info.IsDir() {
		return nil, errNotFolder
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	x, err := ReadIndex(bufio.NewReader(file), filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; make it again, or delete it", path, err)
	}
	return x, nil
}

// ReadIndex reads what Write has written. path is the folder or the manifest on this
// machine.
func ReadIndex(r io.Reader, path string) (*Index, error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	x := &Index{path: path, found: found{root: path}, changed: map[string]int64{}}
	x.found.skipped, x.found.formats = map[string]int{}, map[string]int{}
	p := indexParser{Index: x}
	lines := bufio.NewScanner(zip)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		if err := p.line(number, lines.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !p.ended {
		return nil, errors.New("its end is missing")
	}
	if len(x.names) == 0 { // of a manifest
		x.found.root, x.changed = filepath.Dir(path), nil
	}
	return x, nil
}

// An indexParser reads an index line by line.
type indexParser struct {
	*Index
	split map[string][]Item // of the class that pictures belong to
	label string
	ended bool
}

func (p *indexParser) line(number int, text string) error {
	words := strings.Split(text, "\t")
	name := func(i int) (s string, err error) {
		if len(words) <= i {
			return "", errors.New("it is too short")
		}
		return strconv.Unquote(words[i])
	}
	whole := func(i int) (int64, error) {
		if len(words) <= i {
			return 0, errors.New("it is too short")
		}
		return strconv.ParseInt(words[i], 10, 64)
	}
	counted := func(counts map[string]int) error {
		what, err := name(1)
		n, err2 := whole(2)
		counts[what] = int(n)
		return errors.Join(err, err2)
	}
	switch {
	case number == 1:
		if text != indexVersion {
			return fmt.Errorf("it is %q, want %q", printable.Line(text[:min(len(text), 60)]), indexVersion)
		}
		return nil
	case p.ended:
		return errors.New("it is after the end")
	}
	switch words[0] {
	case lineRoot:
		one, err := name(1)
		p.names = append(p.names, one)
		return err
	case lineFolder:
		path, err := name(1)
		if err == nil && !filepath.IsLocal(path) {
			err = fmt.Errorf("%q is outside of the folder", path)
		}
		if err != nil {
			return err
		}
		p.changed[path], err = whole(2)
		return err
	case lineClass:
		return p.class(whole, name)
	case linePicture:
		return p.picture(whole, name)
	case lineSkipped:
		return counted(p.found.skipped)
	case lineFormat:
		return counted(p.found.formats)
	case lineUnreadable:
		path, err := name(1)
		label, err2 := name(2)
		reason, err3 := name(3)
		p.found.unreadable = append(p.found.unreadable, Unreadable{path, label, reason})
		return errors.Join(err, err2, err3)
	case lineEnd:
		n, err := whole(1)
		if err == nil && int(n) != p.Pictures() {
			err = fmt.Errorf("there are %d pictures, want %d", p.Pictures(), n)
		}
		p.ended = true
		return err
	}
	return fmt.Errorf("it begins with %q", printable.Line(words[0][:min(len(words[0]), 60)]))
}

func (p *indexParser) class(whole func(int) (int64, error), name func(int) (string, error)) error {
	at, err := whole(1)
	if err == nil && (at < 0 || int(at) >= len(p.found.splits)) {
		err = fmt.Errorf("there is no split %d", at)
	}
	if err != nil {
		return err
	}
	if p.label, err = name(2); err != nil {
		return err
	}
	if p.found.splits[at] == nil {
		p.found.splits[at] = map[string][]Item{}
	}
	p.split = p.found.splits[at]
	p.split[p.label] = nil
	return nil
}

func (p *indexParser) picture(whole func(int) (int64, error), name func(int) (string, error)) error {
	path, err := name(1)
	if err != nil {
		return err
	}
	size, err := whole(2)
	if err != nil {
		return err
	}
	changed, err := whole(3)
	switch {
	case err != nil:
		return err
	case p.split == nil:
		return errors.New("a picture comes before its class")
	case len(p.names) > 0 && !filepath.IsLocal(filepath.FromSlash(path)):
		return fmt.Errorf("%q is outside of the folder", path)
	}
	p.split[p.label] = append(p.split[p.label], Item{Path: path, Size: size, ModTime: changed})
	return nil
}

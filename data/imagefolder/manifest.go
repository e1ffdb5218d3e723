package imagefolder

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// columns are the places of a manifest's columns; split is −1 if there is none.
type columns struct{ path, label, split int }

// readManifest finds the pictures that a CSV file lists.
func (f *found) readManifest(ctx context.Context, path string, options Options) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReader(file)
	start, _ := in.Peek(1024) // what cannot be read, the reader below reports
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3) // they were peeked
		start = start[3:]
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return errors.New("it is in UTF-16: save it as CSV in UTF-8")
	}
	rows := csv.NewReader(in)
	rows.Comma = separator(start)
	rows.FieldsPerRecord = -1 // so that the error can say more
	rows.ReuseRecord = true
	rows.TrimLeadingSpace = rows.Comma != '\t'
	header, err := rows.Read()
	if err == io.EOF {
		return errors.New("it is empty: want a header with the columns path, label and, if wanted, split")
	}
	if err != nil {
		return err
	}
	at, err := findColumns(header)
	if err != nil {
		return err
	}
	labels := map[string]string{} // by path
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		line, _ := rows.FieldPos(0)
		if err := f.addRow(row, at, labels, options); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if f.pictures%1000 == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			options.Progress(f.pictures, 0)
		}
	}
	if len(labels) == 0 {
		return errors.New("it lists no pictures: want a line with path and label for each")
	}
	return nil
}

// separator is the character between a header's columns.
func separator(start []byte) rune {
	header, _, _ := bytes.Cut(start, []byte("\n"))
	for _, c := range ",;\t" {
		if bytes.ContainsRune(header, c) {
			return c
		}
	}
	return ','
}

func findColumns(header []string) (columns, error) {
	place := func(name string) int {
		return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
	}
	c := columns{place("path"), place("label"), place("split")}
	if c.path < 0 || c.label < 0 {
		return c, fmt.Errorf("its header is %s: want the columns path, label and, if wanted, split", quote(strings.Join(header, ",")))
	}
	return c, nil
}

// addRow adds a picture.
func (f *found) addRow(row []string, at columns, labels map[string]string, options Options) error {
	if want := max(at.path, at.label, at.split) + 1; len(row) < want {
		return fmt.Errorf("it has %d columns: want %d, as the header has", len(row), want)
	}
	name, label := strings.TrimSpace(row[at.path]), strings.TrimSpace(row[at.label])
	switch {
	case name == "":
		return errors.New("the path is empty")
	case label == "":
		return fmt.Errorf("%s has no label", quote(name))
	}
	split := 0
	if at.split >= 0 {
		if split = splitOf(strings.TrimSpace(row[at.split])); split < 0 {
			return fmt.Errorf("%s is in the split %s: want train, val or test", quote(name), quote(row[at.split]))
		}
	}
	item, err := f.manifestItem(name)
	if other, twice := labels[item.Path]; twice {
		if other != label {
			return fmt.Errorf("%s has the label %s, and had %s before", quote(name), quote(label), quote(other))
		}
		f.skip(skippedDuplicate)
		return nil
	}
	labels[strings.Clone(item.Path)] = label
	if err != nil {
		if options.Strict {
			return err
		}
		f.leaveOut(item.Path, label, err, options)
		return nil
	}
	if f.splits[split] == nil {
		f.splits[split] = map[string][]Item{}
	}
	f.splits[split][label] = append(f.splits[split][label], item)
	f.pictures++
	return nil
}

// manifestItem finds a picture by its path from the manifest's folder, or from the
// file system's root. Windows' separators are understood where such a file is not
// there.
func (f *found) manifestItem(name string) (Item, error) {
	item := Item{Path: filepath.ToSlash(filepath.Clean(filepath.FromSlash(name)))}
	info, err := os.Stat(f.file(item))
	if errors.Is(err, fs.ErrNotExist) && strings.Contains(name, `\`) {
		other := Item{Path: filepath.ToSlash(filepath.Clean(filepath.FromSlash(strings.ReplaceAll(name, `\`, "/"))))}
		if found, err2 := os.Stat(f.file(other)); err2 == nil {
			item, info, err = other, found, nil
		}
	}
	switch {
	case err != nil:
		return item, err
	case !info.Mode().IsRegular():
		return item, fmt.Errorf("%s is not a file", f.file(item))
	}
	item.Size, item.ModTime = info.Size(), info.ModTime().UnixNano()
	return item, nil
}

// file is the path of a picture for the operating system.
func (f *found) file(item Item) string { return filePath(f.root, item.Path) }

func filePath(root, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

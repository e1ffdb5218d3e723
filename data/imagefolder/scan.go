package imagefolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/printable"
)

// Why files are skipped, as Summary.Skipped counts them.
const (
	skippedHidden     = "hidden"
	skippedSystem     = "left by the operating system"
	skippedNoPicture  = "not a picture by its name"
	skippedSpecial    = "not a regular file"
	skippedLink       = "link that leads nowhere or back"
	skippedUnreadable = "unreadable"
	skippedDuplicate  = "named twice"
)

// extensions are those of pictures. The second kind cannot be read: they are found
// so that they are reported.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".jpe": true, ".jfif": true, ".png": true, ".gif": true, ".bmp": true, ".webp": true,
	".heic": false, ".heif": false, ".avif": false, ".tif": false, ".tiff": false, ".jxl": false, ".jp2": false, ".ppm": false, ".pgm": false,
}

func isPicture(name string) bool {
	_, ok := extensions[strings.ToLower(filepath.Ext(name))]
	return ok
}

// skipName says why a file or a folder of a name is skipped; "" if it is not.
func skipName(name string) string {
	switch {
	case strings.HasPrefix(name, "."): // macOS's ._photo.jpg and .ipynb_checkpoints, too
		return skippedHidden
	case name == "__MACOSX", strings.EqualFold(name, "Thumbs.db"), strings.EqualFold(name, "desktop.ini"):
		return skippedSystem
	}
	return ""
}

// readFolder finds the pictures of a folder.
func (f *found) readFolder(ctx context.Context, options Options) error {
	folders, pictures, err := f.list(f.root)
	if err != nil {
		return err
	}
	splits, others := map[int]string{}, []string(nil)
	for _, name := range folders {
		at := splitOf(name)
		switch first, twice := splits[at]; {
		case at < 0:
			others = append(others, name)
		case twice:
			return fmt.Errorf("the folders %s and %s are for the same purpose: put their pictures together", quote(first), quote(name))
		default:
			splits[at] = name
		}
	}
	_, train := splits[0]
	switch {
	case len(folders) == 0 && pictures > 0:
		return fmt.Errorf("its %s in no folder of a class: want a folder for each class, with its pictures", picturesAre(pictures))
	case len(folders) == 0:
		return fmt.Errorf("there are no pictures in it%s: want a folder for each class, with its pictures", f.otherHint())
	case len(others) == 0 && !train && options.Classes == nil:
		return fmt.Errorf("there is %s but no folder train: want train beside it, or a folder for each class", quote(folders[0]))
	case train && len(splits) > 1 && len(others) > 0:
		return fmt.Errorf("beside train and %s there is the folder %s: move it away, or move the classes out of train", quote(splits[max(1, slices.Max(keys(splits)))]), quote(others[0]))
	case len(others) == 0:
		for at, name := range splits {
			labels, loose, err := f.list(filepath.Join(f.root, name))
			if err != nil {
				return err
			}
			if f.splits[at], err = f.classes(ctx, name, labels, loose, options); err != nil {
				return err
			}
		}
	default:
		if f.splits[0], err = f.classes(ctx, "", folders, pictures, options); err != nil {
			return err
		}
	}
	total := 0
	for _, split := range f.splits {
		for _, items := range split {
			total += len(items)
		}
	}
	if total == 0 {
		return fmt.Errorf("there are no pictures in its folders%s: want PNG, JPEG, GIF, BMP or WebP files in a folder for each class", f.otherHint())
	}
	return nil
}

func keys(m map[int]string) (all []int) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

func picturesAre(n int) string {
	if n == 1 {
		return "only picture is"
	}
	return fmt.Sprintf("%d pictures are", n)
}

// otherHint says what is there in place of pictures.
func (f *found) otherHint() string {
	if len(f.manifests) > 0 {
		return fmt.Sprintf(" (if %s lists pictures, name that file)", quote(f.manifests[0]))
	}
	if n := f.skipped[skippedNoPicture]; n > 0 {
		return fmt.Sprintf(", but %d other files", n)
	}
	return ""
}

// list returns the names of the folders in a folder, sorted, and how many pictures
// are beside them.
func (f *found) list(dir string) (folders []string, pictures int, err error) {
	f.noteChanged(dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, unlistable(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if why := skipName(name); why != "" {
			f.skip(why)
			continue
		}
		info, err := entryInfo(dir, entry)
		switch {
		case err != nil:
			f.skip(skippedLink)
		case info.IsDir():
			folders = append(folders, name)
		case isPicture(name):
			pictures++
		default:
			f.skip(skippedNoPicture)
			if strings.EqualFold(filepath.Ext(name), ".csv") && dir == f.root {
				f.manifests = append(f.manifests, name)
			}
		}
	}
	return folders, pictures, nil
}

// noteChanged notes when a folder below the root was changed, before it is listed.
func (f *found) noteChanged(dir string) {
	path, err := filepath.Rel(f.root, dir)
	if f.changed == nil || err != nil || path == "." { // its index is written into the root
		return
	}
	if info, err := os.Stat(dir); err == nil {
		f.changed[path] = info.ModTime().UnixNano()
	}
}

// entryInfo is what an entry of a folder is, behind a link if it is one.
func entryInfo(dir string, entry fs.DirEntry) (fs.FileInfo, error) {
	if entry.Type()&fs.ModeSymlink != 0 {
		return os.Stat(filepath.Join(dir, entry.Name()))
	}
	return entry.Info()
}

func unlistable(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the folder cannot be listed: permission is denied: %w", err)
	}
	return err
}

// classes finds the pictures of each class in a folder of the root, "" for the root
// itself. loose is how many pictures are in no class.
func (f *found) classes(ctx context.Context, dir string, labels []string, loose int, options Options) (map[string][]Item, error) {
	where := cmpOr(dir, "the folder itself")
	switch {
	case len(labels) == 0 && loose > 0:
		return nil, fmt.Errorf("%s has %d pictures in no folder of a class: want a folder for each class", where, loose)
	case len(labels) == 0:
		return nil, fmt.Errorf("%s has no folders: want a folder for each class, with its pictures", where)
	case loose > 0:
		options.Log(fmt.Sprintf("warning: %d pictures lie in %s beside the folders of the classes: they are not used", loose, where))
	}
	real, err := filepath.EvalSymlinks(filepath.Join(f.root, dir))
	if err != nil {
		return nil, err
	}
	all := map[string][]Item{}
	for _, label := range labels {
		w := walker{found: f, ctx: ctx, options: options, seen: map[string]bool{}}
		if err := w.walk(filepath.Join(dir, label), real); err != nil {
			return nil, err
		}
		all[label] = w.items
	}
	return all, nil
}

func cmpOr(dir, otherwise string) string {
	if dir == "" {
		return otherwise
	}
	return printable.Line(dir)
}

// A walker finds the pictures of one class.
type walker struct {
	*found
	ctx     context.Context
	options Options
	seen    map[string]bool // folders without links in their paths
	items   []Item
}

// walk reads a folder, a path from the root, and all below it. above is the folder
// that it was found in, without links in its path. A link to a folder that is being
// walked, or whose pictures are known already, is skipped.
func (w *walker) walk(dir, above string) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	full := filepath.Join(w.root, dir)
	real, err := filepath.EvalSymlinks(full)
	if err != nil {
		return err
	}
	if w.seen[real] || strings.HasPrefix(above+string(filepath.Separator), strings.TrimSuffix(real, string(filepath.Separator))+string(filepath.Separator)) {
		w.skip(skippedLink)
		return nil
	}
	w.seen[real] = true
	w.noteChanged(full)
	entries, err := os.ReadDir(full) // sorted by name
	if err != nil {
		return unlistable(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if why := skipName(name); why != "" {
			w.skip(why)
			continue
		}
		if entry.Type().IsRegular() && !isPicture(name) { // what it is need not be asked
			w.skip(skippedNoPicture)
			continue
		}
		info, err := entryInfo(full, entry)
		switch {
		case err != nil && entry.Type()&fs.ModeSymlink != 0:
			w.skip(skippedLink)
		case err != nil && !errors.Is(err, fs.ErrNotExist): // it may be deleted meanwhile
			return err
		case err != nil:
		case info.IsDir():
			if err := w.walk(filepath.Join(dir, name), real); err != nil {
				return err
			}
		case !isPicture(name):
			w.skip(skippedNoPicture)
		case !info.Mode().IsRegular():
			w.skip(skippedSpecial)
		default:
			w.items = append(w.items, Item{Path: filepath.ToSlash(filepath.Join(dir, name)), Size: info.Size(), ModTime: info.ModTime().UnixNano()})
			if w.pictures++; w.pictures%1000 == 0 {
				w.options.Progress(w.pictures, 0)
			}
		}
	}
	return nil
}

package imagecache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/data/raster"
)

// version is part of the settings. It changes when the format of the files does, or
// when a picture file is decoded or resized to other values than before.
const version = "stride picture cache 2"

// DefaultLimit is the most that a cache takes, in bytes, unless Options say
// otherwise: 20 GB.
const DefaultLimit = 20_000_000_000

const (
	leastFree  = 1_000_000_000 // bytes that stay free on the disk
	freeEvery  = 64_000_000    // bytes stored between two looks at what is free
	touchEvery = 10 * time.Minute
	// unusedFor is how long a dataset must not have been used to be deleted.
	unusedFor = 24 * time.Hour
	// usedFile marks a dataset's folder; its time is when the dataset was last used.
	// A folder without it is not the cache's, and stays as it is.
	usedFile  = "stride-picture-cache"
	tempStart = "tmp-"
	goneStart = "deleted-" // of a dataset's folder that is being deleted
)

// Dir returns the folder that a choice means: the user's cache folder, followed by
// stride/pictures, for "auto"; "" for "off"; any other choice is a folder itself. It
// is an error where the system has no cache folder.
func Dir(choice string) (string, error) {
	switch choice {
	case "off", "":
		return "", nil
	case "auto":
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder: %w", err)
		}
		return filepath.Join(dir, "stride", "pictures"), nil
	}
	return choice, nil
}

// Options are the choices of Open.
type Options struct {
	// Dir is the cache's folder, made if need be. Without it there is no cache.
	Dir string
	// Limit is the most that the cache takes, in bytes; 0 means DefaultLimit.
	Limit int64
	// Log, if not nil, is given a line when the cache stores nothing more.
	Log func(line string)
}

// Stats says what a cache has done since it was opened.
type Stats struct {
	// Found and Missed are how many pictures were asked for and were there or not.
	Found, Missed int
	// Stored is how many were stored.
	Stored int
}

// A Cache keeps the pictures of one dataset. It is safe for concurrent use.
type Cache struct {
	dir, folder string // the whole cache; this dataset's part
	description string // what usedFile holds
	limit       int64
	log         func(string)

	off                   atomic.Bool // nothing more is stored
	touched               atomic.Int64
	found, missed, stored atomic.Int64

	mu      sync.Mutex
	bytes   int64     // that the cache takes
	unseen  int64     // bytes stored since the last look at what is free
	evictor []dataset // other datasets, the one not used for longest first
}

// A dataset is a folder of the cache.
type dataset struct {
	folder string
	used   time.Time
	bytes  int64
}

// Open opens the part of a cache that holds the pictures of a dataset, named by its
// folder for example, as settings make them: a text in which everything stands that
// the values of a picture depend on. It returns nil if options name no folder, and
// an error if the folder cannot be made or listed.
func Open(options Options, name, settings string) (*Cache, error) {
	if options.Dir == "" {
		return nil, nil
	}
	c := &Cache{dir: options.Dir, limit: options.Limit, log: options.Log}
	if c.limit == 0 {
		c.limit = DefaultLimit
	}
	if c.log == nil {
		c.log = func(string) {}
	}
	c.description = strings.Join([]string{version, name, settings}, "\n") + "\n"
	sum := sha256.Sum256([]byte(c.description))
	c.folder = filepath.Join(c.dir, hex.EncodeToString(sum[:12]))
	// The pictures may be private: nobody else can list the folder.
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return nil, fmt.Errorf("picture cache: %w", err)
	}
	if err := c.list(); err != nil {
		return nil, fmt.Errorf("picture cache: %w", err)
	}
	if free, ok := freeBytes(c.dir); ok {
		c.limit = min(c.limit, c.bytes+free/2)
	}
	if err := c.mark(); err != nil {
		c.stop(err)
	}
	c.touched.Store(time.Now().UnixNano())
	return c, nil
}

// mark writes usedFile.
func (c *Cache) mark() error {
	return os.WriteFile(filepath.Join(c.folder, usedFile), []byte(c.description), 0o600)
}

// list finds how much the cache takes, and removes what killed processes left.
func (c *Cache) list() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		folder := filepath.Join(c.dir, entry.Name())
		if strings.HasPrefix(entry.Name(), goneStart) {
			os.RemoveAll(folder) // of a process that was killed
			continue
		}
		used, err := os.Stat(filepath.Join(folder, usedFile))
		if folder != c.folder && err != nil {
			continue // not a dataset of ours
		}
		d := dataset{folder: folder, bytes: size(folder)}
		c.bytes += d.bytes
		if folder == c.folder || time.Since(used.ModTime()) < unusedFor {
			continue
		}
		d.used = used.ModTime()
		at := 0
		for at < len(c.evictor) && c.evictor[at].used.Before(d.used) {
			at++
		}
		c.evictor = append(c.evictor[:at], append([]dataset{d}, c.evictor[at:]...)...)
	}
	return nil
}

// size adds up the files of a dataset. Files that are being changed meanwhile do
// not matter.
func size(folder string) (total int64) {
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		if strings.HasPrefix(entry.Name(), tempStart) && time.Since(info.ModTime()) > time.Hour {
			os.Remove(path)
			return nil
		}
		total += info.Size()
		return nil
	})
	return total
}

// Stats returns what the cache has done since it was opened.
func (c *Cache) Stats() Stats {
	if c == nil {
		return Stats{}
	}
	return Stats{int(c.found.Load()), int(c.missed.Load()), int(c.stored.Load())}
}

// A Key names a picture: its path in the dataset, and the size and the time of
// change of its file.
type Key struct {
	Path    string
	Size    int64
	ModTime time.Time
}

// path is where a picture is kept.
func (c *Cache) path(k Key) string {
	sum := sha256.Sum256([]byte(k.Path))
	name := hex.EncodeToString(sum[:16])
	return filepath.Join(c.folder, name[:2], name[2:])
}

// Get reads a picture into r, whose memory it uses again, with the warning that was
// stored with it. It reports false if the cache does not have it.
func (c *Cache) Get(k Key, r *raster.Raster) (warning string, ok bool) {
	if c == nil {
		return "", false
	}
	c.touch()
	if warning, ok = readFile(c.path(k), k, r); ok {
		c.found.Add(1)
	} else {
		c.missed.Add(1)
	}
	return warning, ok
}

// touch says now and then that the dataset is in use.
func (c *Cache) touch() {
	now, last := time.Now(), c.touched.Load()
	if now.UnixNano()-last > int64(touchEvery) && c.touched.CompareAndSwap(last, now.UnixNano()) {
		_ = os.Chtimes(filepath.Join(c.folder, usedFile), now, now) // it only makes the folder look older
	}
}

// Put stores a picture with a warning, if there is one. What goes wrong is told to
// Options.Log, and ends the storing but nothing else.
func (c *Cache) Put(k Key, r *raster.Raster, warning string) {
	if c == nil || c.off.Load() || r.Check() != nil {
		return
	}
	path := c.path(k)
	bytes := fileSize(k, r, warning)
	if !c.makeRoom(bytes) {
		return
	}
	err := writeFile(path, k, r, warning)
	if errors.Is(err, fs.ErrNotExist) { // the first of its folder
		err = os.MkdirAll(filepath.Dir(path), 0o700)
		if _, gone := os.Stat(filepath.Join(c.folder, usedFile)); err == nil && gone != nil {
			err = c.mark() // another process has deleted all
		}
		if err == nil {
			err = writeFile(path, k, r, warning)
		}
	}
	if err != nil {
		c.stop(err)
		return
	}
	c.stored.Add(1)
}

// makeRoom counts a file of so many bytes, and deletes other datasets for it.
func (c *Cache) makeRoom(bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.bytes+bytes > c.limit && len(c.evictor) > 0 {
		old := c.evictor[0]
		c.evictor = c.evictor[1:]
		if used, err := os.Stat(filepath.Join(old.folder, usedFile)); err != nil || time.Since(used.ModTime()) < unusedFor {
			continue // another process uses it by now, or has deleted it
		}
		gone := filepath.Join(c.dir, goneStart+filepath.Base(old.folder)) // at once, for other processes
		if os.Rename(old.folder, gone) == nil && os.RemoveAll(gone) == nil {
			c.bytes -= old.bytes
		}
	}
	if c.bytes+bytes > c.limit {
		c.stop(fmt.Errorf("it is full with %.1f GB", float64(c.bytes)/1e9))
		return false
	}
	if c.unseen == 0 || c.unseen > freeEvery {
		c.unseen = 0
		if free, ok := freeBytes(c.dir); ok && free < leastFree+bytes {
			c.stop(fmt.Errorf("less than %d GB is free on its disk", leastFree/1_000_000_000))
			return false
		}
	}
	c.unseen += bytes
	c.bytes += bytes
	return true
}

// stop ends the storing.
func (c *Cache) stop(why error) {
	if c.off.CompareAndSwap(false, true) {
		c.log(fmt.Sprintf("The picture cache %s stores nothing more: %v. Other pictures are decoded again in each epoch.", c.dir, why))
	}
}

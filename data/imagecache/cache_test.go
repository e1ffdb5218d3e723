package imagecache

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/data/raster"
)

func open(t testing.TB, options Options, name, settings string) *Cache {
	t.Helper()
	c, err := Open(options, name, settings)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// picture has values that depend on n.
func picture(n, side int) *raster.Raster {
	r := raster.New(3, side, side)
	for i := range r.Pix {
		r.Pix[i] = uint8(i*n + n)
	}
	return r
}

func key(n int) Key {
	return Key{fmt.Sprintf("cats/%d.jpg", n), int64(1000 + n), time.Unix(int64(n), 7)}
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "cache")
	options := Options{Dir: dir, Log: func(line string) { t.Error(line) }}
	c := open(t, options, "/photos", "256")
	got := &raster.Raster{}
	if _, ok := c.Get(key(1), got); ok {
		t.Fatal("an empty cache has a picture")
	}
	for n := range 5 {
		c.Put(key(n), picture(n, 10+n), strings.Repeat("w", n))
	}
	same := func(c *Cache, n int) bool {
		warning, ok := c.Get(key(n), got)
		return ok && warning == strings.Repeat("w", n) && string(got.Pix) == string(picture(n, 10+n).Pix) && got.Height == 10+n && got.Width == 10+n && got.Channels == 3
	}
	again := open(t, options, "/photos", "256")
	for n := range 5 {
		if !same(c, n) || !same(again, n) {
			t.Errorf("picture %d is not as it was", n)
		}
	}
	if s := c.Stats(); s != (Stats{Found: 5, Missed: 1, Stored: 5}) {
		t.Errorf("%+v", s)
	}
	if again.bytes != c.bytes+int64(len(version+"\n/photos\n256\n")) {
		t.Errorf("counted %d bytes, found %d", c.bytes, again.bytes)
	}
	other := key(2)
	other.Size++
	later := key(2)
	later.ModTime = later.ModTime.Add(1)
	for what, missing := range map[string]struct {
		c *Cache
		k Key
	}{"another dataset": {open(t, options, "/others", "256"), key(2)}, "other settings": {open(t, options, "/photos", "224"), key(2)},
		"another size": {c, other}, "another time": {c, later}} {
		if _, ok := missing.c.Get(missing.k, got); ok {
			t.Errorf("%s: found", what)
		}
	}
	c.Put(later, picture(9, 3), "") // the changed file's picture takes the old one's place
	if _, ok := c.Get(later, got); !ok || got.Height != 3 {
		t.Error("a changed picture is not stored")
	}
	if same(c, 2) {
		t.Error("the old picture is still there")
	}
}

// TestDamage: a file with any byte changed or cut is as none.
func TestDamage(t *testing.T) {
	c := open(t, Options{Dir: t.TempDir()}, "d", "s")
	c.Put(key(3), picture(3, 4), "warned")
	path := c.path(key(3))
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, file []byte) {
		t.Helper()
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Get(key(3), &raster.Raster{}); ok {
			t.Errorf("%s: found", what)
		}
	}
	for i := range file {
		changed := append([]byte(nil), file...)
		changed[i] ^= 0x40
		try(fmt.Sprintf("byte %d changed", i), changed)
	}
	for n := range file {
		try(fmt.Sprintf("%d bytes", n), file[:n])
	}
	try("a byte more", append(file, 0))
}

func TestOff(t *testing.T) {
	for choice, want := range map[string]string{"off": "", "": "", "/x/y": "/x/y"} {
		if dir, err := Dir(choice); dir != want || err != nil {
			t.Errorf("%q: %q, %v", choice, dir, err)
		}
	}
	t.Setenv("XDG_CACHE_HOME", "/home/me/cache")
	t.Setenv("HOME", "/home/me")
	if dir, err := Dir("auto"); err != nil || !strings.HasSuffix(dir, filepath.Join("stride", "pictures")) {
		t.Errorf("auto: %q, %v", dir, err)
	}
	c := open(t, Options{}, "d", "s")
	c.Put(key(1), picture(1, 2), "")
	if _, ok := c.Get(key(1), &raster.Raster{}); ok || c != nil || c.Stats() != (Stats{}) {
		t.Error("a cache that is off has a picture")
	}
}

// TestLimit: the cache stores no more than it may, deletes datasets that were not
// used for a day, and says once that it is full.
func TestLimit(t *testing.T) {
	dir := t.TempDir()
	old, fresh := open(t, Options{Dir: dir}, "old", ""), open(t, Options{Dir: dir}, "fresh", "")
	old.Put(key(1), picture(1, 100), "")
	fresh.Put(key(1), picture(1, 100), "")
	day := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(old.folder, usedFile), day, day); err != nil {
		t.Fatal(err)
	}
	var lines []string
	c := open(t, Options{Dir: dir, Limit: 110_000, Log: func(line string) { lines = append(lines, line) }}, "new", "")
	for n := range 5 { // 30 kB each
		c.Put(key(n), picture(n, 100), "")
	}
	if _, err := os.Stat(old.folder); err == nil {
		t.Error("the dataset that was not used for a day is there")
	}
	if _, ok := fresh.Get(key(1), &raster.Raster{}); !ok {
		t.Error("the dataset in use is gone")
	}
	if s := c.Stats(); s.Stored != 2 || len(lines) != 1 || !strings.Contains(lines[0], "stores nothing more: it is full with 0.0 GB") {
		t.Errorf("%+v, %q", s, lines)
	}
	if total := size(dir); total > 110_000 {
		t.Errorf("the cache has %d bytes", total)
	}
}

// TestNoRoom: a folder that cannot be written ends the storing, not the reading.
func TestNoRoom(t *testing.T) {
	var lines []string
	c := open(t, Options{Dir: t.TempDir(), Log: func(line string) { lines = append(lines, line) }}, "d", "")
	c.Put(key(1), picture(1, 4), "")
	if err := os.WriteFile(filepath.Dir(c.path(key(2))), nil, 0o600); err != nil { // where a folder should be
		t.Fatal(err)
	}
	c.Put(key(2), picture(2, 4), "")
	c.Put(key(3), picture(3, 4), "")
	if _, ok := c.Get(key(1), &raster.Raster{}); !ok || len(lines) != 1 || !strings.Contains(lines[0], "stores nothing more") {
		t.Errorf("%v, %q", ok, lines)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: file}, "d", ""); err == nil || !strings.HasPrefix(err.Error(), "picture cache: ") {
		t.Error(err)
	}
}

// TestLeftovers: what a killed process left is removed.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	c := open(t, Options{Dir: dir}, "d", "")
	c.Put(key(1), picture(1, 4), "")
	temp, gone := filepath.Join(filepath.Dir(c.path(key(1))), tempStart+"1"), filepath.Join(dir, goneStart+"x")
	if err := os.WriteFile(temp, make([]byte, 50), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(gone, 0o700); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir}, "d", "")
	if _, err := os.Stat(temp); err != nil {
		t.Error("a file that may be written to is removed")
	}
	hours := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(temp, hours, hours); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir}, "d", "")
	for _, path := range []string{temp, gone} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}

// TestManyAtOnce has two caches in one folder that store and read the same pictures.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 2 {
		c := open(t, Options{Dir: dir, Log: func(line string) { t.Error(line) }}, "d", "")
		for range 4 {
			all.Go(func() {
				got := &raster.Raster{}
				for i := range 60 {
					n := i % 12
					if _, ok := c.Get(key(n), got); ok && string(got.Pix) != string(picture(n, 20).Pix) {
						t.Errorf("picture %d is not as it was stored", n)
					}
					c.Put(key(n), picture(n, 20), "")
				}
			})
		}
	}
	all.Wait()
}

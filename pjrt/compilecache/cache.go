// Package compilecache keeps programs that a PJRT plugin has compiled on disk, so that
// they need not be compiled a second time. Compiling a network for a GPU can take
// minutes; loading it takes less than a second.
package compilecache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/pjrt"
)

// DefaultLimit is the size in bytes that a cache of [Default] does not exceed.
const DefaultLimit = 2 << 30

// A Cache is a folder of compiled programs. Any number of goroutines and processes can
// use the same folder at the same time.
//
// A compiled program is machine code: whoever can write to the folder can run code in
// the processes that use it. So a folder that other users can write to, or that
// belongs to another user, is not used.
type Cache struct {
	// Dir is the folder. It is made when it is needed.
	Dir string
	// Limit is how many bytes the folder may hold. When it holds more, the programs
	// that were not used for the longest time are removed.
	Limit int64
}

// Default is the cache in the user's folder for such files: $XDG_CACHE_HOME/stride/xla
// on Linux, ~/.cache/stride/xla without the variable. The error is that of
// [os.UserCacheDir].
func Default() (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return &Cache{Dir: filepath.Join(dir, "stride", "xla"), Limit: DefaultLimit}, nil
}

// A Result says what [Cache.Compile] did.
type Result struct {
	Hit  bool          // the program was in the cache
	Took time.Duration // for loading or compiling it
	Size int           // of the serialized program, in bytes; 0 if it is not in the cache
	// Err is why the program could not be stored, such as a full disk, a folder that
	// may not be written to, or a plugin that cannot serialize programs, which wraps
	// [errors.ErrUnsupported]. The program itself is fine.
	Err error
}

// Compile is [pjrt.Client.Compile], with a program from the cache if there is one of
// the same text, options, plugin, and kind of devices. A program in the cache that is
// damaged or that the plugin refuses is compiled and replaced. A nil Cache only
// compiles.
func (c *Cache) Compile(client *pjrt.Client, module string, options pjrt.CompileOptions) (*pjrt.Executable, Result, error) {
	start := time.Now()
	path, key := "", [sha256.Size]byte{}
	var unusable error
	if c != nil {
		key, unusable = programKey(client, module, options)
		if unusable == nil {
			unusable = c.prepare()
		}
		path = filepath.Join(c.Dir, hex.EncodeToString(key[:16])+extension)
	}
	if c != nil && unusable == nil {
		if program, size := load(client, path, key, options); program != nil {
			return program, Result{Hit: true, Took: time.Since(start), Size: size}, nil
		}
	}
	program, err := client.Compile(module, options)
	result := Result{Took: time.Since(start), Err: unusable}
	if err == nil && c != nil && unusable == nil {
		result.Size, result.Err = c.store(program, path, key)
	}
	return program, result, err
}

// load returns the program in the file at path, or nil.
func load(client *pjrt.Client, path string, key [sha256.Size]byte, options pjrt.CompileOptions) (*pjrt.Executable, int) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, 0
	}
	serialized, ok := decode(file, key)
	if !ok {
		return nil, 0
	}
	program, err := client.Deserialize(serialized, options)
	if err != nil {
		return nil, 0
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // so that it is not the next to be removed
	return program, len(serialized)
}

// store writes a program to the file at path.
func (c *Cache) store(program *pjrt.Executable, path string, key [sha256.Size]byte) (int, error) {
	serialized, err := program.Serialize()
	if err != nil {
		if pjrt.CodeOf(err) == pjrt.Unimplemented {
			err = fmt.Errorf("%w: %w", err, errors.ErrUnsupported)
		}
		return 0, err
	}
	// What a crash leaves is found by its checksum.
	if err := atomicfile.WriteLoosely(path, encode(serialized, key)); err != nil {
		return 0, err
	}
	c.shrink(path)
	return len(serialized), nil
}

// A file has a line that names the format, the key, the checksum of the program, and
// the program.
const (
	magic     = "stride compiled program 1\n"
	extension = ".program"
)

func encode(serialized []byte, key [sha256.Size]byte) []byte {
	sum := sha256.Sum256(serialized)
	return slices.Concat([]byte(magic), key[:], sum[:], serialized)
}

func decode(file []byte, key [sha256.Size]byte) (serialized []byte, ok bool) {
	head, rest := slices.Concat([]byte(magic), key[:]), []byte(nil)
	if len(file) < len(head)+sha256.Size || string(file[:len(head)]) != string(head) {
		return nil, false
	}
	rest = file[len(head):]
	serialized = rest[sha256.Size:]
	return serialized, sha256.Sum256(serialized) == [sha256.Size]byte(rest[:sha256.Size])
}

// prepare makes the folder and checks who can write to it.
func (c *Cache) prepare() error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(c.Dir)
	if err != nil {
		return err
	}
	if !private(info) {
		return fmt.Errorf("the folder %s of compiled programs is not used, because other users can write to it (mode %v): remove it, or take the permission away", c.Dir, info.Mode())
	}
	return nil
}

// shrink removes programs until the folder is small enough, except for the one at
// keep, and what a process left that ended while it wrote. That another process
// removes the same files does no harm.
func (c *Cache) shrink(keep string) {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return
	}
	var files []fs.FileInfo
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		switch name := e.Name(); {
		case strings.HasSuffix(name, extension):
			files = append(files, info)
			total += info.Size()
		case strings.HasSuffix(name, ".tmp") && time.Since(info.ModTime()) > 24*time.Hour:
			_ = os.Remove(filepath.Join(c.Dir, name))
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range files {
		path := filepath.Join(c.Dir, f.Name())
		if total <= c.Limit {
			return
		}
		if path != keep && os.Remove(path) == nil {
			total -= f.Size()
		}
	}
}

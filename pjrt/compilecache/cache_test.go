package compilecache

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/pjrt"
)

func TestFormat(t *testing.T) {
	key := sha256.Sum256([]byte("key"))
	file := encode([]byte("program"), key)
	if got, ok := decode(file, key); !ok || string(got) != "program" {
		t.Errorf("decoded %q, %v", got, ok)
	}
	if _, ok := decode(file, sha256.Sum256([]byte("another"))); ok {
		t.Error("a program with another key")
	}
	for n := range len(file) {
		if _, ok := decode(file[:n], key); ok {
			t.Errorf("decoded %d of %d bytes", n, len(file))
		}
		damaged := bytes.Clone(file)
		damaged[n] ^= 1
		if _, ok := decode(damaged, key); ok {
			t.Errorf("decoded with byte %d changed", n)
		}
	}
}

func TestShrink(t *testing.T) {
	c := &Cache{Dir: t.TempDir(), Limit: 250}
	hour := func(i int) time.Time { return time.Now().Add(time.Duration(i-100) * time.Hour) }
	write := func(name string, age int) string {
		path := filepath.Join(c.Dir, name)
		if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, hour(age), hour(age)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keep := write("a.program", 1)
	write("b.program", 2)
	write("c.program", 3)
	write("d.program", 4)
	write(".e.program.12345678.tmp", 5)
	write(".f.program.12345678.tmp", 99)
	write("notes.txt", 1)
	c.shrink(keep)
	var left []string
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got, want := strings.Join(left, " "), ".f.program.12345678.tmp a.program d.program notes.txt"; got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
}

func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions of Unix")
	}
	c := &Cache{Dir: filepath.Join(t.TempDir(), "new", "folder")}
	if err := c.prepare(); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(c.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := c.prepare(); err == nil || !strings.Contains(err.Error(), "other users can write to it") {
		t.Error(err)
	}
}

func TestDefault(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a variable of Linux")
	}
	t.Setenv("XDG_CACHE_HOME", "/home/me/cache")
	c, err := Default()
	if err != nil || c.Dir != "/home/me/cache/stride/xla" || c.Limit != DefaultLimit {
		t.Error(c, err)
	}
}

func TestProcessor(t *testing.T) {
	const info = "processor\t: 0\nvendor_id\t: A\nmodel name\t: B\ncpu MHz\t\t: 1234.5\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nflags\t\t: none\n"
	if got, want := fromCPUInfo(info), "flags\t\t: fpu avx2\nmodel name\t: B\nvendor_id\t: A"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func testClient(t testing.TB) *pjrt.Client {
	t.Helper()
	path := os.Getenv("STRIDE_PJRT")
	if path == "" {
		t.Skip("$STRIDE_PJRT names no plugin")
	}
	plugin, err := pjrt.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := plugin.NewClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// module multiplies by n.
func module(n int) string {
	return fmt.Sprintf(`module @m {
  func.func public @main(%%x: tensor<3xf32>) -> tensor<3xf32> {
    %%c = stablehlo.constant dense<%d.0> : tensor<3xf32>
    %%y = stablehlo.multiply %%x, %%c : tensor<3xf32>
    return %%y : tensor<3xf32>
  }
}`, n)
}

// compile checks what a program from the cache computes.
func compile(t *testing.T, c *Cache, client *pjrt.Client, n int, options pjrt.CompileOptions) Result {
	t.Helper()
	program, result, err := c.Compile(client, module(n), options)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	x, err := pjrt.BufferOf(program.Devices()[0], []float32{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	y, err := program.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pjrt.Read[float32](y[0]); err != nil || got[2] != float32(3*n) {
		t.Errorf("%v, %v; want %d", got, err, 3*n)
	}
	return result
}

func TestCompile(t *testing.T) {
	client := testClient(t)
	c := &Cache{Dir: filepath.Join(t.TempDir(), "xla"), Limit: 1 << 20}
	first := compile(t, c, client, 2, pjrt.CompileOptions{})
	if first.Hit || first.Err != nil || first.Size == 0 {
		t.Fatalf("first: %+v", first)
	}
	second := compile(t, c, client, 2, pjrt.CompileOptions{})
	if !second.Hit || second.Err != nil || second.Size != first.Size {
		t.Errorf("second: %+v", second)
	}
	if r := compile(t, c, client, 3, pjrt.CompileOptions{}); r.Hit {
		t.Error("another program was in the cache")
	}
	if r := compile(t, c, client, 2, pjrt.CompileOptions{Devices: []int{client.Devices()[0].ID}}); r.Hit {
		t.Error("a program with other options was in the cache")
	}
	t.Setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false")
	if r := compile(t, c, client, 2, pjrt.CompileOptions{}); r.Hit {
		t.Error("a program with other flags was in the cache")
	}
}

// TestDamaged damages each program in the cache.
func TestDamaged(t *testing.T) {
	client := testClient(t)
	c := &Cache{Dir: t.TempDir(), Limit: 1 << 20}
	compile(t, c, client, 2, pjrt.CompileOptions{})
	files, err := filepath.Glob(filepath.Join(c.Dir, "*"+extension))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	key, err := programKey(client, module(2), pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty": nil, "text": []byte("text"), "refused by the plugin": encode([]byte("no program"), key),
	} {
		if err := os.WriteFile(files[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := compile(t, c, client, 2, pjrt.CompileOptions{}); r.Hit || r.Err != nil {
			t.Errorf("%s: %+v", name, r)
		}
		if r := compile(t, c, client, 2, pjrt.CompileOptions{}); !r.Hit {
			t.Errorf("%s: not replaced: %+v", name, r)
		}
	}
}

// TestUnusable has no folder: programs are compiled all the same.
func TestUnusable(t *testing.T) {
	client := testClient(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := compile(t, &Cache{Dir: filepath.Join(file, "xla")}, client, 2, pjrt.CompileOptions{}); r.Hit || r.Err == nil {
		t.Errorf("%+v", r)
	}
	if r := compile(t, nil, client, 2, pjrt.CompileOptions{}); r.Hit || r.Err != nil {
		t.Errorf("no cache: %+v", r)
	}
}

// TestTogether compiles, loads and removes the same programs in many goroutines, which
// have nothing in common but the folder.
func TestTogether(t *testing.T) {
	client := testClient(t)
	dir := t.TempDir()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			c := &Cache{Dir: dir, Limit: 10000}
			for i := range 10 {
				if r := compile(t, c, client, (worker+i)%4, pjrt.CompileOptions{}); r.Err != nil {
					t.Error(r.Err)
				}
			}
		})
	}
	group.Wait()
}

package filemap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T, content string) *os.File {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestMap(t *testing.T) {
	for _, content := range []string{"", "x", strings.Repeat("0123456789", 10_000)} {
		m, err := Map(open(t, content))
		if err != nil {
			t.Fatal(err)
		}
		if string(m.Bytes) != content {
			t.Errorf("%d bytes, want those of the file, %d", len(m.Bytes), len(content))
		}
		for range 2 {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// What was released is there again when it is read.
func TestRelease(t *testing.T) {
	content := strings.Repeat("0123456789", 10_000)
	m, err := Map(open(t, content))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{m.Bytes, m.Bytes[5:50_000], m.Bytes[:1], nil, []byte("elsewhere"), make([]byte, 1<<20)} {
		before := string(part)
		m.Release(part)
		if string(part) != before || string(m.Bytes) != content {
			t.Errorf("%d bytes are others after they were released", len(part))
		}
	}
	(*Mapping)(nil).Release(m.Bytes)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestMapRefusesFolders(t *testing.T) {
	f, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Map(f); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}

func TestGuard(t *testing.T) {
	f := open(t, strings.Repeat("x", 1<<20))
	m, err := Map(f)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.unmap == nil {
		t.Skip("this system reads files whole")
	}
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	sum := 0
	err = Guard(func() error {
		for _, c := range m.Bytes {
			sum += int(c)
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "became shorter") {
		t.Errorf("error %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("another panic was swallowed")
		}
	}()
	_ = Guard(func() error { return []error{}[len(m.Bytes)] })
}

package bounded

import (
	"testing"
	"time"
)

type failures struct {
	testing.TB
	n int
}

func (f *failures) Helper()               {}
func (f *failures) Errorf(string, ...any) { f.n++ }

var sink []byte

func TestCheck(t *testing.T) {
	var slowOnce, calls int
	for _, c := range []struct {
		name  string
		want  int
		calls int
		f     func()
	}{
		{"little", 0, 1, func() {}},
		{"slow once", 0, 2, func() {
			if slowOnce++; slowOnce == 1 {
				time.Sleep(1100 * time.Millisecond)
			}
		}},
		{"memory", 1, 1, func() { sink = make([]byte, 65<<20) }},
	} {
		got := &failures{TB: t}
		calls = 0
		Check(got, 100, 1, func() { calls++; c.f() })
		if got.n != c.want || calls != c.calls {
			t.Errorf("%s: %d failures, want %d; %d calls, want %d", c.name, got.n, c.want, calls, c.calls)
		}
	}
	sink = nil
}

package step

import "testing"

// A budget is shown as large as it is, a need never smaller.
func TestMegabytes(t *testing.T) {
	for bytes, want := range map[int64]string{
		1: "1 B", 999: "999 B", 1000: "1 KB", 1001: "1.1 KB", 1500: "1.5 KB", 250_000: "250 KB", 999_900: "999.9 KB",
		999_901: "1.0 MB", 1_000_000: "1.0 MB", 1_000_001: "1.1 MB", 621_500_000: "621.5 MB",
	} {
		if got := Megabytes(bytes); got != want {
			t.Errorf("%d bytes are %s, want %s", bytes, got, want)
		}
	}
}

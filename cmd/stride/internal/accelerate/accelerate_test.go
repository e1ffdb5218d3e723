package accelerate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain is also the process that loads plugins: their names say what happens.
func TestMain(m *testing.M) {
	if at := slices.Index(os.Args, "--"+ProbeFlag); at > 0 {
		if count := os.Getenv(countVariable); count != "" {
			if err := os.WriteFile(filepath.Join(count, fmt.Sprint(os.Getpid())), nil, 0o600); err != nil {
				panic(err)
			}
		}
		switch filepath.Base(os.Args[at+1]) {
		case "slow.so":
			time.Sleep(300 * time.Millisecond)
			fmt.Println(`{"platform":"tpu"}`)
		case "good.so":
			fmt.Println(`{"pjrt":"0.99","platform":"cuda","devices":[{"number":0,"kind":"GPU","memory_bytes":8,"free_bytes":7}]}`)
		case "words.so":
			fmt.Println("hello")
		case "crash.so":
			panic("the plugin crashed")
		case "hang.so":
			time.Sleep(time.Hour)
		}
		return
	}
	os.Exit(m.Run())
}

func TestInspect(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	defer func(before time.Duration) { probeTime = before }(probeTime)
	probeTime = 10 * time.Second
	good := Inspect(t.Context(), "good.so", "$STRIDE_PJRT")
	if good.Error != "" || good.Path != "good.so" || good.Source != "$STRIDE_PJRT" || len(good.Devices) != 1 || good.Devices[0].FreeBytes != 7 {
		t.Errorf("got %+v", good)
	}
	for path, want := range map[string]string{
		"crash.so":  "it ends the process that loads it (exit status 2): panic: the plugin crashed",
		"silent.so": "it ends the process that loads it (exit status 0)",
		"words.so":  "the process that loaded it printed no report: invalid character",
	} {
		if p := Inspect(t.Context(), path, ""); !strings.Contains(p.Error, want) || p.Path != path {
			t.Errorf("got %+v, want %q", p, want)
		}
	}
	probeTime = 200 * time.Millisecond
	if p := Inspect(t.Context(), "hang.so", ""); p.Error != "it did not answer within 200ms" {
		t.Errorf("got %+v", p)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no time"))
	if p := Inspect(ctx, "hang.so", ""); p.Error != "no time" {
		t.Errorf("got %+v", p)
	}
}

func TestLastWords(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"SIGSEGV: segmentation violation\nPC=0x0 m=0\n": "SIGSEGV: segmentation violation",
		"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\nI0000 00:00:17.1 42 x.cc:1] hello\n\nF0000 00:00:17.2 42 flags.cc:258] Unknown flag\nPerhaps\n": "Unknown flag",
		"W0000 00:00:17.1 42 x.cc:1] slow\n": "W0000 00:00:17.1 42 x.cc:1] slow",
	} {
		if got := lastWords(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

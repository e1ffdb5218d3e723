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
		switch filepath.Base(os.Args[at+1]) {
		case "good.so":
			fmt.Println(`{"pjrt":"0.99","platform":"cuda","devices":[{"number":0,"kind":"GPU","memory_bytes":8,"free_bytes":7}]}`)
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
	defer func(before time.Duration) { probeTime = before }(probeTime)
	probeTime = 10 * time.Second
	good := Inspect(t.Context(), "good.so", "$STRIDE_PJRT")
	if good.Error != "" || good.Path != "good.so" || good.Source != "$STRIDE_PJRT" || len(good.Devices) != 1 || good.Devices[0].FreeBytes != 7 {
		t.Errorf("got %+v", good)
	}
	for path, want := range map[string]string{
		"crash.so":  "loading the plugin ended the process (exit status 2): panic: the plugin crashed",
		"silent.so": "printed no report",
	} {
		if p := Inspect(t.Context(), path, ""); !strings.Contains(p.Error, want) || p.Path != path {
			t.Errorf("got %+v, want %q", p, want)
		}
	}
	probeTime = 200 * time.Millisecond
	if p := Inspect(t.Context(), "hang.so", ""); p.Error != "the plugin did not answer within 200ms" {
		t.Errorf("got %+v", p)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no time"))
	if p := Inspect(ctx, "hang.so", ""); p.Error != "no time" {
		t.Errorf("got %+v", p)
	}
}

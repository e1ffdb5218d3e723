package subprocess

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The test program is the other program, too, if this variable is set.
const variable = "STRIDE_TEST_SUBPROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(variable) == "" {
		os.Exit(m.Run())
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch line := lines.Text(); line {
		case `"fail"`:
			fmt.Println(`{"error": "it failed", "seconds": 3}`)
		case `"garbage"`:
			fmt.Println("no JSON")
		case `"exit"`:
			fmt.Fprintln(os.Stderr, strings.Repeat("-", 5000)+"last words")
			os.Exit(3)
		default:
			fmt.Printf("{\"echo\": %s}\n", line)
		}
	}
}

func start(t *testing.T) *Process {
	t.Helper()
	p, err := Command{Program: os.Args[0], Env: []string{variable + "=1"}}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAsk(t *testing.T) {
	p := start(t)
	var answer struct {
		Echo    []int
		Seconds float64
	}
	if err := p.Ask([]int{1, 2}, &answer); err != nil || !slices.Equal(answer.Echo, []int{1, 2}) {
		t.Errorf("got %v and %v", answer, err)
	}
	var failed AnswerError
	if err := p.Ask("fail", &answer); !errors.As(err, &failed) || failed != "it failed" || answer.Seconds != 3 {
		t.Errorf("got %v and %v", answer, err)
	}
	if err := p.Ask("garbage", &answer); err == nil || errors.As(err, &failed) || !strings.Contains(err.Error(), "no JSON") {
		t.Errorf("an answer that is no JSON: got %v", err)
	}
	if err := p.Ask([]int{3}, &answer); err != nil || answer.Echo[0] != 3 {
		t.Errorf("after errors: got %v and %v", answer, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestEnded(t *testing.T) {
	p := start(t)
	var answer struct{}
	if err := p.Ask("exit", &answer); err == nil || !strings.Contains(err.Error(), "the process ended") {
		t.Errorf("got %v", err)
	}
	if err := p.Close(); err == nil {
		t.Error("no error from a process that ended with status 3")
	}
	if got := p.Stderr(); len(got) != 4096 || !strings.HasSuffix(got, "-last words\n") {
		t.Errorf("standard error ends in %d bytes: %q", len(got), got)
	}
}

func TestNoProgram(t *testing.T) {
	_, err := Command{Program: filepath.Join(t.TempDir(), "none")}.Start(t.Context())
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestFloats(t *testing.T) {
	path := filepath.Join(t.TempDir(), "floats")
	want := []float32{1, -0.5, 3e38}
	if err := WriteFloats(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFloats(path, 3); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v and %v", got, err)
	}
	for _, n := range []int{2, 4} {
		if _, err := ReadFloats(path, n); err == nil {
			t.Errorf("no error for %d numbers in a file of 3", n)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A fake is what a binary that stands for stride does. It lies beside the
// binary as a file with the suffix .json.
type fake struct {
	Speeds []float64 // of the first call, of the second …; the last goes on
	Peak   float64
	Print  string // instead of the measurement
	Fail   string // on standard error, with status 1
	Calls  []string
}

func TestMain(m *testing.M) {
	self := os.Args[0]
	if text, err := os.ReadFile(self + ".json"); err == nil {
		if err := beStride(self, text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func beStride(self string, text []byte) error {
	var f fake
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	args := os.Args[1:]
	f.Calls = append(f.Calls, strings.Join(args, " "))
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.WriteFile(self+".json", text, 0o666); err != nil {
		return err
	}
	switch {
	case f.Fail != "":
		return errors.New(f.Fail)
	case f.Print != "":
		fmt.Println(f.Print)
		return nil
	}
	speed := f.Speeds[min(len(f.Calls), len(f.Speeds))-1]
	fmt.Printf(`{"net":%q,"mode":%q,"batch":%s,"images_per_second":%v,"peak_rss_bytes":%v,"step_seconds":0.1}`+"\n",
		args[1], args[3], args[5], speed, f.Peak)
	return nil
}

// install makes a fake binary, which is this test's.
func install(t *testing.T, name string, f fake) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Link(self, path) != nil {
		copyFile(t, self, path)
	}
	writeFake(t, path, f)
	return path
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o777)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func writeFake(t *testing.T, path string, f fake) {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".json", text, 0o666); err != nil {
		t.Fatal(err)
	}
}

func calls(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var f fake
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f.Calls
}

// regress runs the command.
func regress(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = run(context.Background(), args, &out, &log)
	return status, out.String(), log.String()
}

func TestVerdicts(t *testing.T) {
	for _, tc := range []struct {
		name     string
		old, new fake
		flags    string
		status   int
		verdict  string
		rounds   int // of each build
	}{
		{"same", fake{Speeds: []float64{100}, Peak: 100}, fake{Speeds: []float64{100}, Peak: 100}, "", kept, "ok", 3},
		{"faster", fake{Speeds: []float64{100}, Peak: 100}, fake{Speeds: []float64{300}, Peak: 50}, "", kept, "ok", 3},
		{"just within", fake{Speeds: []float64{1000}, Peak: 1000}, fake{Speeds: []float64{951}, Peak: 1049}, "", kept, "ok", 3},
		{"5 % slower", fake{Speeds: []float64{100}, Peak: 100}, fake{Speeds: []float64{95}, Peak: 100}, "", regressed, "SLOWER", 6},
		{"5 % larger", fake{Speeds: []float64{100}, Peak: 100}, fake{Speeds: []float64{100}, Peak: 105}, "", regressed, "MORE MEMORY", 6},
		{"both", fake{Speeds: []float64{100}, Peak: 100}, fake{Speeds: []float64{10}, Peak: 200}, "", regressed, "SLOWER, MORE MEMORY", 6},
		{"narrow limit", fake{Speeds: []float64{100}, Peak: 1}, fake{Speeds: []float64{98}, Peak: 1}, "--max-loss 2", regressed, "SLOWER", 6},
		{"wide limits", fake{Speeds: []float64{100}, Peak: 100}, fake{Speeds: []float64{80}, Peak: 120}, "--max-loss 21 --max-growth 21", kept, "ok", 3},
		{"unknown memory", fake{Speeds: []float64{100}}, fake{Speeds: []float64{100}, Peak: 200}, "", kept, "ok", 3},
		{"one bad round", fake{Speeds: []float64{100}, Peak: 1}, fake{Speeds: []float64{100, 20, 100}, Peak: 1}, "", kept, "ok", 3},
		{"the machine slows down", fake{Speeds: []float64{100, 50, 10}, Peak: 1}, fake{Speeds: []float64{100, 50, 10}, Peak: 1}, "", kept, "ok", 3},
		{"right at the second look", fake{Speeds: []float64{100}, Peak: 1}, fake{Speeds: []float64{90, 90, 90, 100, 100, 100, 100}, Peak: 1}, "", kept, "ok", 6},
	} {
		t.Run(tc.name, func(t *testing.T) {
			old, new := install(t, "old", tc.old), install(t, "new", tc.new)
			args := append([]string{"--nets", "lenet", "--modes", "infer", "--batches", "8", "--rounds", "3"}, strings.Fields(tc.flags)...)
			status, out, log := regress(t, append(args, old, new)...)
			if status != tc.status {
				t.Errorf("status %d, want %d\n%s%s", status, tc.status, out, log)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, "lenet infer 8 ") || !strings.HasSuffix(last, "  "+tc.verdict) {
				t.Errorf("last line %q, want the verdict %s", last, tc.verdict)
			}
			for _, path := range []string{old, new} {
				if got := len(calls(t, path)); got != tc.rounds {
					t.Errorf("%s ran %d times, want %d", filepath.Base(path), got, tc.rounds)
				}
			}
		})
	}
}

func TestCasesAndFlags(t *testing.T) {
	old := install(t, "old", fake{Speeds: []float64{100}, Peak: 1})
	status, _, log := regress(t, "--rounds", "1", "--time", "20ms", "--threads", "2", old, old)
	if status != kept {
		t.Fatalf("status %d: %s", status, log)
	}
	got := calls(t, old)
	if want := 2 * 3 * 8; len(got) != want {
		t.Errorf("%d runs, want %d: eight networks, training and two batches of inference, two builds", len(got), want)
	}
	for i, want := range map[int]string{
		0:            "bench lenet --mode train --batch 256 --time 20ms --json --threads 2",
		2:            "bench lenet --mode infer --batch 1 --time 20ms --json --threads 2",
		len(got) - 1: "bench densenet --mode infer --batch 64 --time 20ms --json --threads 2",
	} {
		if got[i] != want {
			t.Errorf("run %d is %q, want %q", i, got[i], want)
		}
	}
}

func TestJSON(t *testing.T) {
	old := install(t, "old", fake{Speeds: []float64{100}, Peak: 200})
	new := install(t, "new", fake{Speeds: []float64{125}, Peak: 100})
	status, out, log := regress(t, "--nets", "vgg", "--modes", "train", "--rounds", "2", "--json", old, new)
	if status != kept {
		t.Fatalf("status %d: %s", status, log)
	}
	want := `{"net":"vgg","mode":"train","batch":64,"rounds":2,` +
		`"old":{"images_per_second":[100,100],"peak_rss_bytes":[200,200]},"new":{"images_per_second":[125,125],"peak_rss_bytes":[100,100]},` +
		`"speed_ratio":{"median":1.25,"lower_quartile":1.25,"upper_quartile":1.25},` +
		`"memory_ratio":{"median":0.5,"lower_quartile":0.5,"upper_quartile":0.5},"verdict":"ok"}` + "\n"
	if out != want {
		t.Errorf("got  %swant %s", out, want)
	}
}

func TestTrouble(t *testing.T) {
	right := install(t, "right", fake{Speeds: []float64{100}, Peak: 1})
	plain := filepath.Join(t.TempDir(), "plain.txt")
	if err := os.WriteFile(plain, []byte("no program"), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no argument", nil, "OLD and NEW, found 0"},
		{"three arguments", []string{right, right, right}, "OLD and NEW, found 3"},
		{"unknown flag", []string{"--fast", right, right}, "unknown flag: --fast"},
		{"no such build", []string{right, "no-such-revision"}, "no-such-revision is neither a revision that git knows here nor a file"},
		{"no such file", []string{right, "./no-such-file"}, "./no-such-file is neither"},
		{"no checkout", []string{right, t.TempDir()}, "is no checkout of stride"},
		{"rounds", []string{"--rounds", "0", right, right}, "--rounds 0: want at least 1"},
		{"limit", []string{"--max-loss", "NaN", right, right}, "--max-loss NaN"},
		{"growth", []string{"--max-growth", "0", right, right}, "--max-growth 0"},
		{"time", []string{"--time", "1us", right, right}, "--time 1µs"},
		{"mode", []string{"--modes", "fly", right, right}, "--modes fly: want train, infer or both"},
		{"networks", []string{"--nets", "", right, right}, "--nets"},
		{"batches", []string{"--batches", "0", right, right}, "--batches 0"},
		{"failing build", []string{right, install(t, "failing", fake{Fail: "unknown network lenet"})},
			"failing cannot measure lenet train 256: exit status 1: unknown network lenet"},
		{"no JSON", []string{right, install(t, "chatty", fake{Print: "hello"})}, "chatty printed for lenet train 256 what is not one JSON object"},
		{"another case", []string{right, install(t, "wrong", fake{Print: `{"net":"vgg","mode":"train","batch":256,"images_per_second":1}`})},
			"measured vgg train 256 where lenet train 256 was wanted"},
		{"no speed", []string{right, install(t, "still", fake{Print: `{"net":"lenet","mode":"train","batch":256}`})}, "a speed of 0 images/s"},
	}
	if runtime.GOOS != "windows" {
		tests = append(tests, struct {
			name string
			args []string
			want string
		}{"no program", []string{right, plain}, "plain.txt is no program"})
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			status, _, log := regress(t, tc.args...)
			if status != trouble {
				t.Errorf("status %d, want %d", status, trouble)
			}
			lines := strings.Split(strings.TrimSpace(log), "\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, "regress: ") || !strings.Contains(strings.ReplaceAll(last, ".exe", ""), tc.want) {
				t.Errorf("said %q, want %q", last, tc.want)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	right := install(t, "right", fake{Speeds: []float64{100}, Peak: 1})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, log bytes.Buffer
	if status := run(ctx, []string{right, right}, &out, &log); status != trouble || !strings.HasSuffix(log.String(), "regress: interrupted\n") {
		t.Errorf("status %d, said %q", status, log.String())
	}
}

// TestRevisions builds two revisions and the working tree of a small repository.
func TestRevisions(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	if testing.Short() {
		t.Skip("compiles three programs")
	}
	t.Chdir(t.TempDir())
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"}, args...)
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	program := func(speed int) string {
		return fmt.Sprintf("package main\nfunc main() { println(\"ignored\"); print_(%d) }\n", speed)
	}
	const printer = `package main
import ("fmt"; "os")
func print_(speed int) {
	fmt.Printf("{\"net\":%q,\"mode\":%q,\"batch\":%s,\"images_per_second\":%d}\n", os.Args[2], os.Args[4], os.Args[6], speed)
}
`
	git("init", "-q")
	write("README", "no program yet\n")
	git("add", ".")
	git("commit", "-q", "-m", "empty")
	git("tag", "empty")
	write("go.mod", "module example.org/stride\n\ngo 1.26\n")
	write("cmd/stride/print.go", printer)
	write("cmd/stride/main.go", program(100))
	git("add", ".")
	git("commit", "-q", "-m", "one")
	git("tag", "v1")
	write("cmd/stride/main.go", program(50))
	git("commit", "-q", "-a", "-m", "two")
	write("cmd/stride/main.go", program(200)) // not committed
	quick := []string{"--nets", "lenet", "--modes", "train", "--rounds", "1"}
	for _, tc := range []struct {
		old, new string
		status   int
		want     string
	}{
		{"v1", "HEAD", regressed, "0.500"},
		{"HEAD", ".", kept, "4.000"},
		{"empty", "HEAD", trouble, "revision empty has no cmd/stride"},
	} {
		status, out, log := regress(t, append(quick, tc.old, tc.new)...)
		if status != tc.status || !strings.Contains(out+log, tc.want) {
			t.Errorf("%s %s: status %d, want %d and %q\n%s%s", tc.old, tc.new, status, tc.status, tc.want, out, log)
		}
	}
}

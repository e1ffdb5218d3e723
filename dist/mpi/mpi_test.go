//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The tests that need MPI run where $STRIDE_MPIRUN is the command of a launcher with
// its flags, for example "mpirun --oversubscribe"; .ci/run mpi does so for each library.
func TestMain(m *testing.M) {
	if name := os.Getenv("STRIDE_MPI_SCENARIO"); name != "" {
		os.Exit(runScenario(name))
	}
	os.Exit(m.Run())
}

// mpirun runs a scenario with this many ranks; 0 means without mpirun. It returns the
// exit status and all output.
func mpirun(t *testing.T, ranks int, scenario string, env ...string) (int, string) {
	t.Helper()
	launcher := strings.Fields(os.Getenv("STRIDE_MPIRUN"))
	if len(launcher) == 0 {
		t.Skip("$STRIDE_MPIRUN, the command of an MPI launcher, is not set")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args := append(launcher, "-n", strconv.Itoa(ranks), self)
	if ranks == 0 {
		args = []string{self}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), "STRIDE_MPI_SCENARIO="+scenario), env...)
	cmd.WaitDelay = 10 * time.Second
	// Scenarios without an end of their own.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s: no end after two minutes\n%s", scenario, &out)
	}
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

func wantOutput(t *testing.T, out string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("the output lacks %q:\n%s", w, out)
		}
	}
}

func TestCollectives(t *testing.T) {
	for _, ranks := range []int{1, 2, 3, 4} {
		if status, out := mpirun(t, ranks, "collectives"); status != 0 {
			t.Errorf("%d ranks: exit status %d\n%s", ranks, status, out)
		}
	}
}

func TestDescription(t *testing.T) {
	status, out := mpirun(t, 2, "say")
	if status != 0 {
		t.Errorf("exit status %d", status)
	}
	wantOutput(t, out, "rank 0 (", "rank 1 (", ") of 2 by "+os.Getenv("STRIDE_MPI_VERSION"))
}

// A program without a launcher is one rank. What the launcher of these tests says to
// the processes that it starts is not in this environment.
func TestAlone(t *testing.T) {
	status, out := mpirun(t, 0, "collectives")
	if status != 0 {
		t.Errorf("exit status %d\n%s", status, out)
	}
	_, out = mpirun(t, 0, "say")
	wantOutput(t, out, "rank 0 (", ") of 1 by ", "not started by mpirun")
}

func TestStoppedRankIsNamed(t *testing.T) {
	status, out := mpirun(t, 3, "stopped")
	if status == 0 {
		t.Error("exit status 0")
	}
	wantOutput(t, out, "rank 0 of 3", "for 2s nothing came from rank 2 (", "stopped, far behind")
	if strings.Contains(out, "from rank 1 (") {
		t.Errorf("rank 1 is named, which was there:\n%s", out)
	}
}

func TestKilledRankEndsAll(t *testing.T) {
	start := time.Now()
	if status, out := mpirun(t, 3, "killed"); status == 0 {
		t.Errorf("exit status 0\n%s", out)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("the others ended only after %v", d)
	}
}

func TestMissingRankAtClose(t *testing.T) {
	status, out := mpirun(t, 3, "gone")
	if status == 0 {
		t.Error("exit status 0")
	}
	wantOutput(t, out, "nothing came from rank 2 (")
}

func TestAbort(t *testing.T) {
	if status, out := mpirun(t, 2, "abort"); status != 7 {
		t.Errorf("exit status %d instead of 7\n%s", status, out)
	}
}

func TestDifferentLengths(t *testing.T) {
	status, out := mpirun(t, 2, "lengths")
	if status == 0 {
		t.Error("exit status 0")
	}
	wantOutput(t, out, "the ranks do not do the same")
}

func TestPanicsAreGo(t *testing.T) {
	if status, out := mpirun(t, 1, "panic"); status != 0 {
		t.Errorf("exit status %d\n%s", status, out)
	}
}

// A library of another implementation than the launcher is refused before it is started.
func TestForeignLibrary(t *testing.T) {
	other := os.Getenv("STRIDE_MPI_FOREIGN")
	if other == "" {
		t.Skip("$STRIDE_MPI_FOREIGN, the library of another implementation than the launcher's, is not set")
	}
	status, out := mpirun(t, 2, "say", "STRIDE_MPI="+other)
	if status == 0 {
		t.Error("exit status 0")
	}
	wantOutput(t, out, "mpirun started this program, but "+other)
}

func TestNamedLibraryIsMissing(t *testing.T) {
	t.Setenv("STRIDE_MPI", "")
	_, err := Open(Options{Library: "/nowhere/libmpi.so"})
	if err == nil || !strings.Contains(err.Error(), "/nowhere/libmpi.so") {
		t.Errorf("error %v", err)
	}
	t.Setenv("STRIDE_MPI", "/elsewhere/libmpi.so")
	_, err = Open(Options{})
	if err == nil || !strings.Contains(err.Error(), "/elsewhere/libmpi.so") {
		t.Errorf("error %v", err)
	}
	file := t.TempDir() + "/libmpi.so"
	if err := os.WriteFile(file, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Library: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v", err)
	}
	if libc := "libc.so.6"; fileExists("/lib/x86_64-linux-gnu/" + libc) {
		if _, err := Open(Options{Library: libc}); err == nil || !strings.Contains(err.Error(), "no MPI library") {
			t.Errorf("error %v", err)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for _, test := range []struct {
		text   string
		family family
		short  string
	}{
		{"Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022", openMPI, "Open MPI v4.1.4"},
		{"MPICH Version:      4.0.2\nMPICH Release date: Thu Apr  7 12:34:45 CDT 2022\n", mpich, "MPICH 4.0.2"},
		{"Intel(R) MPI Library 2021.11 for Linux* OS\n", mpich, "Intel(R) MPI Library 2021.11 for Linux* OS"},
		{"MVAPICH Version:  3.0\n", mpich, "MVAPICH 3.0"},
		{"MPI VERSION    : CRAY MPICH version 8.1.28.15 (ANL base 3.4a2)\n", mpich, "MPI VERSION : CRAY MPICH version 8.1.28.15 (ANL base 3.4a2)"},
		{"Something else 1.0", anyFamily, "Something else 1.0"},
	} {
		if f, short := parseVersion(test.text); f != test.family || short != test.short {
			t.Errorf("%q is %v, %q", test.text, f, short)
		}
	}
}

package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/train/runfolder"
)

var rounds = flag.Int("rounds", 5, "how many rounds of two processes on one run folder TestTwoProcesses does")

// tiny is the command line of a short training; two seeds tell runs apart.
func tiny(seed int, more ...string) []string {
	return append([]string{
		"train", "lenet", "--data", fixture.data, "--limit", "64", "--batch", "16", "--epochs", "3",
		"--threads", "1", "--seed", strconv.Itoa(seed),
	}, more...)
}

// A contender is one of two processes at a run folder.
type contender struct {
	cmd    *exec.Cmd
	errs   bytes.Buffer
	killed bool
}

func startContender(t *testing.T, args ...string) *contender {
	t.Helper()
	c := &contender{cmd: child(t, args...)}
	c.cmd.Stderr = &c.errs
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// check says what is wrong with how a process ended. It may end well, be killed,
// or be told that the other has the folder, has filled it or has not begun it.
func (c *contender) check(other *contender) error {
	errs := c.errs.String()
	if c.killed || c.cmd.ProcessState.Success() {
		return nil
	}
	if c.cmd.ProcessState.ExitCode() == failed && strings.Contains(errs, "there is no run ") { // not yet
		return nil
	}
	if c.cmd.ProcessState.ExitCode() != failed || strings.Count(errs, "\n") != 1 {
		return fmt.Errorf("status %d: %q", c.cmd.ProcessState.ExitCode(), errs)
	}
	for _, known := range []string{
		fmt.Sprintf("run folder is in use: process %d has been writing ", other.cmd.Process.Pid),
		"run folder is not empty: ", "no run in ", "has no weights yet",
	} {
		if strings.Contains(errs, known) {
			return nil
		}
	}
	return fmt.Errorf("status 1: %q", errs)
}

// weightsHash is the SHA-256 of the weights of a run folder.
func weightsHash(t *testing.T, dir string) string {
	t.Helper()
	return fmt.Sprintf("%x", sha256.Sum256([]byte(readFile(t, filepath.Join(dir, "model.safetensors")))))
}

// Two processes at one run folder: two new trainings, a new and a resumed one, two
// resumed ones, a training and an evaluation; one of them may be killed. The
// weights at the end are always those of the settings in the folder. Many rounds:
// go test ./cmd/stride -run TestTwoProcesses -rounds 1000.
func TestTwoProcesses(t *testing.T) {
	needsSignals(t)
	var want [2]string
	for seed := range want {
		dir := filepath.Join(t.TempDir(), "run")
		mustStride(t, tiny(seed, "--out", dir)...)
		want[seed] = weightsHash(t, dir)
	}
	if want[0] == want[1] {
		t.Fatal("both seeds give the same weights")
	}
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 0))
	told, kills := 0, 0
	for round := range *rounds {
		dir := filepath.Join(t.TempDir(), "run")
		a, b := tiny(0, "--out", dir), tiny(1, "--out", dir)
		resume := []string{"train", "--resume", dir}
		kind := []string{"train and train", "train and resume", "resume and resume", "train and eval", "resume and eval"}[round%5]
		if strings.HasPrefix(kind, "resume") { // a run that was killed, or is continued
			half := startContender(t, tiny(round%2, "--out", dir)...)
			for range 500 {
				if _, err := runfolder.Read(dir); err == nil {
					break
				}
				time.Sleep(2 * time.Millisecond)
			}
			_ = half.cmd.Process.Kill()
			_ = half.cmd.Wait() // it was killed, or is done
			a, b = resume, resume
		}
		switch {
		case strings.HasSuffix(kind, "and resume"):
			b = resume
		case strings.HasSuffix(kind, "and eval"):
			b = []string{"eval", dir, "--limit", "8"}
		}
		first := startContender(t, a...)
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond * time.Duration(random.IntN(2)))
		second := startContender(t, b...)
		if random.IntN(3) == 0 {
			time.Sleep(time.Duration(random.IntN(250)) * time.Millisecond)
			first.killed = first.cmd.Process.Kill() == nil
			kills++
		}
		for _, c := range []*contender{first, second} {
			_ = c.cmd.Wait() // check looks at the status
		}
		for _, pair := range [][2]*contender{{first, second}, {second, first}} {
			if err := pair[0].check(pair[1]); err != nil {
				t.Errorf("round %d, %s: %v", round, kind, err)
			}
			if strings.Contains(pair[0].errs.String(), "in use") {
				told++
			}
		}
		checkRound(t, dir, want)
		if t.Failed() {
			t.Fatalf("round %d, %s: it stops here", round, kind)
		}
		os.RemoveAll(dir)
	}
	t.Logf("%d rounds: %d processes were killed, %d were told who has the folder", *rounds, kills, told)
}

// checkRound completes the run in the folder and compares its weights.
func checkRound(t *testing.T, dir string, want [2]string) {
	t.Helper()
	if _, err := runfolder.ReadSettings(dir); err != nil { // killed before it had begun
		mustStride(t, tiny(0, "--out", dir)...)
	}
	mustStride(t, "train", "--resume", dir)
	s, err := runfolder.ReadSettings(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := weightsHash(t, dir); got != want[s.Seed] {
		t.Errorf("weights %s in a run with seed %d, want %s", got, s.Seed, want[s.Seed])
	}
	if csv := readFile(t, filepath.Join(dir, "metrics.csv")); strings.Count(csv, "\n") != 4 {
		t.Errorf("metrics.csv: %s", csv)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Trainings that begin in the same second have folders of their own.
func TestSameSecond(t *testing.T) {
	needsSignals(t)
	t.Chdir(t.TempDir())
	var all []*contender
	for seed := range 4 {
		all = append(all, startContender(t, tiny(seed)...))
	}
	for _, c := range all {
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, c.errs.String())
		}
	}
	if runs, _ := filepath.Glob("runs/*-lenet*/model.safetensors"); len(runs) != len(all) {
		t.Errorf("got %v", runs)
	}
}

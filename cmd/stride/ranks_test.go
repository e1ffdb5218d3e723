package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/cmd/stride/internal/cluster"
	"github.com/strideml/stride/dist/local"
)

// strideRanks runs command lines as ranks that are goroutines, one of each rank, with --dist
// mpi. It returns what rank 0 prints, what all print to standard error, and their statuses.
func strideRanks(t *testing.T, lines ...[]string) (stdout, stderr string, statuses []int) {
	t.Helper()
	outs, errs, statuses := make([]bytes.Buffer, len(lines)), make([]bytes.Buffer, len(lines)), make([]int, len(lines))
	var wait sync.WaitGroup
	for rank, comm := range local.New(len(lines), local.Options{}) {
		ctx := cluster.WithComm(t.Context(), comm)
		wait.Go(func() {
			statuses[rank] = run(ctx, append(slices.Clone(lines[rank]), "--dist", "mpi"), &outs[rank], &errs[rank])
		})
	}
	wait.Wait()
	for rank := range lines {
		stderr += errs[rank].String()
		if rank > 0 && outs[rank].Len() > 0 {
			t.Errorf("rank %d prints %q", rank, outs[rank].String())
		}
	}
	return outs[0].String(), stderr, statuses
}

// mustStrideRanks wants success of so many ranks with the same command line.
func mustStrideRanks(t *testing.T, n int, args ...string) (stdout string) {
	t.Helper()
	stdout, stderr, statuses := strideRanks(t, slices.Repeat([][]string{args}, n)...)
	for _, status := range statuses {
		if status != done {
			t.Fatalf("stride %s: statuses %v: %s", strings.Join(args, " "), statuses, stderr)
		}
	}
	return stdout
}

// Several ranks end with the weights of one, --dist-exact with the same bits, and a run is
// resumed by another number of ranks, or by none. All is told once.
func TestTrainRanks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := func(name string) string { return filepath.Join(dir, name) }
	model := func(name string) string { return readFile(t, filepath.Join(folder(name), "model.safetensors")) }
	args := func(name string, more ...string) []string {
		return slices.Concat(quick("--dist-exact", "--lr", "0.1", "--out", folder(name)), more)
	}
	mustStride(t, args("alone", "--epochs", "2")...)
	out := mustStrideRanks(t, 2, args("two", "--epochs", "2")...)
	if model("two") != model("alone") {
		t.Error("two ranks have other bits than a process")
	}
	if strings.Count(out, "epoch 2/2") != 1 || !strings.Contains(out, "2 processes on 1 host") {
		t.Errorf("got %q", out)
	}
	mustStrideRanks(t, 2, args("begun")...)
	if err := os.CopyFS(folder("again"), os.DirFS(folder("begun"))); err != nil {
		t.Fatal(err)
	}
	mustStrideRanks(t, 4, "train", "--resume", folder("begun"), "--epochs", "2", "--threads", "1")
	mustStride(t, "train", "--resume", folder("again"), "--epochs", "2", "--threads", "1")
	if model("begun") != model("alone") || model("again") != model("alone") {
		t.Error("resumed runs have other bits")
	}
	if out := mustStrideRanks(t, 2, "train", "--resume", folder("begun")); !strings.Contains(out, "The run is in") {
		t.Errorf("nothing to do: got %q", out)
	}
}

// Photos that are mixed with each other are fine-tuned by any number of ranks to the same
// bits, and what is wrong with pictures is told once, whichever rank reads them.
func TestTrainPhotosRanks(t *testing.T) {
	t.Parallel()
	dir, photos := t.TempDir(), photos(t, 12)
	args := []string{"train", photos, "--resize", "32", "--epochs", "2", "--head-epochs", "1", "--batch", "8", "--augment", "mixup", "--threads", "1", "--cache", "off"}
	for i := range 6 { // cut short
		path := filepath.Join(photos, "bee", fmt.Sprintf("%d.png", i))
		writeFile(t, path, []byte(readFile(t, path)[:250]))
	}
	one := mustStrideRanks(t, 1, append(args, "--dist-exact", "--out", filepath.Join(dir, "1"))...)
	four, told, statuses := strideRanks(t, slices.Repeat([][]string{append(args, "--dist-exact", "--out", filepath.Join(dir, "4"))}, 4)...)
	if statuses[0] != done {
		t.Fatal(told)
	}
	for i := range 6 {
		if n := strings.Count(told, fmt.Sprintf("%d.png is cut short", i)); n != 1 {
			t.Errorf("%d.png is told of %d times in %s", i, n, told)
		}
	}
	if readFile(t, filepath.Join(dir, "1", "model.safetensors")) != readFile(t, filepath.Join(dir, "4", "model.safetensors")) {
		t.Errorf("four ranks have other bits than one:\n%s\n%s", one, four)
	}
}

// What is wrong with a command line, or with what ranks have in common, is told once, and
// nothing is left behind.
func TestRanksMisuse(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "run")
	args := func(more ...string) []string { return quick(append([]string{"--out", out}, more...)...) }
	for _, c := range []struct {
		want  string
		lines [][]string
	}{
		{"stride: --lr 0: want a number above 0\n", [][]string{args("--lr", "0"), args("--lr", "0")}},
		{"stride: rank 1 (host ", [][]string{args(), args("--lr", "0"), args()}},
		{"stride: unknown network lenett", [][]string{{"train", "lenett"}, {"train", "lenett"}}},
		{"stride: --dist-exact and --sync-bn exclude each other", [][]string{args("--dist-exact", "--sync-bn"), args("--dist-exact", "--sync-bn")}},
		{"stride: --lr-find and --dist exclude each other", [][]string{{"train", "lenet", "--lr-find"}, {"train", "lenet", "--lr-find"}}},
		{"stride: 3 ranks cannot share 8 shards of a batch evenly", [][]string{args("--dist-exact"), args("--dist-exact"), args("--dist-exact")}},
		{"what is trained is the network lenet-bn on rank 1 (host ", [][]string{args(), {"train", "lenet-bn"}}},
		{"the command is train --resume on rank 1 (host ", [][]string{args(), {"train", "--resume", finishedRun(t)}}},
		{"the learning rate is 0.3 on rank 1 (host ", [][]string{args("--lr", "0.1"), args("--lr", "0.3")}},
		{"no folder of photos nowhere/", [][]string{{"train", "nowhere/"}, {"train", "nowhere/"}}},
		{"no run in nowhere/", [][]string{{"train", "--resume", "nowhere/"}, {"train", "--resume", "nowhere/"}}},
		{"train has no flag --lrr", [][]string{args("--lrr", "3"), args("--lrr", "3")}},
		{"takes one network or folder of photos", [][]string{args("lenet"), args("lenet")}},
		{"run folder is not empty", [][]string{quick("--out", finishedRun(t)), quick("--out", finishedRun(t))}},
	} {
		stdout, stderr, statuses := strideRanks(t, c.lines...)
		if stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "stride: ") || !strings.Contains(stderr, c.want) || slices.Contains(statuses, done) {
			t.Errorf("want %q, got %q, %q, statuses %v", c.want, stdout, stderr, statuses)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%q: a folder was left", c.want)
		}
	}
}

// Package cluster is how verbs run as one of several ranks: the flags, who prints, and how
// all of them end.
package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/built"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/dist"
)

type comm = dist.Comm

// open connects the ranks. The build tag mpi sets it.
var open = func(*Flags) (comm, error) {
	return nil, built.Without("MPI", "mpi")
}

const mpiKind = "mpi"

// Flags say how a verb runs as one of several ranks.
type Flags struct {
	kind, compress string
	exact, syncBN  bool
	timeout        durationFlag
}

// Recorded are those that a resumed run takes from its record.
var Recorded = []string{"dist-exact", "sync-bn", "dist-compress"}

// Shards is the number of parts of a batch with --dist-exact.
const Shards = 8

// AddFlags adds the flags.
func (f *Flags) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	command.AddChoice(cmd, &f.kind, "dist", "train together with the other processes that `mpirun` has started: mpi; --batch is then that of all of them together", mpiKind)
	flags.BoolVar(&f.exact, "dist-exact", false, fmt.Sprintf("cut each batch into %d parts whose gradients are added up in a fixed order, so that 1, 2, 4 and %d processes get the same weights bit for bit; slower", Shards, Shards))
	flags.BoolVar(&f.syncBN, "sync-bn", false, "with --dist: batch normalization over the whole batch, not over the part of each process")
	f.compress = "none"
	command.AddChoice(cmd, &f.compress, "dist-compress", "with --dist: `form` in which gradients are sent: none, or bf16 with half the bytes and 8 bits of precision", "none", "bf16")
	flags.Var(&f.timeout, "dist-timeout", "with --dist: how long to wait for a process that does not answer, such as 90s or 10m (default: 5m)")
}

// On says that there is --dist.
func (f *Flags) On() bool { return f.kind != "" }

// Exact says that there is --dist-exact.
func (f *Flags) Exact() bool { return f.exact }

// Check reports flags that exclude each other; changed tells which ones are on the command
// line.
func (f *Flags) Check(changed func(flag string) bool, compute *command.Compute) error {
	if f.exact {
		switch {
		case f.syncBN:
			return command.Misuse("--dist-exact and --sync-bn exclude each other: the parts of a batch are computed one after the other")
		case f.compress != "none":
			return command.Misuse("--dist-exact and --dist-compress exclude each other: how sums are rounded would depend on the number of processes")
		case compute.Tune:
			return command.Misuse("--dist-exact and --tune exclude each other: each process would choose algorithms of its own")
		}
	}
	if !f.On() {
		for _, flag := range []string{"sync-bn", "dist-compress", "dist-timeout"} {
			if changed(flag) {
				return command.Misuse("--%s is for --dist", flag)
			}
		}
		return nil
	}
	for _, flag := range []string{"tune", "lr-find"} {
		if changed(flag) {
			return command.Misuse("--%s and --dist exclude each other: find out on one machine", flag)
		}
	}
	if compute.Device == "auto" {
		compute.Device = "cpu"
	}
	if compute.Device != "cpu" && compute.Device != "reference" {
		return command.Misuse("--dist is for the cpu engine: an accelerator is used without it, by one process")
	}
	return nil
}

// durationFlag is a flag for a length of time.
type durationFlag struct{ value time.Duration }

func (f *durationFlag) Type() string { return "time" }

func (f *durationFlag) String() string {
	if f.value == 0 {
		return ""
	}
	return f.value.String()
}

func (f *durationFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d > 24*time.Hour {
		return errors.New("want a time from 1s to 24h, such as 90s or 10m")
	}
	f.value = d
	return nil
}

// describe is like "8 processes on 2 hosts".
func describe(peers []dist.Peer) string {
	hosts := map[string]bool{}
	for _, p := range peers {
		hosts[p.Host] = true
	}
	processes := "1 process"
	if len(peers) > 1 {
		processes = fmt.Sprintf("%d processes", len(peers))
	}
	return processes + " on " + terminal.Plural(len(hosts), "host")
}

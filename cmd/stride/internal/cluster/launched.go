package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
)

// launched returns which of how many processes of a launcher this one is, by the variables
// of Open MPI, of MPICH and its relatives, and of Slurm; 0 of 1 without one. getenv is
// os.Getenv.
func launched(getenv func(string) string) (rank, size int) {
	for _, names := range [][2]string{
		{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}, {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
	} {
		rank, notRank := strconv.Atoi(getenv(names[0]))
		size, notSize := strconv.Atoi(getenv(names[1]))
		if notRank == nil && notSize == nil && rank >= 0 && rank < size {
			return rank, size
		}
	}
	return 0, 1
}

// WarnAlone warns who has started several processes without --dist.
func (f *Flags) WarnAlone(a *command.App) {
	if rank, size := launched(os.Getenv); !f.On() && size > 1 && rank == 0 {
		a.Notice(fmt.Sprintf("warning: %d processes were started, and each does all of the work on its own; with --dist %s they do it together", size, mpiKind))
	}
}

// turn is how long rank 0 has to tell an error that the ranks cannot tell each other.
var turn = 2 * time.Second

// Failed is called with the error of a command line that ends without one of Run. Where it
// asks for ranks and is wrong, all ranks come to know of it, and one tells it. Otherwise, of
// processes that were started together, rank 0 tells its error at once, and the others a
// little later, with their number: by then the launcher has ended them if rank 0 has failed
// as well. Failed returns the error, marked if it was told.
func Failed(ctx context.Context, a *command.App, args []string, err error) error {
	var usage *command.UsageError
	if errors.Is(err, command.ErrReported) {
		return err
	}
	if errors.As(err, &usage) && asksForRanks(args) {
		f := Flags{kind: mpiKind}
		if told := f.together(ctx, a, nil, err, nil); errors.Is(told, command.ErrReported) {
			return told
		}
	}
	rank, size := launched(os.Getenv)
	if rank == 0 {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(turn):
		command.Report(a, fmt.Errorf("rank %d of %d: %w", rank, size, err))
	}
	return &reported{err}
}

// asksForRanks reports whether a command line has --dist mpi.
func asksForRanks(args []string) bool {
	for i, arg := range args {
		if arg == "--dist="+mpiKind || arg == "--dist" && i+1 < len(args) && args[i+1] == mpiKind {
			return true
		}
	}
	return false
}

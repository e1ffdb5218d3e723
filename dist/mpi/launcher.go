package mpi

import (
	"fmt"
	"strconv"
)

// A family is a group of MPI libraries that the same launchers can start.
type family int

const (
	anyFamily family = iota
	openMPI
	mpich // and its descendants: Intel MPI, MVAPICH, Cray MPICH
)

func (f family) String() string {
	return [...]string{"any MPI", "Open MPI", "MPICH"}[f]
}

// A launcher is what the environment says about how the process was started.
type launcher struct {
	name   string // for people; empty if nothing was found
	family family // the libraries that it can start
	size   int    // how many ranks it started; 0 if it does not say
	source string // the variable that says so
}

// findLauncher looks at the variables that launchers set for the processes they
// start. getenv is os.Getenv.
func findLauncher(getenv func(string) string) launcher {
	number := func(name string) int {
		n, err := strconv.Atoi(getenv(name))
		if err != nil || n < 1 {
			return 0
		}
		return n
	}
	has := func(name string) bool { return getenv(name) != "" }
	switch {
	case has("OMPI_COMM_WORLD_SIZE"):
		return launcher{"Open MPI's mpirun", openMPI, number("OMPI_COMM_WORLD_SIZE"), "OMPI_COMM_WORLD_SIZE"}
	case has("PMI_SIZE") && has("MPI_LOCALNRANKS"): // Hydra, which may run inside a Slurm job
		return launcher{"MPICH's mpirun", mpich, number("PMI_SIZE"), "PMI_SIZE"}
	case has("SLURM_PROCID") && slurmTask(getenv("SLURM_STEP_ID")):
		return launcher{"Slurm's srun", anyFamily, number("SLURM_STEP_NUM_TASKS"), "SLURM_STEP_NUM_TASKS"}
	case has("PMI_SIZE"):
		return launcher{"a launcher with PMI", anyFamily, number("PMI_SIZE"), "PMI_SIZE"}
	case has("PMIX_RANK"):
		return launcher{"a launcher with PMIx", anyFamily, 0, ""}
	}
	return launcher{}
}

// slurmTask says whether a step of a Slurm job is one that srun started. The script
// of a batch job has no number, or one of those that Slurm reserves at the upper end.
func slurmTask(step string) bool {
	n, err := strconv.ParseUint(step, 10, 32)
	return err == nil && n < 0xfffffff0
}

const sameInstallation = "the launcher and the library must belong to the same installation of MPI; $STRIDE_MPI names another library"

// checkFamily refuses a library that the launcher cannot connect with others: it would
// end the process, or begin one group of one rank in each.
func (l launcher) checkFamily(f family, library, version string) error {
	if l.family == anyFamily || f == anyFamily || f == l.family {
		return nil
	}
	return fmt.Errorf("%s started this program, but %s is %s: %s", l.name, library, version, sameInstallation)
}

// checkSize compares the ranks that the launcher started with those that the library
// knows of.
func (l launcher) checkSize(size int, library, version string) error {
	if l.size == 0 || l.size == size {
		return nil
	}
	advice := sameInstallation
	if l.source == "SLURM_STEP_NUM_TASKS" {
		advice = "srun needs the plugin that this library speaks with, for example --mpi=pmix or --mpi=pmi2 (srun --mpi=list)"
	}
	return fmt.Errorf("%s started %d ranks (%s), but %s (%s) knows of %d: %s",
		l.name, l.size, l.source, version, library, size, advice)
}

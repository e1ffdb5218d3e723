package mpi

import (
	"strings"
	"testing"
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if n, value, _ := strings.Cut(p, "="); n == name {
				return value
			}
		}
		return ""
	}
}

func TestFindLauncher(t *testing.T) {
	for _, test := range []struct {
		env  []string
		want launcher
	}{
		{nil, launcher{}},
		{[]string{"OMPI_COMM_WORLD_SIZE=4", "PMIX_RANK=1"}, launcher{"Open MPI's mpirun", openMPI, 4, "OMPI_COMM_WORLD_SIZE"}},
		{[]string{"PMI_SIZE=3", "PMI_RANK=0", "MPI_LOCALNRANKS=3"}, launcher{"MPICH's mpirun", mpich, 3, "PMI_SIZE"}},
		{[]string{"PMI_SIZE=3", "MPI_LOCALNRANKS=3", "SLURM_PROCID=0", "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2"},
			launcher{"MPICH's mpirun", mpich, 3, "PMI_SIZE"}},
		{[]string{"SLURM_PROCID=0", "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=8", "PMIX_RANK=0"},
			launcher{"Slurm's srun", anyFamily, 8, "SLURM_STEP_NUM_TASKS"}},
		// The script of a batch job is one process, whatever the job has.
		{[]string{"SLURM_PROCID=0", "SLURM_STEP_ID=4294967291", "SLURM_STEP_NUM_TASKS=8", "SLURM_NTASKS=8"}, launcher{}},
		{[]string{"SLURM_PROCID=0", "SLURM_NTASKS=8"}, launcher{}},
		{[]string{"PMI_SIZE=2"}, launcher{"a launcher with PMI", anyFamily, 2, "PMI_SIZE"}},
		{[]string{"PMIX_RANK=2"}, launcher{"a launcher with PMIx", anyFamily, 0, ""}},
		{[]string{"OMPI_COMM_WORLD_SIZE=many"}, launcher{"Open MPI's mpirun", openMPI, 0, "OMPI_COMM_WORLD_SIZE"}},
	} {
		if got := findLauncher(environment(test.env...)); got != test.want {
			t.Errorf("%v: %+v", test.env, got)
		}
	}
}

func TestCheckSize(t *testing.T) {
	l := launcher{"Slurm's srun", anyFamily, 8, "SLURM_STEP_NUM_TASKS"}
	if err := l.checkSize(8, "lib", "MPI"); err != nil {
		t.Error(err)
	}
	err := l.checkSize(1, "/usr/lib/libmpi.so.40", "Open MPI v5")
	if err == nil || !strings.Contains(err.Error(), "--mpi=pmix") || !strings.Contains(err.Error(), "started 8 ranks") {
		t.Error(err)
	}
	if err := (launcher{name: "PMIx"}).checkSize(1, "lib", "MPI"); err != nil {
		t.Error(err)
	}
}

func TestCheckFamily(t *testing.T) {
	l := findLauncher(environment("OMPI_COMM_WORLD_SIZE=4"))
	for _, f := range []family{anyFamily, openMPI} {
		if err := l.checkFamily(f, "lib", "MPI"); err != nil {
			t.Error(err)
		}
	}
	err := l.checkFamily(mpich, "/usr/lib/libmpich.so.12", "MPICH 4.0.2")
	if err == nil || !strings.Contains(err.Error(), "Open MPI's mpirun started this program, but /usr/lib/libmpich.so.12 is MPICH 4.0.2") {
		t.Error(err)
	}
	if err := (launcher{}).checkFamily(mpich, "lib", "MPI"); err != nil {
		t.Error(err)
	}
}

// A made-up machine: its files, and its symbolic links.
func testMachine(files map[string]string, env ...string) machine {
	return machine{
		getenv: environment(env...),
		exists: func(path string) bool {
			for file := range files {
				if file == path || strings.HasPrefix(file, path+"/") {
					return true
				}
			}
			return false
		},
		resolve: func(path string) string {
			for files[path] != "" {
				path = files[path]
			}
			return path
		},
		goos: "linux", goarch: "amd64",
	}
}

func TestCandidates(t *testing.T) {
	debian := map[string]string{
		"/usr/bin/mpirun":                          "/etc/alternatives/mpirun",
		"/etc/alternatives/mpirun":                 "/usr/bin/mpirun.openmpi",
		"/usr/lib/x86_64-linux-gnu/libmpi.so.40":   "",
		"/usr/lib/x86_64-linux-gnu/libmpich.so.12": "",
		"/home/ann/venv/bin/mpirun":                "",
		"/home/ann/venv/lib/libmpi.so.12":          "",
		"/home/ann/venv/lib/libmpi_abi.so.1":       "",
		"/opt/mpi/bin/mpirun":                      "/opt/mpi-5.1/bin/prterun",
		"/opt/mpi-5.1/lib64/libmpi.so.40":          "",
	}
	for _, test := range []struct {
		name   string
		family family
		env    []string
		want   string // the first
	}{
		{"Debian", openMPI, []string{"PATH=/usr/local/bin:/usr/bin"}, "/usr/lib/x86_64-linux-gnu/libmpi.so.40"},
		{"Debian with MPICH", mpich, []string{"PATH=/usr/local/bin:/usr/bin"}, "/usr/lib/x86_64-linux-gnu/libmpich.so.12"},
		{"an environment of Python", mpich, []string{"PATH=/home/ann/venv/bin:/usr/bin"}, "/home/ann/venv/lib/libmpi.so.12"},
		{"a link to another folder", openMPI, []string{"PATH=/opt/mpi/bin:/usr/bin"}, "/opt/mpi-5.1/lib64/libmpi.so.40"},
		{"no PATH, as below ssh", openMPI, nil, "/usr/lib/x86_64-linux-gnu/libmpi.so.40"},
		{"an environment that is not in PATH", mpich, []string{"VIRTUAL_ENV=/home/ann/venv"}, "/home/ann/venv/lib/libmpi.so.12"},
		{"the prefix of Open MPI", openMPI, []string{"PATH=/usr/bin", "OPAL_PREFIX=/opt/mpi-5.1"}, "/opt/mpi-5.1/lib64/libmpi.so.40"},
		{"relative folders in PATH are left out", openMPI, []string{"PATH=bin:."}, "/usr/lib/x86_64-linux-gnu/libmpi.so.40"},
	} {
		got := testMachine(debian, test.env...).candidates(test.family)
		if len(got) == 0 || got[0] != test.want {
			t.Errorf("%s: %q", test.name, got)
		}
	}
	m := testMachine(debian, "PATH=/usr/bin")
	m.parent = "/home/ann/venv/bin/hydra_pmi_proxy"
	if got := m.candidates(mpich); got[0] != "/home/ann/venv/lib/libmpi.so.12" {
		t.Errorf("started by a launcher that is not in PATH: %q", got)
	}
	m.parent = "/bin/bash" // of the script that mpirun started
	if got := m.candidates(mpich); got[0] != "/usr/lib/x86_64-linux-gnu/libmpich.so.12" {
		t.Errorf("started by a script: %q", got)
	}
	if got := testMachine(nil).candidates(openMPI); len(got) == 0 || got[0] != "libmpi.so.40" {
		t.Errorf("a machine without files: %q", got)
	}
}

func TestNotFound(t *testing.T) {
	m := testMachine(map[string]string{"/usr/lib/libc.so.6": ""})
	text := m.notFound(findLauncher(environment("OMPI_COMM_WORLD_SIZE=2")), []string{"/x/libmpi.so.40: file too short"}).Error()
	for _, want := range []string{"libmpi.so.40", "/usr/lib", "openmpi-bin", "$STRIDE_MPI", "Open MPI's mpirun", "file too short"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	if strings.Contains(text, "libmpich") {
		t.Errorf("%q names MPICH's library", text)
	}
	text = m.notFound(findLauncher(environment("PMI_SIZE=2", "MPI_LOCALNRANKS=2")), nil).Error()
	if !strings.Contains(text, "pip install mpich") || strings.Contains(text, "so.40") {
		t.Errorf("%q", text)
	}
}

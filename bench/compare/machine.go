package main

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/engine/cpu"
)

func thisMachine() results.Machine {
	m := results.Machine{CPU: "unknown processor", Cores: runtime.NumCPU(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		m.CPU, m.Instructions = parseCPU(string(info), m.CPU)
	} else if out, err := exec.Command("sysctl", "-n", "machdep.cpu.brand_string").Output(); err == nil {
		m.CPU = strings.TrimSpace(string(out))
	}
	for _, name := range engineVariables {
		if v, ok := os.LookupEnv(name); ok {
			m.Environment = append(m.Environment, name+"="+v)
		}
	}
	return m
}

// Environment variables that change what the engines do.
var engineVariables = []string{
	"STRIDE_KERNELS", "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME",
	"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE", "LD_PRELOAD",
}

// Instruction sets as /proc/cpuinfo names them.
var vectorSets = []string{
	"sse4_2", "avx", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve", "sve2",
}

// parseCPU finds the processor's name and its vector instruction sets in the
// text of /proc/cpuinfo.
func parseCPU(info, unknown string) (name string, sets []string) {
	name = unknown
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); fields[key] == "" {
			fields[key] = strings.TrimSpace(value)
		}
	}
	if v := fields["model name"]; v != "" {
		name = v
	}
	if f := fields["cpu family"]; f != "" {
		name += ", family " + f + " model " + fields["model"]
	}
	has := strings.Fields(fields["flags"] + " " + fields["Features"])
	for _, s := range vectorSets {
		if slices.Contains(has, s) {
			sets = append(sets, s)
		}
	}
	return name, sets
}

// strideVersions says which stride this is.
func strideVersions(repository string) map[string]string {
	device := cpu.New(cpu.Options{})
	defer device.Close()
	v := map[string]string{"Stride's engine": device.Description(), "Go": runtime.Version()}
	git := exec.Command("git", "describe", "--always", "--dirty=, with changes")
	git.Dir = repository
	if out, err := git.Output(); err == nil {
		v["Stride"] = strings.TrimSpace(string(out))
	}
	return v
}

package workers

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// What follows reads Linux' /proc; elsewhere it finds nothing and says 0.

// peakMemory returns the most resident memory that a process has had since
// resetPeakMemory, in bytes.
func peakMemory(pid int) int64 { return statusBytes(pid, "VmHWM:") }

// residentMemory returns the resident memory of a process, in bytes.
func residentMemory(pid int) int64 { return statusBytes(pid, "VmRSS:") }

func resetPeakMemory(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

func statusBytes(pid int, field string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return 1024 * kilobytes
			}
		}
	}
	return 0
}

// processorSeconds returns how long a process has computed, on all its threads
// together, to a hundredth of a second.
func processorSeconds(pid int) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field is the program's name in parentheses; the 14th and 15th
	// are the ticks in its own code and in the kernel.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	const ticks = 100 // USER_HZ, the same on all of Go's Linux ports
	return (user + system) / ticks
}

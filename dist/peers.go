package dist

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A Peer says where a rank runs.
type Peer struct {
	Rank int `json:"rank"`
	// Host is the name of its machine and Process its number there.
	Host    string `json:"host"`
	Process int    `json:"process"`
	// CPUs are the numbers of the processors that it may use, as Linux writes them,
	// such as "0-3,8"; "" where the system does not say. Count is how many they are.
	CPUs  string `json:"cpus,omitempty"`
	Count int    `json:"count"`
}

// String is like "rank 3 (host node7)".
func (p Peer) String() string {
	if p.Host == "" {
		return fmt.Sprintf("rank %d", p.Rank)
	}
	return fmt.Sprintf("rank %d (host %s)", p.Rank, p.Host)
}

// Peers returns where all ranks run, by rank.
func Peers(c Comm) ([]Peer, error) {
	host, _ := os.Hostname() // without a name there is still the rank
	own, err := json.Marshal(Peer{Rank: c.Rank(), Host: host, Process: os.Getpid(), CPUs: allowedCPUs(), Count: runtime.NumCPU()})
	if err != nil {
		return nil, err
	}
	texts, err := GatherBytes(c, own)
	if err != nil {
		return nil, err
	}
	peers := make([]Peer, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal(text, &peers[i]); err != nil {
			return nil, fmt.Errorf("rank %d says where it runs in a way that this version does not understand: %w", i, err)
		}
	}
	return peers, nil
}

// allowedCPUs reads which processors this process may use.
func allowedCPUs() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(status)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return strings.TrimSpace(list)
		}
	}
	return ""
}

// Local returns how many ranks run on the host of a rank, and the place of the rank
// among them.
func Local(peers []Peer, rank int) (ranks, place int) {
	for _, p := range peers {
		if p.Host == peers[rank].Host {
			ranks++
			if p.Rank < rank {
				place++
			}
		}
	}
	return ranks, place
}

// Threads returns how many threads a rank should compute with, so that all ranks of its
// host together have one for each processor: those that the host's ranks may use,
// divided by their number, at least 1, and at most what the rank itself may use. A
// launcher may have bound each rank to processors of its own, or none to any.
func Threads(peers []Peer, rank int) int {
	host, used, known := peers[rank].Host, map[int]bool{}, true
	for _, p := range peers {
		if p.Host != host {
			continue
		}
		list, ok := parseCPUs(p.CPUs)
		known = known && ok
		for _, cpu := range list {
			used[cpu] = true
		}
	}
	all := len(used)
	if !known {
		all = peers[rank].Count
	}
	ranks, _ := Local(peers, rank)
	return max(1, min(all/ranks, peers[rank].Count))
}

// parseCPUs reads a list such as "0-3,8".
func parseCPUs(list string) (cpus []int, ok bool) {
	const most = 1 << 16
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 0 || b < a || b > most {
			return nil, false
		}
		for cpu := a; cpu <= b; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, true
}

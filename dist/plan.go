package dist

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
)

// A Field is a part of what all ranks must agree on before they begin, such as the
// random seed.
type Field struct {
	// Name says what it is, as the subject of a sentence: "the random seed".
	Name string `json:"name"`
	// Value is the rank's, in words or as a hash.
	Value string `json:"value"`
}

// CheckPlan compares the fields of all ranks, which must have the same names in the
// same order. Where a rank has another value than rank 0, the error, the same on all
// ranks, names the rank, its host, the field and both values. It costs a hash of each
// rank if all agree.
func CheckPlan(c Comm, peers []Peer, plan []Field) error {
	text, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	hash, n := sha256.Sum256(text), c.Size()
	hashes := make([]byte, n*len(hash))
	if err := c.AllGather(hash[:], hashes); err != nil {
		return err
	}
	if bytes.Equal(hashes, bytes.Repeat(hash[:], n)) {
		return nil
	}
	texts, err := GatherBytes(c, text)
	if err != nil {
		return err
	}
	plans := make([][]Field, n)
	for rank, text := range texts {
		if err := json.Unmarshal(text, &plans[rank]); err != nil {
			return fmt.Errorf("%v has a plan that this version does not understand: %w", peers[rank], err)
		}
	}
	return comparePlans(peers, plans)
}

// comparePlans tells the first difference of each field.
func comparePlans(peers []Peer, plans [][]Field) error {
	const most = 4 // fields of a sentence
	var differences []string
	for i, field := range plans[0] {
		var others []int
		for rank, plan := range plans {
			switch {
			case len(plan) <= i || plan[i].Name != field.Name:
				return fmt.Errorf("%v runs another version of the program than %v: their plans have different fields", peers[rank], peers[0])
			case plan[i].Value != field.Value:
				others = append(others, rank)
			}
		}
		if len(others) == 0 {
			continue
		}
		text := fmt.Sprintf("%s is %s on %v, and %s on %v", field.Name, plans[others[0]][i].Value, peers[others[0]], field.Value, peers[0])
		if more := len(others) - 1; more == 1 {
			text += " (and also differs on 1 other rank)"
		} else if more > 1 {
			text += fmt.Sprintf(" (and also differs on %d other ranks)", more)
		}
		differences = append(differences, text)
		if len(differences) == most {
			break
		}
	}
	if len(differences) == 0 {
		return fmt.Errorf("the ranks have different plans: they run different versions of the program")
	}
	return fmt.Errorf("the ranks are not set up alike: %s", strings.Join(differences, "; "))
}

// Package weights prepares the tensors of a file for a network: it finds the
// names that a wrapper of the network has changed, and values that no network
// can compute with.
package weights

import (
	"fmt"
	"math"
	"strings"

	"github.com/strideml/stride/tensor"
)

// wrappers are parts of names that PyTorch adds at any depth, where a part of a
// network was compiled or distributed.
var wrappers = []string{"_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."}

// Unwrap returns the entries under the names that they had before the network
// was wrapped, and what was taken from all names, such as "module." of
// DistributedDataParallel, "_orig_mod." of torch.compile, or "model." and
// "backbone." of a class that holds the network. known reports whether the
// network has a name. Entries of which the network knows a name are returned as
// they are, with "", and so are those that it does not know by any common
// prefix.
func Unwrap(entries []tensor.Named, known func(name string) bool) (unwrapped []tensor.Named, prefix string) {
	if count(entries, "", known) > 0 {
		return entries, ""
	}
	removed := ""
	renamed := make([]tensor.Named, len(entries))
	for i, e := range entries {
		for _, wrapper := range wrappers {
			name := dropPart(e.Name, wrapper)
			if name != e.Name && removed == "" {
				removed = wrapper
			}
			e.Name = name
		}
		renamed[i] = e
	}
	prefix, most := "", count(renamed, "", known)
	for rest, p := common(renamed), ""; ; {
		i := strings.IndexByte(rest, '.')
		if i < 0 {
			break
		}
		p, rest = p+rest[:i+1], rest[i+1:]
		if n := count(renamed, p, known); n > most {
			prefix, most = p, n
		}
	}
	if most == 0 {
		return entries, ""
	}
	for i := range renamed {
		renamed[i].Name = strings.TrimPrefix(renamed[i].Name, prefix)
	}
	return renamed, removed + prefix
}

// count returns how many entries have a name that is known without the prefix,
// which all must have.
func count(entries []tensor.Named, prefix string, known func(string) bool) int {
	n := 0
	for _, e := range entries {
		if known(strings.TrimPrefix(e.Name, prefix)) {
			n++
		}
	}
	return n
}

// dropPart removes a part, which ends in a dot, wherever it is a whole part of
// the name.
func dropPart(name, part string) string {
	return strings.TrimPrefix(strings.ReplaceAll("."+name, "."+part, "."), ".")
}

// common returns the longest text that all names begin with.
func common(entries []tensor.Named) string {
	if len(entries) == 0 {
		return ""
	}
	prefix := entries[0].Name
	for _, e := range entries {
		n := 0
		for n < min(len(prefix), len(e.Name)) && prefix[n] == e.Name[n] {
			n++
		}
		prefix = prefix[:n]
	}
	return prefix
}

// CheckFinite returns an error that names the first tensor with values that are
// NaN or infinite, and says how many it has, and how many other tensors have
// some.
func CheckFinite(entries []tensor.Named) error {
	first, others := "", 0
	for _, e := range entries {
		what := notFinite(e.Tensor)
		switch {
		case what == "":
		case first == "":
			first = fmt.Sprintf("tensor %s has %s", e.Name, what)
		default:
			others++
		}
	}
	switch {
	case first == "":
		return nil
	case others == 1:
		first += ", and another tensor has some"
	case others > 1:
		first += fmt.Sprintf(", and %d other tensors have some", others)
	}
	return fmt.Errorf("the weights are damaged: %s", first)
}

// notFinite describes the values of a tensor that are no numbers, "" if there
// are none.
func notFinite(t *tensor.Tensor) string {
	if t == nil {
		return ""
	}
	nan, inf := 0, 0
	for _, v := range t.Data() {
		if v-v == 0 {
			continue
		}
		if math.IsNaN(float64(v)) {
			nan++
		} else {
			inf++
		}
	}
	var parts []string
	if nan > 0 {
		parts = append(parts, fmt.Sprintf("%d NaN", nan))
	}
	if inf > 0 {
		parts = append(parts, fmt.Sprintf("%d Inf", inf))
	}
	if parts == nil {
		return ""
	}
	return fmt.Sprintf("%s among %d values", strings.Join(parts, " and "), t.Size())
}

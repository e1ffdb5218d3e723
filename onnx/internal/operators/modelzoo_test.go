package operators

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestModelZoo counts the image networks of github.com/onnx/models all of whose operators
// are supported. testdata/model_zoo.py has written the list. Constants are not in the table:
// they are tensors, not operators.
func TestModelZoo(t *testing.T) {
	text, err := os.ReadFile("testdata/model-zoo.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, known := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		var kind, name string
		var networks int
		if _, err := fmt.Sscan(line, &kind, &networks, &name); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		unknown := slices.DeleteFunc(strings.Fields(line)[3:], func(op string) bool { return op == "Constant" || Lookup(op) != nil })
		all[kind] += networks
		if len(unknown) == 0 {
			known[kind] += networks
		} else {
			t.Logf("%s, %d of kind %s: %s", name, networks, kind, strings.Join(unknown, " "))
		}
	}
	for kind, n := range all {
		t.Logf("%s: %d of %d networks have supported operators only", kind, known[kind], n)
	}
	if all["cnn"] != 439 || known["cnn"] < 432 || all["other"] != 165 || known["other"] < 161 {
		t.Error("fewer than there were")
	}
}

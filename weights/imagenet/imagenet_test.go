package imagenet_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/strideml/stride/weights/imagenet"
)

func TestClasses(t *testing.T) {
	classes, synsets := imagenet.Classes(), imagenet.Synsets()
	if len(classes) != 1000 || len(synsets) != 1000 || !slices.IsSorted(synsets) {
		t.Fatalf("%d classes, %d synsets", len(classes), len(synsets))
	}
	seen := map[string]bool{}
	for i, name := range classes {
		if name == "" || seen[name] || len(synsets[i]) != 9 || synsets[i][0] != 'n' {
			t.Errorf("class %d is %q, %q", i, name, synsets[i])
		}
		seen[name] = true
	}
	for i, want := range map[int]string{2: "great white shark", 134: "crane (bird)", 517: "crane", 999: "toilet tissue"} {
		if classes[i] != want {
			t.Errorf("class %d is %q, want %q", i, classes[i], want)
		}
	}
}

func Example() {
	fmt.Println(imagenet.Synsets()[281], imagenet.Classes()[281])
	// Output: n02123045 tabby
}

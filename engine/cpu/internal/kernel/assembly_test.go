package kernel

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAssemblyNeedsNoAVX512 looks for the registers that AVX-512 added. The
// generator resorts to them without a word when it runs out of the sixteen others,
// and the kernels would then crash on a CPU that has AVX2 only. Those named after
// AVX-512 may use them.
func TestAssemblyNeedsNoAVX512(t *testing.T) {
	files, err := filepath.Glob("*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatalf("no assembly found: %v", err)
	}
	start := regexp.MustCompile(`(?m)^TEXT ·(\w+)`)
	wide := regexp.MustCompile(`\b(Z\d+|[XY](1[6-9]|2\d|3[01])|K[0-7])\b`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		starts := start.FindAllSubmatchIndex(text, -1)
		for i, at := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			function := string(text[at[2]:at[3]])
			if strings.HasSuffix(function, "AVX512") {
				continue
			}
			if register := wide.Find(text[at[0]:end]); register != nil {
				t.Errorf("%s: %s uses register %s", name, function, register)
			}
		}
	}
}

package markup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRegions(t *testing.T) {
	got, err := Regions("x.go", `package x

//region f

// f does it.
func f() {
	//region inner
	a := 1
	if a > 0 {

		b()
	}
	//endregion
	// region is a word
}

//endregion
`)
	want := map[string]string{
		"f":     "// f does it.\nfunc f() {\n\ta := 1\n\tif a > 0 {\n\n\t\tb()\n\t}\n\t// region is a word\n}\n",
		"inner": "a := 1\nif a > 0 {\n\n\tb()\n}\n",
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Fatal(err, cmp.Diff(want, got))
	}
	python, err := Regions("x.py", "def f():\n    # region g\n    return 1\n    # endregion\n")
	if err != nil || python["g"] != "return 1\n" {
		t.Fatal(err, python)
	}
}

func TestRegionErrors(t *testing.T) {
	for source, want := range map[string]string{
		"//region a\n":  `"a" has no endregion`,
		"//endregion\n": "x.go:1: endregion without region",
		"//region a\n//endregion\n//region a\n//endregion":  "two regions",
		"//region\n//endregion":                             "has one name",
		"//region two words\n//endregion":                   "has one name",
		"//region a\n//region b\n//endregion\n//endregions": "no endregion",
	} {
		if _, err := Regions("x.go", source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", source, err, want)
		}
	}
}

const page = "# T\n\n```go region=a\nold\n```\n\n```go\nfree\n```\n```text output=s approx=0.1\n```\nend"

func TestBlocks(t *testing.T) {
	blocks, err := Blocks("en.md", page)
	want := []Block{{Line: 3, Language: "go", Region: "a", Text: "old\n"}, {Line: 10, Language: "text", Output: "s", Approx: 0.1}}
	if err != nil || !cmp.Equal(blocks, want) {
		t.Fatal(err, cmp.Diff(want, blocks))
	}
	got := Replace(page, blocks, func(b Block) string { return "new " + b.Region + b.Output + "\nline\n" })
	if want := "# T\n\n```go region=a\nnew a\nline\n```\n\n```go\nfree\n```\n```text output=s approx=0.1\nnew s\nline\n```\nend"; got != want {
		t.Fatalf("%q", got)
	}
	for info, want := range map[string]string{
		"```go region=a\n":                       "has no end",
		"```text output=s approx=2\n```":         "between 0 and 1",
		"```go regoin=a\n```":                    "unknown word",
		"```text output=s region=a\n```":         "not both",
		"```text output=s approx=NaN\n```":       "between 0 and 1",
		"fine\n```text output=s region=\n```":    "unknown word",
		"\n\n```text output=s\n```\n```text x\n": "en.md:5",
	} {
		if _, err := Blocks("en.md", info); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", info, err, want)
		}
	}
}

func TestDiffers(t *testing.T) {
	for _, test := range []struct {
		block    Block
		now      string
		differs  bool
		whatever string
	}{
		{Block{Text: "a 1.00\n"}, "a 1.00\n", false, "equal"},
		{Block{Text: "a 1.00\n"}, "a 1.01\n", true, "exact by default"},
		{Block{Text: "a 1.00\n", Approx: 0.02}, "a 1.01\n", false, "within 2 %"},
		{Block{Text: "a 1.00\n", Approx: 0.02}, "a 1.03\n", true, "beyond 2 %"},
		{Block{Text: "a 1.00\n", Approx: 0.02}, "b 1.00\n", true, "words"},
		{Block{Text: "a 1.00\n", Approx: 0.02}, "a 1.00\nmore\n", true, "lines"},
		{Block{Text: "a 1.00\nmore\n", Approx: 0.02}, "a 1.00\n", true, "fewer lines"},
		{Block{Text: "0.000\n", Approx: 0.02}, "0.001\n", false, "the last digit"},
		{Block{Text: "0.000\n", Approx: 0.02}, "0.002\n", true, "more than the last digit"},
		{Block{Text: "loss 0.50, 3.0 s, 100 images/s\n", Approx: 0.02}, "loss 0.50, 9.1 s, 1,000 images/s\n", false, "times"},
		{Block{Text: "loss 0.50, 3.0 s\n", Approx: 0.02}, "loss 0.90, 3.0 s\n", true, "not a time"},
		{Block{Text: "[ 1.0 -2.0]\n", Approx: 0.1}, "[ 1.0  2.0]\n", true, "sign"},
		{Block{Text: "gemm   12.1 GFLOP/s\n", Measured: true}, "gemm  120.9 GFLOP/s\n", false, "measured"},
		{Block{Text: "gemm   12.1 GFLOP/s\n", Measured: true}, "winograd  120.9 GFLOP/s\n", true, "measured, other words"},
	} {
		if how := test.block.Differs(test.now); (how != "") != test.differs {
			t.Errorf("%s: %q", test.whatever, how)
		}
	}
}

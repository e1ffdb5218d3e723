package kerneltest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// CheckSource reads the package in the working folder, which is that of the test, and
// checks that its assembly keeps three rules: each assembly function is called by a
// function of twins; its name says on which architectures it exists; and it uses
// registers of AVX-512 only if its name says so.
func CheckSource(t *testing.T, twins []Twin) {
	s := readSource(t)
	t.Run("twins", func(t *testing.T) { s.checkTwins(t, twins) })
	t.Run("names", s.checkNames)
	t.Run("registers", s.checkRegisters)
}

// source is what the rules are about.
type source struct {
	assembly []string            // the functions without a body
	callers  map[string][]string // for each function, those that call it
	text     map[string]string   // for each architecture, its assembly
}

func readSource(t *testing.T) source {
	t.Helper()
	s := source{callers: map[string][]string{}, text: map[string]string{}}
	for _, name := range files(t, "*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				s.addFunction(f)
			}
		}
	}
	if len(s.assembly) == 0 {
		t.Fatal("no assembly functions found")
	}
	for _, arch := range []string{"amd64", "arm64"} {
		for _, name := range files(t, "*_"+arch+".s") {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s.text[arch] += string(text)
		}
	}
	return s
}

// files returns the files that a pattern matches, at least one.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return names
}

func (s *source) addFunction(f *ast.FuncDecl) {
	if f.Body == nil {
		s.assembly = append(s.assembly, f.Name.Name)
		return
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if id, ok := call.Fun.(*ast.Ident); ok {
				s.callers[id.Name] = append(s.callers[id.Name], f.Name.Name)
			}
		}
		return true
	})
}

// checkTwins checks that the functions that call assembly are compared with their twins.
func (s *source) checkTwins(t *testing.T, twins []Twin) {
	compared := map[string]bool{}
	for _, c := range twins {
		compared[c.Name] = true
	}
	for _, name := range s.assembly {
		if len(s.callers[name]) == 0 {
			t.Errorf("%s is called by no function", name)
		}
		for _, caller := range s.callers[name] {
			if !compared[caller] {
				t.Errorf("%s calls %s, but no test compares it with its twin", caller, name)
			}
		}
	}
}

// checkNames checks that a name says on which architectures a function exists: in
// which files it is.
func (s *source) checkNames(t *testing.T) {
	for _, name := range s.assembly {
		for arch, want := range map[string]bool{"amd64": true, "arm64": strings.HasSuffix(name, "SIMD")} {
			if has := strings.Contains(s.text[arch], "TEXT ·"+name+"(SB)"); has != want {
				t.Errorf("%s on %s: %v, its name says %v", name, arch, has, want)
			}
		}
	}
}

// checkRegisters looks for the registers that AVX-512 added. The generator resorts to
// them without a word when it runs out of the sixteen others, and the kernels would
// then crash on a CPU that has AVX2 only. Those named after AVX-512 may use them.
func (s *source) checkRegisters(t *testing.T) {
	text := s.text["amd64"]
	wide := regexp.MustCompile(`\b(Z\d+|[XY](1[6-9]|2\d|3[01])|K[0-7])\b`)
	starts := regexp.MustCompile(`(?m)^TEXT ·(\w+)`).FindAllStringSubmatchIndex(text, -1)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		function := text[at[2]:at[3]]
		if strings.HasSuffix(function, "AVX512") {
			continue
		}
		if register := wide.FindString(text[at[0]:end]); register != "" {
			t.Errorf("%s uses register %s", function, register)
		}
	}
}

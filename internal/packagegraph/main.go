// Command packagegraph draws which packages import which: the pictures in
// docs/architecture.md. It asks "go list", so that the pictures are true.
//
//	go run ./internal/packagegraph    # in the repository's root
//
// Packages stand above what they import. An arrow is left out where a longer
// way of arrows leads from the one package to the other.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:generate go run . -root ../..

const module = "github.com/strideml/stride"

// A picture shows the packages for which shows is true, by the names that name
// returns.
type picture struct {
	file    string // in docs/
	title   string
	columns int // at most this many packages side by side
	shows   func(pkg string) bool
	name    func(pkg string) string
}

var pictures = []picture{
	{
		file: "packages.svg", title: "The public packages of Stride", columns: 3,
		shows: func(pkg string) bool {
			for _, part := range strings.Split(pkg, "/") {
				switch part {
				case "internal", "examples", "book", "bench", "enginetest":
					return false
				}
			}
			return true
		},
		name: func(pkg string) string { return pkg },
	},
	{
		file: "engine-cpu.svg", title: "The packages of engine/cpu", columns: 3,
		shows: func(pkg string) bool {
			if pkg == "engine/cpu/internal/kernel" { // no code
				return false
			}
			return pkg == "engine/cpu" || strings.HasPrefix(pkg, "engine/cpu/internal/")
		},
		name: func(pkg string) string { return strings.TrimPrefix(pkg, "engine/cpu/internal/") },
	},
}

func main() {
	log.SetFlags(0)
	root := flag.String("root", ".", "folder of the module")
	flag.Parse()
	imports, err := list(*root)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range pictures {
		file := filepath.Join(*root, "docs", p.file)
		if err := os.WriteFile(file, p.draw(imports), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// list returns the packages of the module, each with those of the module that it
// imports, on linux/amd64, without the module's path.
func list(root string) (map[string][]string, error) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	imports := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module+"/")
		imports[pkg] = nil
		for _, path := range fields[1:] {
			if inside, ok := strings.CutPrefix(path, module+"/"); ok {
				imports[pkg] = append(imports[pkg], inside)
			}
		}
	}
	return imports, nil
}

// draw returns the picture as SVG.
func (p picture) draw(imports map[string][]string) []byte {
	shown := map[string][]string{}
	for pkg := range imports {
		if p.shows(pkg) {
			shown[p.name(pkg)] = nil
			for _, to := range through(imports, pkg, p.shows) {
				shown[p.name(pkg)] = append(shown[p.name(pkg)], p.name(to))
			}
		}
	}
	l := arrange(reduce(shown), p.columns)
	return l.svg(p.title)
}

// through returns what pkg imports of the packages shown, directly or by way of
// packages that are not shown.
func through(imports map[string][]string, pkg string, shows func(string) bool) []string {
	found, seen := []string{}, map[string]bool{}
	var visit func(pkg string)
	visit = func(pkg string) {
		for _, to := range imports[pkg] {
			if seen[to] {
				continue
			}
			seen[to] = true
			if shows(to) {
				found = append(found, to)
			} else {
				visit(to)
			}
		}
	}
	visit(pkg)
	return found
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceFile matches the names of files that say on which terms code may be
// passed on.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)`)

// ownData are licences of what is embedded in this project's packages and is not
// its own: Fashion-MNIST, and what sets formulas in the book's pages.
var ownData = []string{"data/fashionmnist/sample/LICENSE-fashion-mnist", "book/site/assets/katex/LICENSE"}

// A component is what a licence list has an entry for: a module or Go's standard
// library.
type component struct {
	name    string
	root    string              // its folder
	folders map[string]struct{} // with packages that are linked
}

// thirdParty returns the licences of all that is linked into the program on a
// platform: of Go's standard library, of modules, of data.
func thirdParty(ctx context.Context, env, tags []string) ([]byte, error) {
	components, err := linked(ctx, env, tags)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "The program %s contains the following, which others have made.\n", program)
	for _, c := range components {
		files, err := c.licences()
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no licence file in %s", c.name, c.root)
		}
		for _, file := range files {
			relative, err := filepath.Rel(c.root, file)
			if err != nil {
				return nil, err
			}
			if err := appendFile(&out, c.name+", "+filepath.ToSlash(relative), file); err != nil {
				return nil, err
			}
		}
	}
	for _, file := range ownData {
		if err := appendFile(&out, file, filepath.FromSlash(file)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func appendFile(out *bytes.Buffer, title, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), title, bytes.TrimSpace(text))
	return nil
}

// linked lists the modules with packages in the program, the standard library first.
func linked(ctx context.Context, env, tags []string) ([]*component, error) {
	goroot, err := output(ctx, env, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	version, err := output(ctx, env, "go", "env", "GOVERSION")
	if err != nil {
		return nil, err
	}
	// Packages of the standard library have no module.
	const format = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}"
	list, err := output(ctx, env, "go", "list", "-deps", "-tags", strings.Join(tags, ","), "-f", format, "./cmd/"+program)
	if err != nil {
		return nil, err
	}
	modules := map[string]*component{}
	for line := range strings.Lines(list) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 {
			continue
		}
		name, root, folder := fields[0], fields[1], fields[2]
		if modules[name] == nil {
			modules[name] = &component{name, root, map[string]struct{}{}}
		}
		modules[name].folders[folder] = struct{}{}
	}
	components := []*component{{"Go's standard library " + version, goroot, map[string]struct{}{goroot: {}}}}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		components = append(components, modules[name])
	}
	return components, nil
}

// licences returns the component's licence files: those in folders of linked
// packages and in the folders above them, up to the component's root.
func (c *component) licences() ([]string, error) {
	folders := map[string]struct{}{c.root: {}}
	for folder := range c.folders {
		for ; len(folder) > len(c.root); folder = filepath.Dir(folder) {
			folders[folder] = struct{}{}
		}
	}
	var files []string
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			switch name := filepath.Join(folder, e.Name()); {
			case !licenceFile.MatchString(e.Name()) || filepath.Ext(name) == ".go":
			case e.Type().IsRegular():
				files = append(files, name)
			case e.IsDir():
				nested, err := filepath.Glob(filepath.Join(name, "*"))
				if err != nil {
					return nil, err
				}
				files = append(files, nested...)
			}
		}
	}
	return files, nil
}

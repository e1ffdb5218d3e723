package doccheck

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

const root = "../.."

// documents returns the Markdown files of the repository by their paths in it.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", ".github/*.md", "docs/*.md", "bench/*.md", "examples/*.md", "examples/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.ToSlash(name)] = string(text)
		}
	}
	for _, want := range []string{"README.md", "README.zh.md", "CONTRIBUTING.md", "docs/architecture.md"} {
		if texts[want] == "" {
			t.Fatalf("%s is missing", want)
		}
	}
	return texts
}

var (
	fence = regexp.MustCompile("(?ms)^```.*?^```$")
	span  = regexp.MustCompile("`[^`\n]+`")
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// prose returns a document without its blocks of code.
func prose(text string) string { return fence.ReplaceAllString(text, "") }

// spans returns what stands in a document between backquotes.
func spans(text string) []string {
	var list []string
	for _, s := range span.FindAllString(prose(text), -1) {
		list = append(list, strings.Trim(s, "`"))
	}
	return list
}

// links returns where a document's links lead, as paths in the repository with
// the heading after #. Other sites are left out.
func links(name, text string) []string {
	var list []string
	for _, m := range link.FindAllStringSubmatch(span.ReplaceAllString(prose(text), ""), -1) {
		u, err := url.Parse(m[1])
		switch {
		case err != nil:
			list = append(list, m[1])
		case u.Scheme != "":
		case u.Path == "":
			list = append(list, name+"#"+u.Fragment)
		case u.Fragment != "":
			list = append(list, path.Join(path.Dir(name), u.Path)+"#"+u.Fragment)
		default:
			list = append(list, path.Join(path.Dir(name), u.Path))
		}
	}
	return list
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
	return err == nil
}

// slug is the name that GitHub gives a heading for links.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}

func TestLinks(t *testing.T) {
	texts := documents(t)
	count := 0
	for name, text := range texts {
		for _, to := range links(name, text) {
			count++
			file, heading, _ := strings.Cut(to, "#")
			if !exists(file) {
				t.Errorf("%s links to %s, which does not exist", name, file)
				continue
			}
			if heading == "" {
				continue
			}
			found := false
			for _, line := range strings.Split(prose(texts[file]), "\n") {
				if strings.HasPrefix(line, "#") && slug(strings.TrimLeft(line, "#")) == heading {
					found = true
				}
			}
			if !found {
				t.Errorf("%s links to %s, which has no heading %s", name, file, heading)
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d links were found", count)
	}
}

// A path is a code span that begins with a folder of the repository.
var filePath = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+/?$`)

func TestPaths(t *testing.T) {
	count := 0
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue // speaks of what was, too
		}
		for _, s := range spans(text) {
			s = strings.TrimPrefix(s, "./")
			first, _, _ := strings.Cut(s, "/")
			if !filePath.MatchString(s) || !exists(first) {
				continue
			}
			count++
			if path.Base(s) == "NAME.go" { // stands for each operator's file
				s = path.Dir(s)
			}
			if !exists(s) {
				t.Errorf("%s speaks of %s, which does not exist", name, s)
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d paths were found", count)
	}
}

// Whoever begins with README.md comes to each document.
func TestReachable(t *testing.T) {
	texts := documents(t)
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] || texts[name] == "" {
			return
		}
		seen[name] = true
		for _, to := range links(name, texts[name]) {
			file, _, _ := strings.Cut(to, "#")
			visit(file)
		}
	}
	visit("README.md")
	for name := range texts {
		if !seen[name] {
			t.Errorf("no way of links leads from README.md to %s", name)
		}
	}
}

func TestSlug(t *testing.T) {
	for heading, want := range map[string]string{
		" Adding an operator":     "adding-an-operator",
		" Why is `nn` so, really": "why-is-nn-so-really",
		" 有多快":                    "有多快",
	} {
		if got := slug(heading); got != want {
			t.Errorf("slug of %q is %q, want %q", heading, got, want)
		}
	}
}

// docs/architecture.md has each public package, and each of engine/cpu's own, in a table.
func TestEveryPackage(t *testing.T) {
	text := documents(t)["docs/architecture.md"]
	listed := map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, s := range spans(cells[1]) {
				listed[s] = true
			}
		}
	}
	count := 0
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		inEngine, inside := strings.CutPrefix(pkg, "engine/cpu/internal/")
		switch base := path.Base(pkg); {
		case pkg == "engine/cpu/internal":
			return nil
		case base == "internal" || base == "testdata" || base == "gen" || base == ".git" || pkg == "examples" || pkg == "book" || pkg == "bench" || pkg == "tools" || pkg == "shared":
			return filepath.SkipDir
		case inside:
			pkg = inEngine
		}
		files, err := filepath.Glob(filepath.Join(name, "*.go"))
		if err != nil || len(files) == 0 || pkg == "." { // the root has the comment of the module alone
			return err
		}
		count++
		if !listed[pkg] {
			t.Errorf("docs/architecture.md lacks package %s", pkg)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 30 {
		t.Errorf("only %d packages were found", count)
	}
}

package page

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// Each text that the page asks for is there, and none is there that nobody asks for.
func TestTexts(t *testing.T) {
	data, err := files.ReadFile("files/texts/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "files/*.*")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	var families []string // what keys begin with that are put together: "method."
	literal := regexp.MustCompile(`"([a-z]+\.[\w+-]*)"|(?:data-t(?:-[a-z-]+)?="|\{\{)([a-zA-Z.]+)(?:"|\}\})`)
	for _, name := range names {
		if !strings.HasSuffix(name, ".js") && !strings.HasSuffix(name, ".html") {
			continue
		}
		source, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
			key := m[1] + m[2]
			family, _, _ := strings.Cut(key, ".")
			switch {
			case strings.HasSuffix(key, "."):
				families = append(families, key)
			case texts[key] != "":
				asked[key] = true
			case texts[family+".title"] != "" || m[2] != "" && key != "language" && !strings.HasPrefix(key, "base."):
				t.Errorf("%s asks for the text %q, which is not there", name, key)
			}
		}
	}
	if len(asked) < 60 || len(families) < 5 {
		t.Errorf("%d texts and %q are asked for", len(asked), families)
	}
	for key := range texts {
		found := asked[key]
		for _, f := range families {
			found = found || strings.HasPrefix(key, f)
		}
		if !found {
			t.Errorf("nobody asks for the text %q", key)
		}
	}
	Site() // all that index.html asks for is there
}

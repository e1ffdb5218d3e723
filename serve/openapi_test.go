package serve

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// openapi.json describes each route, with its placeholders, and no others; and all that it
// refers to is there.
func TestOpenAPI(t *testing.T) {
	models, err := NewModels(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	w := httptest.NewRecorder()
	h := Handler(models, HandlerOptions{})
	h.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Summary    string
			Parameters []struct {
				Name, In string
				Required bool
			}
			Responses map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != 200 || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%d %v", w.Code, err)
	}
	var described, registered []string
	for path, methods := range doc.Paths {
		for method, operation := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
			if operation.Summary == "" || operation.Responses["200"] == nil {
				t.Errorf("%s %s has no summary or no answer", method, path)
			}
			placeholders := strings.Count(path, "{")
			for _, p := range operation.Parameters {
				if p.In == "path" {
					if placeholders--; !p.Required || !strings.Contains(path, "{"+p.Name+"}") {
						t.Errorf("%s %s has the parameter %+v", method, path, p)
					}
				}
			}
			if placeholders != 0 {
				t.Errorf("%s %s does not describe %d placeholders", method, path, placeholders)
			}
		}
	}
	for _, r := range slices.Concat(routes, pageRoutes) {
		registered = append(registered, r.method+" "+r.path)
		// Without models, each route gives an answer that is described.
		request := httptest.NewRequest(r.method, strings.NewReplacer("{model}", "m", "{version}", "1", "{file}", "app.js").Replace(r.path), http.NoBody)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request)
		if doc.Paths[r.path][strings.ToLower(r.method)].Responses[strconv.Itoa(w.Code)] == nil {
			t.Errorf("%s %s answers %d, which is not described", r.method, r.path, w.Code)
		}
	}
	slices.Sort(described)
	slices.Sort(registered)
	if !slices.Equal(described, registered) {
		t.Errorf("described are\n%s\nthere are\n%s", strings.Join(described, "\n"), strings.Join(registered, "\n"))
	}
	refs := regexp.MustCompile(`"\$ref": *"([^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(refs) < 10 {
		t.Errorf("%d references", len(refs))
	}
	for _, ref := range refs {
		if name, ok := strings.CutPrefix(ref[1], "#/components/schemas/"); !ok || doc.Components.Schemas[name] == nil {
			t.Errorf("%s is not described", ref[1])
		}
	}
}

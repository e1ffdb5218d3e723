package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/zoo"
)

func TestServer(t *testing.T) {
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(2), spec.Input, nn.Options{Init: spec.Init})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model")
	m := &modelfolder.Model{Spec: spec, Net: net, Classes: []string{"boot", "bag"}, Preprocessing: preprocess.Plain(spec.Input)}
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	h, err := newHandler(models, path)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile(filepath.Join("..", "predict", "boot.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, want string
		body               []byte
	}{{"GET", "/", "POST a picture", nil}, {"GET", "/v2/models/clothes/ready", "true", nil}, {"POST", "/v1/predict", `"class":"boot"`, picture}} {
		r := httptest.NewRequest(c.method, c.path, bytes.NewReader(c.body))
		r.Header.Set("Content-Type", "image/png")
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
	}
	if _, err := newHandler(models, "nowhere"); err == nil {
		t.Error("a model that is not there")
	}
}

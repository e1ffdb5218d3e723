package serve_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/runfolder"
)

// ask sends a picture, or nothing, and decodes the answer.
func ask(t *testing.T, url string, body []byte, into any) {
	t.Helper()
	method := "POST"
	if body == nil {
		method = "GET"
	}
	status, _, text := do(t, method, url, "image/png", body)
	if status != 200 {
		t.Fatalf("%s: %d %s", url, status, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// decoded decodes a data URL.
func decoded(t *testing.T, url string) image.Image {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func level(p image.Image, x, y int) float64 {
	r, _, _, _ := p.At(x, y).RGBA()
	return float64(r >> 8)
}

// input is what LeNet is given of a picture file.
func input(t *testing.T, model *modelfolder.Model, file []byte) *tensor.Tensor {
	t.Helper()
	p, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	x, err := model.Preprocessing.Tensor(p)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

type sheet struct {
	Columns, Width, Height, Count int
	Image                         string
}

// The routes answer with what package explain computes.
func TestLook(t *testing.T) {
	t.Parallel()
	_, url := server(t, serve.Options{}, serve.HandlerOptions{})
	model := servetest.LeNet(t, 1)
	inside, err := explain.New(model, explain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	file := picture(t, 60, 40)
	x := input(t, model, file)

	var network struct {
		Parameters     int
		MultiplyAdds   int64 `json:"multiply_adds"`
		Classes        []string
		TrainingData   bool `json:"training_data"`
		Milliseconds   float64
		Nodes          []explain.Node
		Model, Version string
	}
	ask(t, url+"/v1/network?time=1", nil, &network)
	if network.Parameters != 61_706 || network.MultiplyAdds != 416_520 || len(network.Nodes) != len(inside.Nodes()) || network.Nodes[1].Name != "0" ||
		network.Milliseconds <= 0 || network.Classes[9] != "class 9" || network.TrainingData || network.Model != "m" || network.Version != "1" {
		t.Errorf("%+v", network)
	}

	for _, method := range explain.Methods() {
		want, err := inside.Explain(t.Context(), x, explain.Request{Method: method, Class: 3})
		if errors.Is(err, explain.ErrNoReLU) {
			if status, _, text := do(t, "POST", url+"/v1/explain?method="+string(method), "image/png", file); status != 400 || !strings.Contains(text, "ReLU") {
				t.Errorf("%s: %d %s", method, status, text)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Method, Class, Map string
			Index              int
			Probability        float64
			Signed             bool
			Low, High          float64
			Box                [4]float64
		}
		ask(t, url+"/v1/explain?class=3&method="+strings.ReplaceAll(string(method), "+", "%2B"), file, &got)
		if got.Method != string(method) || got.Class != "class 3" || got.Index != 3 || math.Abs(got.Probability-want.Probability) > 1e-6 || got.Signed != want.Signed() || got.Box != [4]float64{0, 0, 1, 1} {
			t.Errorf("%s: %+v, want %+v", method, got, want)
		}
		heat, drawn := want.Heat(), decoded(t, got.Map)
		h, w := heat.Shape()[0], heat.Shape()[1]
		if drawn.Bounds() != image.Rect(0, 0, w, h) {
			t.Fatalf("%s: %v, want %v", method, drawn.Bounds(), heat.Shape())
		}
		for y := range h {
			for x := range w {
				value := min(255, max(0, (float64(heat.At(y, x))-got.Low)/(got.High-got.Low)*255))
				if math.Abs(level(drawn, x, y)-value) > 1 {
					t.Fatalf("%s at %d, %d: %v, want %v", method, y, x, level(drawn, x, y), value)
				}
			}
		}
	}

	status, header, text := do(t, "POST", url+"/v1/explain", "image/png", file, "Accept", "image/png")
	if p, err := png.Decode(strings.NewReader(text)); status != 200 || header.Get("Content-Type") != "image/png" || err != nil || p.Bounds() != image.Rect(0, 0, 28, 28) {
		t.Errorf("as a picture: %d %v %v", status, header, err)
	}

	maps, err := inside.Features(t.Context(), x, "3")
	if err != nil {
		t.Fatal(err)
	}
	var features struct {
		Shape    []int
		Channels []struct {
			Channel, Y, X int
			Low, High     float64
		}
		Sheet sheet
	}
	ask(t, url+"/v1/features?layer=3&from=2&count=5", file, &features)
	if !slices.Equal(features.Shape, []int{16, 10, 10}) || len(features.Channels) != 5 || features.Sheet.Count != 5 || features.Sheet.Width != 10 {
		t.Fatalf("%+v", features)
	}
	drawn := decoded(t, features.Sheet.Image)
	for i, c := range features.Channels {
		left, top := i%features.Sheet.Columns*10, i/features.Sheet.Columns*10
		if peak := float64(maps.At(c.Channel, c.Y, c.X)); peak != c.High || level(drawn, left+c.X, top+c.Y) != 255 {
			t.Errorf("channel %d: %v, want %v, drawn %v", c.Channel, c.High, peak, level(drawn, left+c.X, top+c.Y))
		}
		if i > 0 && c.High > features.Channels[i-1].High {
			t.Errorf("channel %d is stronger than the one before", c.Channel)
		}
	}

	var filters struct {
		Shape          []int
		Total          int
		Colour, Matrix bool
		Sheet          sheet
	}
	ask(t, url+"/v1/filters?layer=3&from=90", nil, &filters)
	if !slices.Equal(filters.Shape, []int{16, 6, 5, 5}) || filters.Total != 96 || filters.Sheet.Count != 6 || filters.Colour || filters.Matrix {
		t.Errorf("%+v", filters)
	}
	weights, err := inside.Filters("3")
	if err != nil {
		t.Fatal(err)
	}
	if w := float64(weights.At(15, 0, 2, 2)); (level(decoded(t, filters.Sheet.Image), 2, 2) > 128) != (w > 0) { // pair 90 is 15, 0
		t.Errorf("weight %v is drawn as %v", w, level(decoded(t, filters.Sheet.Image), 2, 2))
	}

	var field struct {
		Box, Input    [4]float64
		Width, Height int
		Activation    float64
		Map           string
	}
	ask(t, url+"/v1/receptive-field?layer=3&channel=4&y=3&x=2", file, &field)
	want, err := inside.ReceptiveField("3", 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	if b := want.Box; math.Abs(field.Box[0]-float64(b.Min.X)/28) > 1e-9 || math.Abs(field.Box[3]-float64(b.Dy())/28) > 1e-9 || field.Width != 14 || field.Activation != float64(maps.At(4, 3, 2)) {
		t.Errorf("%+v, want %v", field, want)
	}
	if p := decoded(t, field.Map); level(p, 27, 27) != 0 || p.Bounds().Dx() != 28 {
		t.Error("a pixel outside of the field counts")
	}
}

// The part of a picture that the network is not given has no map.
func TestLookAtCrop(t *testing.T) {
	t.Parallel()
	models, url := server(t, serve.Options{}, serve.HandlerOptions{})
	cropped := servetest.LeNet(t, 1)
	cropped.Preprocessing.CropMode, cropped.Preprocessing.CropPct = "center", 0.5
	if err := models.Add("cropped", cropped); err != nil {
		t.Fatal(err)
	}
	var got struct{ Box [4]float64 }
	ask(t, url+"/v1/explain?model=cropped", picture(t, 112, 56), &got)
	if got.Box != [4]float64{0.375, 0.25, 0.25, 0.5} {
		t.Errorf("%v", got.Box)
	}
}

// pictures is training data: picture i has the value i·0.01, but for one.
type pictures struct{ strange int }

func (p pictures) Len() int { return 50 }
func (p pictures) Read(i int, input []float32) (int, error) {
	for j := range input {
		if input[j] = float32(i) * 0.01; i == p.strange && j%3 == 0 {
			input[j] = 1
		}
	}
	return i % 10, nil
}

func TestExciting(t *testing.T) {
	t.Parallel()
	model := servetest.LeNet(t, 1)
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	model.Run = &runfolder.Run{Dir: "run"}
	if err := models.Add("m", model); err != nil {
		t.Fatal(err)
	}
	if err := models.Add("none", servetest.LeNet(t, 2)); err != nil {
		t.Fatal(err)
	}
	set := pictures{strange: 17}
	h := serve.Handler(models, serve.HandlerOptions{Training: func(_ context.Context, m *modelfolder.Model) (serve.TrainingData, error) {
		if m.Run == nil {
			return nil, http.ErrNotSupported
		}
		return set, nil
	}})
	s := httptest.NewServer(h)
	defer s.Close()
	url := s.URL
	var got struct {
		Searched, Of int
		Pictures     []struct {
			Picture    int
			Class      string
			Activation float64
			Field      [4]float64
			Image      string
		}
	}
	ask(t, url+"/v1/exciting?model=m&layer=1&channel=2", nil, &got)
	inside, err := explain.New(model, explain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	best, most := -1, float32(0)
	for i := range set.Len() {
		x := tensor.New(1, 28, 28)
		if _, err := set.Read(i, x.Data()); err != nil {
			t.Fatal(err)
		}
		maps, err := inside.Features(t.Context(), x, "1")
		if err != nil {
			t.Fatal(err)
		}
		if high := slices.Max(maps.Data()[2*28*28:][:28*28]); best < 0 || high > most {
			best, most = i, high
		}
	}
	if got.Searched != 50 || got.Of != 50 || len(got.Pictures) != 9 || got.Pictures[0].Picture != best || math.Abs(got.Pictures[0].Activation-float64(most)) > 1e-5 || got.Pictures[0].Class != model.Classes[best%10] {
		t.Errorf("%+v, want picture %d with %v", got, best, most)
	}
	if p := decoded(t, got.Pictures[0].Image); p.Bounds().Dx() != 28 {
		t.Errorf("%v", p.Bounds())
	}
	if status, _, text := do(t, "GET", url+"/v1/exciting?model=none&layer=1", "", nil); status != 404 || !strings.Contains(text, "training data") {
		t.Errorf("%d %s", status, text)
	}
}

func TestLookRefuses(t *testing.T) {
	t.Parallel()
	_, url := server(t, serve.Options{}, serve.HandlerOptions{MaxBody: 2000, MaxPixels: 10_000})
	file := picture(t, 20, 20)
	for _, c := range []struct {
		method, path string
		body         []byte
		status       int
		text         string
	}{
		{"GET", "/v1/network?model=x", nil, 404, `no model \"x\"`},
		{"POST", "/v1/explain?method=magic", file, 400, "no method"},
		{"POST", "/v1/explain?class=10", file, 400, "0 to 9"},
		{"POST", "/v1/explain?class=x", file, 400, "whole number"},
		{"POST", "/v1/explain?layer=nothing", file, 400, "no layer"},
		{"POST", "/v1/explain?layer=7", file, 400, "no maps"},
		{"POST", "/v1/explain?method=gradient&layer=0", file, 400, "works on the input"},
		{"POST", "/v1/explain", []byte("no picture"), 400, ""},
		{"POST", "/v1/explain", make([]byte, 2001), 413, ""},
		{"POST", "/v1/explain", picture(t, 101, 100), 400, "pixels"},
		{"POST", "/v1/features?layer=input", file, 400, "no maps"},
		{"POST", "/v1/features?layer=0&from=6", file, 400, "6 channels"},
		{"POST", "/v1/features?layer=0&count=0", file, 400, "count 0"},
		{"GET", "/v1/filters?layer=1", nil, 400, "no convolution"},
		{"GET", "/v1/filters?layer=0&from=-1", nil, 400, "6 tiles"},
		{"POST", "/v1/receptive-field?layer=0&y=28", file, 400, "no unit 28, 0"},
		{"POST", "/v1/receptive-field?layer=0&channel=6", file, 400, "no unit"},
		{"GET", "/v1/exciting?layer=0&channel=6", nil, 400, "channel is 6"},
		{"GET", "/v1/exciting?layer=0", nil, 404, "not at hand"},
		{"GET", "/v1/explain", nil, 405, "POST"},
		{"GET", "/page/nothing.js", nil, 404, ""},
		{"GET", "/page/../handler.go", nil, 404, ""},
	} {
		status, _, text := do(t, c.method, url+c.path, "image/png", c.body)
		if status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %.300s, want %d %s", c.path, status, text, c.status, c.text)
		}
	}
}

// The page is there, with headers that keep it apart from other sites, unless it is not wanted.
func TestPage(t *testing.T) {
	t.Parallel()
	_, url := server(t, serve.Options{}, serve.HandlerOptions{})
	status, header, text := do(t, "GET", url+"/", "", nil, "Accept-Language", "zh-CN")
	if status != 200 || !strings.Contains(text, `<html lang="zh">`) || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v %.200s", status, header, text)
	}
	// What the page names is there, and comes from nowhere else.
	for _, part := range strings.Split(text, `"page/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if status, _, _ := do(t, "GET", url+"/page/"+name, "", nil); status != 200 {
			t.Errorf("%s: %d", name, status)
		}
	}
	for _, bad := range []string{"http:", "https:", "<style", " style=", " onclick", "javascript:"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	_, url = server(t, serve.Options{}, serve.HandlerOptions{NoPage: true})
	for _, path := range []string{"/", "/page/app.js", "/v1/network"} {
		if status, _, _ := do(t, "GET", url+path, "", nil); status != 404 {
			t.Errorf("without page, %s: %d", path, status)
		}
	}
}

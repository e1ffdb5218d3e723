package serve

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/serve/internal/repository"
)

// PredictResponse is the answer to POST /v1/predict.
type PredictResponse struct {
	Model   string `json:"model"`
	Version string `json:"version"`
	// Predictions are those of the pictures, in the order of the request.
	Predictions []Prediction `json:"predictions"`
}

// A Prediction says what a picture shows.
type Prediction struct {
	// File is the name that the client has given the picture, or "image 1".
	File string `json:"file"`
	// Width and Height are those of the picture, upright, in pixels.
	Width  int `json:"width"`
	Height int `json:"height"`
	// Classes are the most probable classes, the most probable first.
	Classes []ClassProbability `json:"classes"`
	// Warning says that the file is damaged and what is missing of its picture.
	Warning string `json:"warning,omitempty"`
}

// A ClassProbability is a class with its probability, softmax of the scores.
type ClassProbability struct {
	Class       string  `json:"class"`
	Index       int     `json:"index"`
	Probability float64 `json:"probability"`
	Description string  `json:"description,omitempty"`
}

// defaultTop is how many classes an answer has.
const defaultTop = 5

// predict answers a request to /v1/predict.
func (h *handler) predict(c *call) error {
	query := c.r.URL.Query()
	top := defaultTop
	if text := query.Get("top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return refuse(http.StatusBadRequest, "top is %.40q: want how many classes to return, at least 1", text)
		}
		top = n
	}
	c.Inference = true
	v, err := h.chosenModel(query.Get("model"), query.Get("version"))
	if err != nil {
		return err
	}
	defer v.Release()
	c.Model, c.Version = v.Name, v.Number
	files, release, err := h.readPictures(c)
	if err != nil {
		return err
	}
	defer release()
	values, pictures, err := h.service.Decode(c.r.Context(), &c.Call, v, files)
	if err != nil {
		return err
	}
	results := make([]float32, len(files)*v.ResultSize)
	if err := h.service.Compute(c.r.Context(), &c.Call, v, 0, values, results); err != nil {
		return err
	}
	answer := PredictResponse{Model: v.Name, Version: strconv.Itoa(v.Number)}
	for i, f := range files {
		classes, err := mostProbable(v, results[i*v.ResultSize:][:v.Classes], top)
		if err != nil {
			return err
		}
		p := pictures[i]
		answer.Predictions = append(answer.Predictions, Prediction{f.Name, p.Size.X, p.Size.Y, classes, p.Warning})
	}
	return c.answer(answer)
}

// chosenModel acquires the model of a name, or the only one there is.
func (h *handler) chosenModel(name, version string) (*repository.Version, error) {
	if name == "" {
		names := h.models.Names()
		switch len(names) {
		case 0:
			return nil, refuse(http.StatusServiceUnavailable, "no model is served")
		case 1:
			name = names[0]
		default:
			return nil, refuse(http.StatusBadRequest, "name a model, as in ?model=%s: there are %.1000s", names[0], strings.Join(names, ", "))
		}
	}
	return h.service.Acquire(name, version)
}

// mostProbable returns the classes with the highest scores and their probabilities.
func mostProbable(v *repository.Version, scores []float32, top int) ([]ClassProbability, error) {
	for i, s := range scores {
		if s-s != 0 {
			return nil, refuse(http.StatusInternalServerError, "score %d of the model is %v: its weights cannot be used", i, s)
		}
	}
	probabilities := metrics.Softmax(scores)
	var classes []ClassProbability
	for _, i := range metrics.Top(scores, min(top, len(scores))) {
		name := v.Model.Classes[i]
		classes = append(classes, ClassProbability{name, i, probabilities[i], v.Model.Descriptions[name]})
	}
	return classes, nil
}

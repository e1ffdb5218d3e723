package serve

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
)

func (h *handler) serverMetadata(c *call) error { return c.answer(h.service.ServerMetadata()) }

func (h *handler) live(c *call) error { return c.answer(map[string]bool{"live": true}) }

func (h *handler) ready(c *call) error {
	if !h.service.Ready() {
		return c.answerStatus(http.StatusServiceUnavailable, map[string]bool{"ready": false})
	}
	return c.answer(map[string]bool{"ready": true})
}

func (h *handler) modelReady(c *call) error {
	v, err := h.service.Acquire(c.r.PathValue("model"), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	defer v.Release()
	return c.answer(struct {
		Name  string `json:"name"`
		Ready bool   `json:"ready"`
	}{v.Name, true})
}

func (h *handler) modelMetadata(c *call) error {
	m, err := h.service.ModelMetadata(c.r.PathValue("model"), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	return c.answer(m)
}

// statistics answers for one model, or for all.
func (h *handler) statistics(c *call) error {
	all, err := h.service.Statistics(c.r.PathValue("model"), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	return c.answer(all)
}

// maxSmallBody bounds the bodies of requests that say little.
const maxSmallBody = 64 << 10

// readOptions reads the JSON object of a request that may have an empty body.
func readOptions(c *call, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(c, c.r.Body, maxSmallBody))
	err := d.Decode(into)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return bodyError(err)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return refuse(http.StatusBadRequest, "the JSON of the message: %v", err)
	}
	return nil
}

// index lists the models, as Triton does.
func (h *handler) index(c *call) error {
	var options struct {
		Ready bool `json:"ready"`
	}
	if err := readOptions(c, &options); err != nil {
		return err
	}
	return c.answer(h.service.Entries(options.Ready))
}

// load loads a model, or loads it again.
func (h *handler) load(c *call) error {
	var options struct {
		Parameters map[string]json.RawMessage `json:"parameters"`
	}
	if err := readOptions(c, &options); err != nil {
		return err
	}
	if err := h.service.LoadModel(c.r.PathValue("model"), len(options.Parameters)); err != nil {
		return err
	}
	return c.answer(struct{}{})
}

func (h *handler) unload(c *call) error {
	if err := h.models.Unload(c.r.PathValue("model")); err != nil {
		return err
	}
	return c.answer(struct{}{})
}

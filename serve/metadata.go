package serve

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/serve/internal/repository"
)

// extensions are those of the protocol that are implemented, by Triton's names.
var extensions = []string{"binary_tensor_data", "classification", "model_repository", "statistics"}

func (h *handler) serverMetadata(c *call) error {
	return c.answer(protocol.ServerMetadata{Name: h.options.Name, Version: h.options.Version, Extensions: extensions})
}

func (h *handler) live(c *call) error { return c.answer(map[string]bool{"live": true}) }

func (h *handler) ready(c *call) error {
	if h.models.draining.Load() {
		return c.answerStatus(http.StatusServiceUnavailable, map[string]bool{"ready": false})
	}
	return c.answer(map[string]bool{"ready": true})
}

func (h *handler) modelReady(c *call) error {
	v, err := h.models.repository.Acquire(c.r.PathValue("model"), c.r.PathValue("version"))
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
	v, err := h.models.repository.Acquire(c.r.PathValue("model"), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	defer v.Release()
	m := protocol.ModelMetadata{
		Name: v.Name, Platform: "stride", Versions: []string{},
		Inputs:  []protocol.TensorMetadata{{Name: inputName, DataType: protocol.FP32, Shape: append(protocol.Shape{-1}, inputShape(v)...)}},
		Outputs: []protocol.TensorMetadata{{Name: outputName, DataType: protocol.FP32, Shape: protocol.Shape{-1, int64(v.Classes)}}},
	}
	for _, number := range h.models.repository.Versions(v.Name) {
		m.Versions = append(m.Versions, strconv.Itoa(number))
	}
	return c.answer(m)
}

// statistics answers for one model, or for all.
func (h *handler) statistics(c *call) error {
	r := h.models.repository
	all := protocol.Statistics{ModelStats: []protocol.ModelStatistics{}}
	if name := c.r.PathValue("model"); name != "" && (c.r.PathValue("version") != "" || r.Versions(name) == nil) {
		v, err := r.Acquire(name, c.r.PathValue("version"))
		if err != nil {
			return err
		}
		defer v.Release()
		all.ModelStats = append(all.ModelStats, statisticsOf(v))
		return c.answer(all)
	}
	for _, s := range r.Index() {
		if name := c.r.PathValue("model"); name != "" && s.Name != name || !s.Ready {
			continue
		}
		v, err := r.Acquire(s.Name, strconv.Itoa(s.Version))
		if err != nil { // it was unloaded meanwhile
			continue
		}
		all.ModelStats = append(all.ModelStats, statisticsOf(v))
		v.Release()
	}
	return c.answer(all)
}

func statisticsOf(v *repository.Version) protocol.ModelStatistics {
	s := v.Queue.Stats()
	sum := func(s batch.Sum) protocol.Duration { return protocol.Duration{Count: s.Count, Ns: int64(s.Total)} }
	m := protocol.ModelStatistics{
		Name: v.Name, Version: strconv.Itoa(v.Number), InferenceCount: s.Samples, BatchStats: []protocol.BatchStatistics{},
		InferenceStats: protocol.InferenceDurations{
			Success: protocol.Duration{Count: s.Computed.Count, Ns: int64(s.Queued.Total + s.Computed.Total)},
			Fail:    sum(s.Failed), Queue: sum(s.Queued), ComputeInfer: sum(s.Computed),
		},
	}
	m.InferenceStats.Fail.Count += s.Refused
	if !s.Last.IsZero() {
		m.LastInference = s.Last.UnixMilli()
	}
	for _, size := range slices.Sorted(maps.Keys(s.Batches)) {
		m.ExecutionCount += s.Batches[size].Count
		m.BatchStats = append(m.BatchStats, protocol.BatchStatistics{BatchSize: size, ComputeInfer: sum(s.Batches[size])})
	}
	return m
}

// maxSmallBody bounds the bodies of requests that say little.
const maxSmallBody = 64 << 10

// readOptions reads the JSON object of a request that may have an empty body.
func readOptions(c *call, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(c, c.r.Body, maxSmallBody))
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
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
	list := []protocol.RepositoryEntry{}
	for _, s := range h.models.repository.Index() {
		state := "READY"
		if !s.Ready {
			if state = "UNAVAILABLE"; options.Ready {
				continue
			}
		}
		list = append(list, protocol.RepositoryEntry{Name: s.Name, Version: strconv.Itoa(s.Version), State: state, Reason: s.Reason})
	}
	return c.answer(list)
}

// load loads a model, or loads it again.
func (h *handler) load(c *call) error {
	var options struct {
		Parameters map[string]json.RawMessage `json:"parameters"`
	}
	if err := readOptions(c, &options); err != nil {
		return err
	}
	if len(options.Parameters) > 0 {
		return refuse(http.StatusBadRequest, "models are loaded from their files: parameters such as config are not supported")
	}
	if err := h.models.Load(c.r.PathValue("model")); err != nil {
		if statusOf(err) == http.StatusInternalServerError {
			return bad(err) // of its files
		}
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

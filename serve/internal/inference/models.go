package inference

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/serve/internal/repository"
)

// extensions are those of the protocol that are implemented, by Triton's names.
var extensions = []string{"binary_tensor_data", "classification", "model_repository", "statistics"}

// ServerMetadata describes the server.
func (s *Service) ServerMetadata() protocol.ServerMetadata {
	return protocol.ServerMetadata{Name: s.options.Name, Version: s.options.Version, Extensions: slices.Clone(extensions)}
}

// Ready reports whether requests should be sent.
func (s *Service) Ready() bool { return !s.options.Draining.Load() }

// ModelMetadata describes a model.
func (s *Service) ModelMetadata(name, version string) (m protocol.ModelMetadata, err error) {
	v, err := s.Acquire(name, version)
	if err != nil {
		return m, err
	}
	defer v.Release()
	m = protocol.ModelMetadata{
		Name: v.Name, Platform: "stride", Versions: []string{},
		Inputs: []protocol.TensorMetadata{{Name: v.InputName, DataType: protocol.FP32, Shape: append(protocol.Shape{-1}, shapeOf(v.Input)...)}},
	}
	for _, o := range v.Outputs {
		m.Outputs = append(m.Outputs, protocol.TensorMetadata{Name: o.Name, DataType: o.Type, Shape: append(protocol.Shape{-1}, shapeOf(o.Shape)...)})
	}
	for _, number := range s.Versions(v.Name) {
		m.Versions = append(m.Versions, strconv.Itoa(number))
	}
	return m, nil
}

// Statistics are those of a model, or of a version of it, or of all models if name is "".
func (s *Service) Statistics(name, version string) (all protocol.Statistics, err error) {
	all.ModelStats = []protocol.ModelStatistics{}
	if name != "" && (version != "" || s.Versions(name) == nil) {
		v, err := s.Acquire(name, version)
		if err != nil {
			return all, err
		}
		defer v.Release()
		all.ModelStats = append(all.ModelStats, statisticsOf(v))
		return all, nil
	}
	s.Each(func(v *repository.Version) {
		if name == "" || v.Name == name {
			all.ModelStats = append(all.ModelStats, statisticsOf(v))
		}
	})
	return all, nil
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

// Entries lists the models, as Triton does; with ready, only those that are served.
func (s *Service) Entries(ready bool) []protocol.RepositoryEntry {
	list := []protocol.RepositoryEntry{}
	for _, status := range s.Index() {
		state := "READY"
		if !status.Ready {
			if state = "UNAVAILABLE"; ready {
				continue
			}
		}
		list = append(list, protocol.RepositoryEntry{Name: status.Name, Version: strconv.Itoa(status.Version), State: state, Reason: status.Reason})
	}
	return list
}

// LoadModel loads a model, or loads it again. parameters is how many the client gave: there
// may be none.
func (s *Service) LoadModel(name string, parameters int) error {
	if parameters > 0 {
		return Refuse(http.StatusBadRequest, "models are loaded from their files: parameters such as config are not supported")
	}
	err := s.Load(name)
	if err != nil && StatusOf(err) == http.StatusInternalServerError {
		return Bad(err) // of its files
	}
	return err
}

// Timeout is how long a request may wait for its turn.
func (s *Service) Timeout() time.Duration { return s.options.Timeout }

// MaxImages is how many samples a request may have.
func (s *Service) MaxImages() int { return s.options.MaxImages }

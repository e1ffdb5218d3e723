package grpcserver

import (
	"context"

	"github.com/strideml/stride/serve/grpcserver/internal/inferencepb"
	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/protocol"
)

// A service implements the methods. Each is one of inference.Service between two conversions.
type service struct {
	inferencepb.UnimplementedGRPCInferenceServiceServer
	*inference.Service
}

func (s *service) ServerLive(context.Context, *inferencepb.ServerLiveRequest) (*inferencepb.ServerLiveResponse, error) {
	return &inferencepb.ServerLiveResponse{Live: true}, nil
}

func (s *service) ServerReady(context.Context, *inferencepb.ServerReadyRequest) (*inferencepb.ServerReadyResponse, error) {
	return &inferencepb.ServerReadyResponse{Ready: s.Ready()}, nil
}

// ModelReady says false for a model that does not exist, as Triton does.
func (s *service) ModelReady(_ context.Context, r *inferencepb.ModelReadyRequest) (*inferencepb.ModelReadyResponse, error) {
	v, err := s.Acquire(r.Name, r.Version)
	if err == nil {
		v.Release()
	}
	return &inferencepb.ModelReadyResponse{Ready: err == nil}, nil
}

func (s *service) ServerMetadata(context.Context, *inferencepb.ServerMetadataRequest) (*inferencepb.ServerMetadataResponse, error) {
	m := s.Service.ServerMetadata()
	return &inferencepb.ServerMetadataResponse{Name: m.Name, Version: m.Version, Extensions: m.Extensions}, nil
}

func (s *service) ModelMetadata(_ context.Context, r *inferencepb.ModelMetadataRequest) (*inferencepb.ModelMetadataResponse, error) {
	m, err := s.Service.ModelMetadata(r.Name, r.Version)
	if err != nil {
		return nil, err
	}
	convert := func(all []protocol.TensorMetadata) (list []*inferencepb.ModelMetadataResponse_TensorMetadata) {
		for _, t := range all {
			list = append(list, &inferencepb.ModelMetadataResponse_TensorMetadata{Name: t.Name, Datatype: string(t.DataType), Shape: t.Shape})
		}
		return list
	}
	return &inferencepb.ModelMetadataResponse{
		Name: m.Name, Versions: m.Versions, Platform: m.Platform, Inputs: convert(m.Inputs), Outputs: convert(m.Outputs),
	}, nil
}

// ModelConfig has what Triton's clients look for: the batch size, and the shapes of samples.
func (s *service) ModelConfig(_ context.Context, r *inferencepb.ModelConfigRequest) (*inferencepb.ModelConfigResponse, error) {
	m, err := s.Service.ModelMetadata(r.Name, r.Version)
	if err != nil {
		return nil, err
	}
	c := &inferencepb.ModelConfig{Name: m.Name, Platform: m.Platform, Backend: m.Platform, MaxBatchSize: int32(s.MaxImages())}
	for _, t := range m.Inputs {
		c.Input = append(c.Input, &inferencepb.ModelInput{Name: t.Name, DataType: inferencepb.DataType_TYPE_FP32, Dims: t.Shape[1:]})
	}
	for _, t := range m.Outputs {
		c.Output = append(c.Output, &inferencepb.ModelOutput{Name: t.Name, DataType: inferencepb.DataType(inferencepb.DataType_value["TYPE_"+string(t.DataType)]), Dims: t.Shape[1:]})
	}
	return &inferencepb.ModelConfigResponse{Config: c}, nil
}

func (s *service) ModelInfer(ctx context.Context, m *inferencepb.ModelInferRequest) (*inferencepb.ModelInferResponse, error) {
	c := callOf(ctx)
	v, err := s.AcquireFor(c, m.ModelName, m.ModelVersion)
	if err != nil {
		return nil, err
	}
	defer v.Release()
	r, err := fromRequest(m)
	if err != nil {
		return nil, inference.Bad(err)
	}
	answer, err := s.Infer(ctx, c, v, r)
	if err != nil {
		return nil, err
	}
	return toResponse(answer)
}

func (s *service) ModelStatistics(_ context.Context, r *inferencepb.ModelStatisticsRequest) (*inferencepb.ModelStatisticsResponse, error) {
	all, err := s.Statistics(r.Name, r.Version)
	if err != nil {
		return nil, err
	}
	duration := func(d protocol.Duration) *inferencepb.StatisticDuration {
		return &inferencepb.StatisticDuration{Count: uint64(d.Count), Ns: uint64(d.Ns)}
	}
	answer := &inferencepb.ModelStatisticsResponse{}
	for _, m := range all.ModelStats {
		own := &inferencepb.ModelStatistics{
			Name: m.Name, Version: m.Version, LastInference: uint64(m.LastInference), InferenceCount: uint64(m.InferenceCount), ExecutionCount: uint64(m.ExecutionCount),
			InferenceStats: &inferencepb.InferStatistics{
				Success: duration(m.InferenceStats.Success), Fail: duration(m.InferenceStats.Fail),
				Queue: duration(m.InferenceStats.Queue), ComputeInfer: duration(m.InferenceStats.ComputeInfer),
			},
		}
		for _, b := range m.BatchStats {
			own.BatchStats = append(own.BatchStats, &inferencepb.InferBatchStatistics{BatchSize: uint64(b.BatchSize), ComputeInfer: duration(b.ComputeInfer)})
		}
		answer.ModelStats = append(answer.ModelStats, own)
	}
	return answer, nil
}

func (s *service) RepositoryIndex(_ context.Context, r *inferencepb.RepositoryIndexRequest) (*inferencepb.RepositoryIndexResponse, error) {
	answer := &inferencepb.RepositoryIndexResponse{}
	for _, e := range s.Entries(r.Ready) {
		answer.Models = append(answer.Models, &inferencepb.RepositoryIndexResponse_ModelIndex{Name: e.Name, Version: e.Version, State: e.State, Reason: e.Reason})
	}
	return answer, nil
}

func (s *service) RepositoryModelLoad(_ context.Context, r *inferencepb.RepositoryModelLoadRequest) (*inferencepb.RepositoryModelLoadResponse, error) {
	if err := s.LoadModel(r.ModelName, len(r.Parameters)); err != nil {
		return nil, err
	}
	return &inferencepb.RepositoryModelLoadResponse{}, nil
}

func (s *service) RepositoryModelUnload(_ context.Context, r *inferencepb.RepositoryModelUnloadRequest) (*inferencepb.RepositoryModelUnloadResponse, error) {
	if err := s.Unload(r.ModelName); err != nil {
		return nil, err
	}
	return &inferencepb.RepositoryModelUnloadResponse{}, nil
}

package protocol

// ServerMetadata is the answer to GET /v2.
type ServerMetadata struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Extensions []string `json:"extensions"`
}

// ModelMetadata is the answer to GET /v2/models/MODEL.
type ModelMetadata struct {
	Name     string           `json:"name"`
	Versions []string         `json:"versions"`
	Platform string           `json:"platform"`
	Inputs   []TensorMetadata `json:"inputs"`
	Outputs  []TensorMetadata `json:"outputs"`
}

// TensorMetadata describes an input or output of a model. −1 in its shape stands for any
// size.
type TensorMetadata struct {
	Name     string   `json:"name"`
	DataType DataType `json:"datatype"`
	Shape    Shape    `json:"shape"`
}

// An ErrorBody is the answer to a request that fails.
type ErrorBody struct {
	Error string `json:"error"`
}

// The answers to Triton's extensions: statistics, and the repository of models.
type (
	// Statistics is the answer to GET /v2/models/stats.
	Statistics struct {
		ModelStats []ModelStatistics `json:"model_stats"`
	}
	// ModelStatistics are those of a version of a model since it was loaded.
	// InferenceCount is the number of samples computed, ExecutionCount the number of
	// batches.
	ModelStatistics struct {
		Name           string             `json:"name"`
		Version        string             `json:"version"`
		LastInference  int64              `json:"last_inference"` // milliseconds since 1970, 0 if there was none
		InferenceCount int64              `json:"inference_count"`
		ExecutionCount int64              `json:"execution_count"`
		InferenceStats InferenceDurations `json:"inference_stats"`
		BatchStats     []BatchStatistics  `json:"batch_stats"`
	}
	// InferenceDurations are sums over requests: those answered and those not, their time
	// in the queue and in the engine.
	InferenceDurations struct {
		Success      Duration `json:"success"`
		Fail         Duration `json:"fail"`
		Queue        Duration `json:"queue"`
		ComputeInfer Duration `json:"compute_infer"`
	}
	// BatchStatistics are those of the batches of one size.
	BatchStatistics struct {
		BatchSize    int      `json:"batch_size"`
		ComputeInfer Duration `json:"compute_infer"`
	}
	// A Duration is a number of occurrences and the sum of their durations in nanoseconds.
	Duration struct {
		Count int64 `json:"count"`
		Ns    int64 `json:"ns"`
	}

	// RepositoryEntry is a version of a model in the answer to POST /v2/repository/index.
	RepositoryEntry struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		State   string `json:"state"`
		Reason  string `json:"reason,omitempty"`
	}
)

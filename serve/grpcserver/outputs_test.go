package grpcserver_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/grpcserver"
	pb "github.com/strideml/stride/serve/grpcserver/internal/inferencepb"
)

// All outputs of a file, as bytes and as numbers of their types.
func TestOutputs(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{}, grpcserver.Options{})
	if err := s.models.Open("several", "../testdata/outputs.onnx"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../testdata/outputs.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Pictures, Probabilities, Logits, Maps []float32
		Label                                 []int64
		Sure                                  []bool
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	request := func(contents *pb.InferTensorContents, raw ...[]byte) *pb.ModelInferRequest {
		return &pb.ModelInferRequest{ModelName: "several", RawInputContents: raw, Inputs: []*pb.ModelInferRequest_InferInputTensor{
			{Name: "pictures", Datatype: "FP32", Shape: []int64{3, 1, 5, 5}, Contents: contents},
		}}
	}
	a, err := s.ModelInfer(t.Context(), request(&pb.InferTensorContents{Fp32Contents: want.Pictures}))
	if err != nil || len(a.Outputs) != 5 {
		t.Fatal(a, err)
	}
	content := func(i int) *pb.InferTensorContents { return a.Outputs[i].Contents }
	if !near(content(0).Fp32Contents, want.Probabilities) || !slices.Equal(content(1).Int64Contents, want.Label) || !near(content(2).Fp32Contents, want.Maps) ||
		!slices.Equal(content(3).BoolContents, want.Sure) || !near(content(4).Fp32Contents, want.Logits) {
		t.Errorf("%v", a)
	}
	r := request(nil, raw(want.Pictures))
	r.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "label"}, {Name: "sure"}}
	a, err = s.ModelInfer(t.Context(), r)
	if err != nil || len(a.RawOutputContents) != 2 || string(a.RawOutputContents[0]) != string(raw(want.Label)) || string(a.RawOutputContents[1]) != string(raw(want.Sure)) {
		t.Fatal(a, err)
	}
	config, err := s.ModelConfig(t.Context(), &pb.ModelConfigRequest{Name: "several"})
	if err != nil || !strings.Contains(config.String(), "TYPE_INT64") || !strings.Contains(config.String(), "TYPE_BOOL") {
		t.Error(config, err)
	}
}

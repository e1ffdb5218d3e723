package grpcserver

import (
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/strideml/stride/serve/grpcserver/internal/inferencepb"
	"github.com/strideml/stride/serve/internal/protocol"
)

// A message that is taken has data of the size that its shape says, and becomes an answer again;
// memory is in proportion to the message.
func FuzzModelInferRequest(f *testing.F) {
	for _, m := range []*pb.ModelInferRequest{
		{Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "FP32", Shape: []int64{2}}}, RawInputContents: [][]byte{make([]byte, 8)}},
		{Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "BYTES", Shape: []int64{1, 2}, Contents: &pb.InferTensorContents{BytesContents: [][]byte{nil, []byte("a")}}}}},
		{Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "INT8", Shape: []int64{1}, Contents: &pb.InferTensorContents{IntContents: []int32{-128}}}}},
		{
			Inputs:     []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "BOOL", Shape: []int64{1 << 40, 0}}},
			Outputs:    []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "y", Parameters: map[string]*pb.InferParameter{"classification": {ParameterChoice: &pb.InferParameter_Uint64Param{Uint64Param: 3}}}}},
			Parameters: map[string]*pb.InferParameter{"timeout": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 5}}},
		},
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var m pb.ModelInferRequest
		if proto.Unmarshal(message, &m) != nil {
			return
		}
		r, err := fromRequest(&m)
		if err != nil {
			return
		}
		total := 0
		answer := &protocol.InferResponse{}
		for _, in := range r.Inputs {
			if err := in.CheckSize(); err != nil {
				t.Fatal(err)
			}
			total += len(in.Data)
			if in.DataType == protocol.FP32 || in.DataType == protocol.Bytes {
				answer.Outputs = append(answer.Outputs, protocol.Output{Tensor: in}, protocol.Output{Tensor: in, Binary: true})
			}
		}
		if total > 8*len(message) {
			t.Fatalf("%d bytes of data from a message of %d", total, len(message))
		}
		if _, err := toResponse(answer); err != nil {
			t.Fatal(err)
		}
	})
}

package grpcserver_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/png"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/grpcserver"
	pb "github.com/strideml/stride/serve/grpcserver/internal/inferencepb"
	"github.com/strideml/stride/serve/internal/servetest"
)

const pixels = 28 * 28

// serving is a server with LeNet under the name m, a client of it, and what stops it.
type serving struct {
	models  *serve.Models
	service *serve.Service
	conn    *grpc.ClientConn
	pb.GRPCInferenceServiceClient
	stop func() error
}

func start(t testing.TB, o serve.Options, h serve.HandlerOptions, g grpcserver.Options) *serving {
	t.Helper()
	models, err := serve.NewModels(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Add("m", servetest.LeNet(t, 1, strings.Fields("a b c d e f g h i j")...)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	service := serve.NewService(models, h)
	server := grpcserver.New(service, g)
	go func() { done <- server.Run(ctx, l, 10*time.Second) }()
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{models, service, conn, pb.NewGRPCInferenceServiceClient(conn), func() error {
		cancel()
		err := <-done
		done <- nil
		return err
	}}
	t.Cleanup(func() {
		conn.Close()
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if err := models.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// input is a request for n samples.
func input(datatype string, n int64, contents *pb.InferTensorContents, raw ...[]byte) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{
		ModelName: "m", Id: "q7", RawInputContents: raw,
		Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "images", Datatype: datatype, Shape: []int64{n, 1, 28, 28}, Contents: contents}},
	}
}

// raw is the little-endian form of numbers.
func raw(v any) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return b
}

// converted returns numbers as another type.
func converted[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64](from []int) (to []T) {
	for _, v := range from {
		to = append(to, T(v))
	}
	return to
}

// scores reads the outputs of a response.
func scores(t *testing.T, r *pb.ModelInferResponse, isRaw bool) []float32 {
	t.Helper()
	if r.ModelName != "m" || r.ModelVersion != "1" || r.Id != "q7" || len(r.Outputs) != 1 || r.Outputs[0].Name != "output" || r.Outputs[0].Datatype != "FP32" || r.Outputs[0].Shape[1] != 10 {
		t.Errorf("%v", r)
	}
	if !isRaw {
		return r.Outputs[0].Contents.GetFp32Contents()
	}
	if r.Outputs[0].Contents != nil || len(r.RawOutputContents) != 1 {
		t.Fatalf("%v", r)
	}
	values := make([]float32, len(r.RawOutputContents[0])/4)
	if _, err := binary.Decode(r.RawOutputContents[0], binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return values
}

func near(got, want []float32) bool {
	return len(got) > 0 && slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 })
}

// Every type, as bytes and in the fields of contents, gives the same scores; with and without
// compression.
func TestModelInfer(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{}, grpcserver.Options{})
	x := make([]int, 2*pixels)
	bools := make([]bool, len(x))
	halves := make([]uint16, len(x))
	for i := range x {
		x[i] = i % 2
		bools[i], halves[i] = i%2 == 1, uint16(i%2)*0x3c00
	}
	first, err := s.ModelInfer(t.Context(), input("FP32", 2, nil, raw(converted[float32](x))))
	if err != nil {
		t.Fatal(err)
	}
	want := scores(t, first, true)
	narrow, unsigned := converted[int32](x), converted[uint32](x)
	for name, contents := range map[string]*pb.InferTensorContents{
		"BOOL": {BoolContents: bools}, "INT8": {IntContents: narrow}, "INT16": {IntContents: narrow}, "INT32": {IntContents: narrow},
		"UINT8": {UintContents: unsigned}, "UINT16": {UintContents: unsigned}, "UINT32": {UintContents: unsigned},
		"INT64": {Int64Contents: converted[int64](x)}, "UINT64": {Uint64Contents: converted[uint64](x)},
		"FP32": {Fp32Contents: converted[float32](x)}, "FP64": {Fp64Contents: converted[float64](x)},
	} {
		r, err := s.ModelInfer(t.Context(), input(name, 2, contents))
		if err != nil || !near(scores(t, r, false), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, values := range map[string]any{
		"BOOL": bools, "INT8": converted[int8](x), "INT16": converted[int16](x), "INT32": narrow, "INT64": converted[int64](x), "UINT8": converted[uint8](x),
		"UINT16": converted[uint16](x), "UINT32": unsigned, "UINT64": converted[uint64](x), "FP16": halves, "FP64": converted[float64](x),
	} {
		r, err := s.ModelInfer(t.Context(), input(name, 2, nil, raw(values)), grpc.UseCompressor(gzip.Name))
		if err != nil || !near(scores(t, r, true), want) {
			t.Errorf("%s as bytes: %v", name, err)
		}
	}
	nan, err := s.ModelInfer(t.Context(), input("FP32", 1, nil, raw(slices.Repeat([]float32{float32(math.NaN())}, pixels))))
	if err != nil || !math.IsNaN(float64(scores(t, nan, true)[0])) {
		t.Errorf("NaN: %v", err)
	}
}

// Picture files in, classes out.
func TestPicturesAndClasses(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{}, grpcserver.Options{})
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 30, 40))); err != nil {
		t.Fatal(err)
	}
	r := input("BYTES", 2, &pb.InferTensorContents{BytesContents: [][]byte{file.Bytes(), file.Bytes()}})
	r.Inputs[0].Shape = []int64{2}
	r.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "output", Parameters: map[string]*pb.InferParameter{
		"classification": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 3}},
	}}}
	answer, err := s.ModelInfer(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	out := answer.Outputs[0]
	if got := out.Contents.GetBytesContents(); out.Datatype != "BYTES" || !slices.Equal(out.Shape, []int64{2, 3}) || len(got) != 6 || !bytes.Equal(got[0], got[3]) || bytes.Count(got[0], []byte(":")) != 2 {
		t.Errorf("%v", answer)
	}
}

func TestErrors(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{MaxImages: 4}, grpcserver.Options{MaxMessage: 30_000})
	one := raw(make([]float32, pixels))
	request := func(change func(r *pb.ModelInferRequest)) *pb.ModelInferRequest {
		r := input("FP32", 1, nil, one)
		change(r)
		return r
	}
	parameter := func(name string, v int64) map[string]*pb.InferParameter {
		return map[string]*pb.InferParameter{name: {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: v}}}
	}
	for name, c := range map[string]struct {
		r    *pb.ModelInferRequest
		code codes.Code
		want string
	}{
		"model":    {request(func(r *pb.ModelInferRequest) { r.ModelName = "x" }), codes.NotFound, `no model "x"`},
		"version":  {request(func(r *pb.ModelInferRequest) { r.ModelVersion = "9" }), codes.NotFound, `version "9"`},
		"input":    {request(func(r *pb.ModelInferRequest) { r.Inputs[0].Name = "x" }), codes.InvalidArgument, `no input "x"`},
		"no input": {request(func(r *pb.ModelInferRequest) { r.Inputs, r.RawInputContents = nil, nil }), codes.InvalidArgument, "0 inputs"},
		"output": {request(func(r *pb.ModelInferRequest) {
			r.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "y"}}
		}), codes.InvalidArgument, `no output "y"`},
		"type":          {request(func(r *pb.ModelInferRequest) { r.Inputs[0].Datatype = "BF16" }), codes.InvalidArgument, "BF16"},
		"shape":         {request(func(r *pb.ModelInferRequest) { r.Inputs[0].Shape = []int64{1, 28, 28, 1} }), codes.InvalidArgument, "1×28×28"},
		"short":         {request(func(r *pb.ModelInferRequest) { r.Inputs[0].Shape[0] = 2 }), codes.InvalidArgument, "needs 6272"},
		"many":          {input("UINT8", 5, nil, make([]byte, 5*pixels)), codes.InvalidArgument, "at most 4"},
		"two of them":   {request(func(r *pb.ModelInferRequest) { r.Inputs[0].Contents = &pb.InferTensorContents{} }), codes.InvalidArgument, "one of them"},
		"raw contents":  {request(func(r *pb.ModelInferRequest) { r.RawInputContents = [][]byte{one, one} }), codes.InvalidArgument, "2 raw_input_contents"},
		"no contents":   {input("FP32", 1, nil), codes.InvalidArgument, "needs 3136"},
		"another field": {input("FP32", 1, &pb.InferTensorContents{Fp64Contents: make([]float64, pixels)}), codes.InvalidArgument, "needs 3136"},
		"FP16":          {input("FP16", 1, &pb.InferTensorContents{}), codes.InvalidArgument, "FP16"},
		"INT8":          {input("INT8", 1, &pb.InferTensorContents{IntContents: []int32{128}}), codes.InvalidArgument, "128, which is no value of INT8"},
		"UINT16":        {input("UINT16", 1, &pb.InferTensorContents{UintContents: []uint32{65536}}), codes.InvalidArgument, "no value of UINT16"},
		"timeout":       {request(func(r *pb.ModelInferRequest) { r.Parameters = parameter("timeout", -1) }), codes.InvalidArgument, "microseconds"},
		"classes": {request(func(r *pb.ModelInferRequest) {
			r.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "output", Parameters: parameter("classification", 0)}}
		}), codes.InvalidArgument, "at least 1"},
		"long": {input("FP32", 4, nil, make([]byte, 40_000)), codes.ResourceExhausted, "larger than max"},
	} {
		_, err := s.ModelInfer(t.Context(), c.r)
		if status.Code(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %v and %q", name, err, c.code, c.want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	if _, err := s.ModelInfer(ctx, input("FP32", 1, nil, one)); status.Code(err) != codes.DeadlineExceeded {
		t.Error(err)
	}
}

// What is known of the server and its models; models that are loaded and unloaded.
func TestRepository(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{Version: "1.2"}, grpcserver.Options{})
	dir := t.TempDir()
	if err := servetest.LeNet(t, 1, strings.Fields("a b c d e f g h i j")...).Save(dir + "/n"); err != nil {
		t.Fatal(err)
	}
	if err := s.models.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if _, err := s.ModelInfer(ctx, input("FP32", 1, nil, raw(make([]float32, pixels)))); err != nil {
		t.Fatal(err)
	}
	say := func(answer any, err error) string {
		if err != nil {
			return status.Code(err).String() + " " + err.Error()
		}
		return strings.Join(strings.Fields(answer.(interface{ String() string }).String()), " ") // its spaces vary
	}
	for _, c := range []struct{ got, want string }{
		{say(s.ServerLive(ctx, nil)), "live:true"},
		{say(s.ServerReady(ctx, nil)), "ready:true"},
		{say(s.ServerMetadata(ctx, nil)), `name:"stride" version:"1.2" extensions:"binary_tensor_data"`},
		{say(s.ModelReady(ctx, &pb.ModelReadyRequest{Name: "m", Version: "1"})), "ready:true"},
		{say(s.ModelReady(ctx, &pb.ModelReadyRequest{Name: "x"})), ""},
		{say(s.ModelMetadata(ctx, &pb.ModelMetadataRequest{Name: "m"})), `name:"m" versions:"1" platform:"stride" inputs:{name:"images" datatype:"FP32" shape:-1 shape:1 shape:28 shape:28} outputs:{name:"output" datatype:"FP32" shape:-1 shape:10}`},
		{say(s.ModelMetadata(ctx, &pb.ModelMetadataRequest{Name: "x"})), "NotFound"},
		{say(s.ModelConfig(ctx, &pb.ModelConfigRequest{Name: "m"})), `config:{name:"m" platform:"stride" max_batch_size:256 input:{name:"images" data_type:TYPE_FP32 dims:1 dims:28 dims:28} output:{name:"output" data_type:TYPE_FP32 dims:10}`},
		{say(s.ModelConfig(ctx, &pb.ModelConfigRequest{Name: "x"})), "NotFound"},
		{say(s.ModelStatistics(ctx, &pb.ModelStatisticsRequest{Name: "m"})), `inference_count:1 execution_count:1`},
		{say(s.ModelStatistics(ctx, &pb.ModelStatisticsRequest{})), `name:"n"`},
		{say(s.ModelStatistics(ctx, &pb.ModelStatisticsRequest{Name: "x"})), "NotFound"},
		{say(s.RepositoryIndex(ctx, nil)), `models:{name:"m" version:"1" state:"READY"} models:{name:"n" version:"1" state:"READY"}`},
		{say(s.RepositoryModelUnload(ctx, &pb.RepositoryModelUnloadRequest{ModelName: "n"})), ""},
		{say(s.RepositoryIndex(ctx, nil)), `name:"n" version:"1" state:"UNAVAILABLE" reason:"unloaded"`},
		{say(s.ModelReady(ctx, &pb.ModelReadyRequest{Name: "n"})), ""},
		{say(s.RepositoryModelLoad(ctx, &pb.RepositoryModelLoadRequest{ModelName: "n", Parameters: map[string]*pb.ModelRepositoryParameter{"config": {}}})), "InvalidArgument"},
		{say(s.RepositoryModelLoad(ctx, &pb.RepositoryModelLoadRequest{ModelName: "n"})), ""},
		{say(s.ModelReady(ctx, &pb.ModelReadyRequest{Name: "n"})), "ready:true"},
		{say(s.RepositoryModelLoad(ctx, &pb.RepositoryModelLoadRequest{ModelName: "x"})), "NotFound"},
		{say(s.RepositoryModelUnload(ctx, &pb.RepositoryModelUnloadRequest{ModelName: "x"})), "NotFound"},
	} {
		if !strings.Contains(c.got, c.want) || c.want == "" && c.got != "" {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	stream, err := grpc_reflection_v1.NewServerReflectionClient(s.conn).ServerReflectionInfo(ctx)
	if err == nil {
		err = stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := say(stream.Recv()); !strings.Contains(got, "inference.GRPCInferenceService") {
		t.Errorf("reflection: %s", got)
	}
}

// A server that stops answers what is under way, ends the streams, and has said that it is not
// ready.
func TestDrain(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{}, grpcserver.Options{})
	watch, err := grpc_health_v1.NewHealthClient(s.conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "inference.GRPCInferenceService"})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := watch.Recv(); err != nil || r.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatal(r, err)
	}
	s.models.Drain()
	if r, err := s.ServerReady(t.Context(), nil); err != nil || r.Ready {
		t.Error(r, err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for err = nil; err == nil; {
		_, err = watch.Recv()
	}
	if status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
}

// A token is asked for, and a request's id and record are those of HTTP.
func TestAuthorizeAndRecord(t *testing.T) {
	var records []serve.Record
	var begun []string // of those that may be carried out
	ended := make(chan struct{}, 8)
	s := start(t, serve.Options{}, serve.HandlerOptions{Observe: func(_ context.Context, r *serve.Record) { records = append(records, *r) }}, grpcserver.Options{
		Authorize: func(method, authorization string) bool {
			return authorization == "Bearer secret" || strings.HasSuffix(method, "/ServerLive")
		},
		Begin: func(ctx context.Context, method string, header func(string) string) (context.Context, func()) {
			begun = append(begun, method+" "+header("x-request-id"))
			return ctx, func() { ended <- struct{}{} }
		},
	})
	if _, err := s.ServerLive(t.Context(), nil); err != nil {
		t.Error(err)
	}
	<-ended
	if _, err := s.ServerReady(t.Context(), nil); status.Code(err) != codes.Unauthenticated {
		t.Error(err)
	}
	var header metadata.MD
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer secret", "x-request-id", "abc-1")
	if _, err := s.ModelInfer(ctx, input("UINT8", 1, nil, make([]byte, pixels)), grpc.Header(&header)); err != nil {
		t.Error(err)
	}
	<-ended
	if got := header.Get("x-request-id"); len(got) != 1 || got[0] != "abc-1" {
		t.Errorf("id %v", got)
	}
	if want := []string{"inference.GRPCInferenceService/ServerLive ", "inference.GRPCInferenceService/ModelInfer abc-1"}; !slices.Equal(begun, want) {
		t.Errorf("begun %q", begun)
	}
	if len(records) != 3 || records[1].Status != 401 || records[1].Reason != "bad_request" {
		t.Fatalf("%+v", records)
	}
	r := records[2]
	if r.ID != "abc-1" || r.Protocol != "grpc" || r.Path != "/inference.GRPCInferenceService/ModelInfer" || r.Status != 200 || !r.Inference || r.Model != "m" || r.Version != 1 || r.Samples != 1 || r.Batch != 1 || r.Computed == 0 {
		t.Errorf("%+v", r)
	}
}

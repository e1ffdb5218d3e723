package grpcserver_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/grpcserver"
	"github.com/strideml/stride/tensor"
)

// gated is a device whose programs wait for a gate, and say so.
type gated struct {
	*cpu.Device
	waits, gate chan struct{}
}

type gatedProgram struct {
	engine.Program
	gated
}

func (s gated) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	p, err := s.Device.Compile(g, outputs...)
	return gatedProgram{p, s}, err
}

func (p gatedProgram) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	p.waits <- struct{}{}
	<-p.gate
	return p.Program.Run(feeds, outputs)
}

// A request whose client has gone, or whose time is over, leaves the queue; a full queue is
// RESOURCE_EXHAUSTED, and says when to try again.
func TestQueue(t *testing.T) {
	d := gated{cpu.New(cpu.Options{Threads: 1}), make(chan struct{}, 64), make(chan struct{}, 64)}
	for range 4 { // of the first runs of the programs
		d.gate <- struct{}{}
	}
	s := start(t, serve.Options{Device: d, QueueLimit: 1}, serve.HandlerOptions{}, grpcserver.Options{})
	for len(d.waits) > 0 {
		<-d.waits
	}
	for len(d.gate) > 0 {
		<-d.gate
	}
	request := input("UINT8", 1, nil, make([]byte, pixels))
	answers := make(chan error, 2)
	go func() {
		_, err := s.ModelInfer(context.Background(), request)
		answers <- err
	}()
	<-d.waits // it is computed
	waiting := func(n int) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); s.models.Statistics()[0].Waiting != n; {
			if time.Now().After(deadline) {
				t.Fatalf("%d requests wait, want %d", s.models.Statistics()[0].Waiting, n)
			}
			time.Sleep(time.Millisecond)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	canceled := make(chan error, 1)
	go func() {
		_, err := s.ModelInfer(ctx, request)
		canceled <- err
	}()
	waiting(1)
	cancel()
	if err := <-canceled; status.Code(err) != codes.Canceled {
		t.Error(err)
	}
	waiting(0)
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.ModelInfer(short, request); status.Code(err) != codes.DeadlineExceeded {
		t.Error(err)
	}
	waiting(0)
	go func() {
		_, err := s.ModelInfer(context.Background(), request)
		answers <- err
	}()
	waiting(1)
	var trailer metadata.MD
	if _, err := s.ModelInfer(t.Context(), request, grpc.Trailer(&trailer)); status.Code(err) != codes.ResourceExhausted || len(trailer.Get("grpc-retry-pushback-ms")) != 1 {
		t.Errorf("%v, trailer %v", err, trailer)
	}
	for range 4 {
		d.gate <- struct{}{}
	}
	for range 2 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

// A request that does not come keeps others waiting for a little more than a second; its token is looked at
// before.
func TestSlowMessages(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{BodyMemory: 1000}, grpcserver.Options{
		Authorize: func(_, authorization string) bool { return authorization == "Bearer secret" },
	})
	silent := func(ctx context.Context) grpc.ClientStream {
		stream, err := s.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, "/inference.GRPCInferenceService/ModelInfer")
		if err != nil {
			t.Fatal(err)
		}
		return stream
	}
	if err := silent(t.Context()).RecvMsg(nil); status.Code(err) != codes.Unauthenticated {
		t.Error(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer secret")
	slow := silent(ctx)
	s.awaitMemory(t)
	if _, err := s.ModelInfer(ctx, input("FP32", 1, nil, raw(make([]float32, pixels)))); err != nil {
		t.Error(err)
	}
	if err := slow.RecvMsg(nil); status.Code(err) != codes.DeadlineExceeded {
		t.Error(err)
	}
}

// awaitMemory waits until a request has reserved memory.
func (s *serving) awaitMemory(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if bytes, _ := s.service.Memory(); bytes > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no request has come")
		}
	}
}

func TestNoMemory(t *testing.T) {
	s := start(t, serve.Options{}, serve.HandlerOptions{BodyMemory: 1000, Timeout: 100 * time.Millisecond}, grpcserver.Options{})
	for try := 0; ; try++ {
		slow, err := s.conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, "/inference.GRPCInferenceService/ModelInfer")
		if err != nil {
			t.Fatal(err)
		}
		s.awaitMemory(t)
		var trailer metadata.MD
		_, err = s.ModelInfer(t.Context(), input("FP32", 1, nil, raw(make([]float32, pixels))), grpc.Trailer(&trailer))
		if status.Code(err) == codes.ResourceExhausted && len(trailer.Get("grpc-retry-pushback-ms")) == 1 {
			return
		}
		if err != nil || try == 5 { // a machine that stands still for a second gives up the slow one first
			t.Fatalf("%v, trailer %v", err, trailer)
		}
		_ = slow.CloseSend()
	}
}

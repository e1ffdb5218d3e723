package grpcserver

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/strideml/stride/serve/grpcserver/internal/inferencepb"
	"github.com/strideml/stride/serve/internal/budget"
)

// description describes the service to gRPC, with a handler of its own for ModelInfer, whose requests are
// the only long ones.
func (s *Server) description() *grpc.ServiceDesc {
	d := inferencepb.GRPCInferenceService_ServiceDesc
	d.Methods = slices.Clone(d.Methods)
	for i := range d.Methods {
		if d.Methods[i].MethodName == "ModelInfer" {
			d.Methods[i].Handler = s.infer
		}
	}
	return &d
}

// infer is the handler of ModelInfer. What gRPC generates reads the request before the
// interceptor is called; this one reads it behind the interceptor, when its token was found to be right and when there is memory for it.
func (s *Server) infer(own any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	info := &grpc.UnaryServerInfo{Server: own, FullMethod: inferencepb.GRPCInferenceService_ModelInfer_FullMethodName}
	m := &inferencepb.ModelInferRequest{}
	return s.unary(ctx, m, info, func(ctx context.Context, _ any) (any, error) {
		lease, err := s.receive(ctx, m, read)
		defer lease.Release()
		if err != nil {
			return nil, err
		}
		return own.(*service).ModelInfer(ctx, m)
	})
}

// receive reads a request, when there is memory for the longest that there may be: how long this one is
// nobody knows before. The lease is then for what it takes. While others wait for memory, a request that
// does not arrive promptly is given up.
func (s *Server) receive(ctx context.Context, m *inferencepb.ModelInferRequest, read func(any) error) (*budget.Lease, error) {
	lease, err := s.service.Messages.Acquire(ctx, s.options.MaxMessage, s.service.Timeout())
	if err != nil {
		return nil, err
	}
	received, late := make(chan error, 1), make(chan struct{}, 1)
	lease.ArriveWhole(func() {
		select {
		case late <- struct{}{}:
		default:
		}
	})
	go func() { received <- read(m) }() // which ends with the request
	select {
	case err = <-received:
	case <-late:
		return lease, status.Error(codes.DeadlineExceeded, "the request did not arrive in the time that it may take while others wait")
	}
	lease.Arrived(int64(proto.Size(m)))
	return lease, err
}

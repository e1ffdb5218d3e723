package grpcserver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // messages may be compressed
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/grpcserver/internal/inferencepb"
	"github.com/strideml/stride/serve/internal/inference"
)

// Options are the choices of New. The zero value is a good default.
type Options struct {
	// MaxMessage is the length of the longest request in bytes, after decompression; 0 means
	// 16 MiB.
	MaxMessage int64
	// TLS, if it is not nil, must have a certificate.
	TLS *tls.Config
	// Authorize reports whether a method may be called with the value of the metadata
	// "authorization", which may be ""; nil means always.
	Authorize func(method, authorization string) bool
	// IdleTimeout is how long a connection without requests stays open; 0 means two minutes.
	IdleTimeout time.Duration
	// Begin, if it is not nil, is called when a request comes that may be carried out. header returns the
	// value of a key of its metadata, "" if there is none. The request gets the context that Begin
	// returns, and end is called when it was answered.
	Begin func(ctx context.Context, method string, header func(key string) string) (_ context.Context, end func())
}

// maxStreams is how many requests a connection may have under way.
const maxStreams = 256

// A Server answers gRPC.
type Server struct {
	options Options
	service *inference.Service
	grpc    *grpc.Server
	health  *health.Server
	// stopping ends when the streams must end.
	stopping context.Context
	stop     context.CancelFunc
}

// New returns a server for a service.
func New(s *serve.Service, o Options) *Server {
	if o.MaxMessage <= 0 {
		o.MaxMessage = 16 << 20
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 2 * time.Minute
	}
	server := &Server{options: o, service: s.Inference(), health: health.NewServer()}
	server.stopping, server.stop = context.WithCancel(context.Background())
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(int(o.MaxMessage)), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(64 << 10),
		// What may arrive of a request before it is read, and on a connection.
		grpc.StaticStreamWindowSize(64 << 10), grpc.StaticConnWindowSize(1 << 20),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: o.IdleTimeout, Time: time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(server.unary), grpc.StreamInterceptor(server.stream),
	}
	if o.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(o.TLS)))
	}
	server.grpc = grpc.NewServer(options...)
	server.grpc.RegisterService(server.description(), &service{Service: server.service})
	server.health.SetServingStatus(inferencepb.GRPCInferenceService_ServiceDesc.ServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server.grpc, server.health)
	reflection.Register(server.grpc)
	return server
}

// Drain makes the health service say that no more requests should be sent. Requests are
// still answered.
func (s *Server) Drain() { s.health.Shutdown() }

// Run serves connections of l until the context ends. It then takes no more connections,
// answers the requests under way, for at most grace, and returns nil; after that it ends those
// that are left and returns an error.
func (s *Server) Run(ctx context.Context, l net.Listener, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- s.grpc.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.Drain()
	s.stop()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.grpc.GracefulStop()
	}()
	var err error
	select {
	case <-stopped:
	case <-time.After(grace):
		err = errors.New("some gRPC requests were not answered in time")
		s.grpc.Stop()
		<-stopped
	}
	return errors.Join(err, <-failed)
}

// callKey is the key of a request's *inference.Call in its context.
type callKey struct{}

func callOf(ctx context.Context) *inference.Call { return ctx.Value(callKey{}).(*inference.Call) }

// begin notes a request, and refuses it if it has no valid token. end takes how it was answered and
// returns the error for the client.
func (s *Server) begin(ctx context.Context, method string) (_ context.Context, end func(error) error, err error) {
	md, _ := metadata.FromIncomingContext(ctx)
	first := func(key string) string {
		if values := md.Get(key); len(values) > 0 {
			return values[0]
		}
		return ""
	}
	c := &inference.Call{Start: time.Now(), ID: inference.NewID(first("x-request-id")), Protocol: "grpc", Method: http.MethodPost, Path: method}
	if p, ok := peer.FromContext(ctx); ok {
		c.Client = p.Addr.String()
	}
	_ = grpc.SetHeader(ctx, metadata.Pairs("x-request-id", c.ID)) // it has not been sent
	if s.options.Authorize != nil && !s.options.Authorize(method, first("authorization")) {
		err = inference.Refuse(http.StatusUnauthorized, "the request has no valid token: send the metadata authorization: Bearer TOKEN")
	}
	done := func() {}
	if s.options.Begin != nil && err == nil {
		ctx, done = s.options.Begin(ctx, strings.TrimPrefix(method, "/"), first)
	}
	ctx = context.WithValue(ctx, callKey{}, c)
	end = func(err error) error {
		c.Status, c.Err = http.StatusOK, err
		if err != nil {
			err = s.fail(ctx, c, err)
		}
		s.service.Finish(ctx, c)
		done()
		return err
	}
	return ctx, end, err
}

func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	ctx, end, err := s.begin(ctx, info.FullMethod)
	if err == nil {
		err = s.service.Safely(callOf(ctx), func() (err error) {
			answer, err = handle(ctx, request)
			return err
		})
	}
	if err = end(err); err != nil {
		return nil, err
	}
	return answer, nil
}

// stream is for health checks that wait, and for reflection. Such a stream lasts as long as its client
// wants; it ends when the server stops.
func (s *Server) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ctx, end, err := s.begin(stream.Context(), info.FullMethod)
	if err == nil {
		done := make(chan error, 1)
		go func() { done <- s.service.Safely(callOf(ctx), func() error { return handle(server, stream) }) }()
		select {
		case err = <-done:
		case <-s.stopping.Done(): // what handle waits for fails when this returns
			err = status.Error(codes.Unavailable, "the server stops")
		}
	}
	return end(err)
}

// codeOf are the codes for statuses of HTTP.
var codeOf = map[int]codes.Code{
	http.StatusBadRequest: codes.InvalidArgument, http.StatusRequestEntityTooLarge: codes.InvalidArgument,
	http.StatusUnauthorized: codes.Unauthenticated, http.StatusNotFound: codes.NotFound,
	http.StatusTooManyRequests: codes.ResourceExhausted, http.StatusServiceUnavailable: codes.Unavailable,
	http.StatusGatewayTimeout: codes.DeadlineExceeded, inference.StatusClientGone: codes.Canceled,
}

// statusOf are the statuses for codes, of errors that have one already.
var statusOf = map[codes.Code]int{
	codes.InvalidArgument: http.StatusBadRequest, codes.Unauthenticated: http.StatusUnauthorized, codes.NotFound: http.StatusNotFound,
	codes.ResourceExhausted: http.StatusRequestEntityTooLarge, codes.Unavailable: http.StatusServiceUnavailable,
	codes.DeadlineExceeded: http.StatusGatewayTimeout, codes.Canceled: inference.StatusClientGone, codes.Unimplemented: http.StatusNotFound,
}

// fail returns the error for a client, and notes its status.
func (s *Server) fail(ctx context.Context, c *inference.Call, err error) error {
	if own, ok := status.FromError(err); ok { // of gRPC's own services
		if c.Status, ok = statusOf[own.Code()]; !ok {
			c.Status = http.StatusInternalServerError
		}
		return err
	}
	c.Status = inference.StatusOf(err)
	if errors.Is(ctx.Err(), context.Canceled) {
		c.Status = inference.StatusClientGone
	}
	code, ok := codeOf[c.Status]
	if !ok {
		code = codes.Internal
	}
	if c.Status == http.StatusTooManyRequests {
		pause := inference.RetryAfter(err)
		_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", strconv.FormatInt(pause.Milliseconds(), 10))) // the context has a stream
	}
	return status.Error(code, inference.TextOf(err))
}

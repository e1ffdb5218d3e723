package serveverb

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/internal/webguard"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/grpcserver"
	"github.com/strideml/stride/serve/metrics"
	"github.com/strideml/stride/serve/tracing"
)

// listeners are where the servers listen.
type listeners struct{ http, grpc net.Listener } // grpc may be nil

// listen takes the ports.
func (s *serveVerb) listen() (l listeners, err error) {
	if l.http, err = net.Listen("tcp", s.addr); err != nil {
		return l, err
	}
	if s.grpcAddr != "" {
		if l.grpc, err = net.Listen("tcp", s.grpcAddr); err != nil {
			l.close()
		}
	}
	return l, err
}

// close closes them, once more where a server has done it.
func (l listeners) close() {
	_ = l.http.Close()
	if l.grpc != nil {
		_ = l.grpc.Close()
	}
}

// traces starts sending traces if the environment asks for them, and is nil otherwise. end
// sends the last ones.
func traces(ctx context.Context, log *slog.Logger) (t *tracing.Tracing, end func(), err error) {
	if !tracing.Wanted() {
		return nil, func() {}, nil
	}
	if t, err = tracing.New(ctx, command.NewVersion().Version, log); err != nil {
		return nil, nil, err
	}
	return t, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := t.Close(ctx); err != nil {
			log.Warn("the last traces were not sent", "error", err)
		}
	}, nil
}

// servers makes the servers, which tell of their requests to traces if it is not nil. run serves until its context ends, and answers what is under way.
func (s *serveVerb) servers(models *serve.Models, l listeners, traces *tracing.Tracing, log *slog.Logger) (run func(context.Context) error, err error) {
	counts := metrics.New(models)
	observe, spans := counts.Observe, func(h http.Handler) http.Handler { return h }
	var begin func(context.Context, string, func(string) string) (context.Context, func())
	if traces != nil {
		observe = func(ctx context.Context, r *serve.Record) {
			counts.Observe(ctx, r)
			traces.Observe(ctx, r)
		}
		spans, begin = traces.Handler, traces.Begin
		log = slog.New(traces.LogHandler(log.Handler()))
	}
	s.access.refused = counts.CountRefused
	s.handler.Version, s.handler.Log, s.handler.Observe = command.NewVersion().Version, log, observe
	s.handler.Training = s.training
	s.handler.MaxPixels = s.maxPixels * 1_000_000
	service := serve.NewService(models, s.handler)
	counts.AddService(service)
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", counts.Handler(log))
	routes.Handle("/", spans(service))
	guarded, err := s.access.guard(routes, l.http.Addr())
	if err != nil {
		return nil, err
	}
	server := serve.NewServer(guarded, log)
	limited := s.access.limit(server, l.http, s.handler.Timeout)
	var second *grpcserver.Server
	if l.grpc != nil {
		s.access.warn(l.grpc.Addr())
		second = grpcserver.New(service, grpcserver.Options{
			MaxMessage: s.handler.MaxBody, TLS: s.access.tls(), Authorize: s.access.authorizer(), IdleTimeout: s.access.idle, Begin: begin,
		})
	}
	return func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx) // if one fails, the other one stops
		group.Go(func() error { return serve.Run(ctx, server, limited, s.grace) })
		if second != nil {
			group.Go(func() error {
				return second.Run(ctx, webguard.LimitConnections(nil, l.grpc, s.access.connections), s.grace)
			})
		}
		return group.Wait()
	}, nil
}

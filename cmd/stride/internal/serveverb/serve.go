// Package serveverb is the verb serve.
package serveverb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve"
)

type serveVerb struct {
	*command.App
	folder, addr      string
	grpcAddr          string
	models            serve.Options
	handler           serve.HandlerOptions
	maxPixels         int // in millions
	grace             time.Duration
	access            access
	logFormat, logLev string
	compute           command.Compute
	profile           command.Profile
}

// The values of --log-format and --log-level.
const (
	logText = "text"
	logJSON = "json"
)

// Command returns the command serve.
func Command(a *command.App) *cobra.Command {
	s := &serveVerb{
		App: a, addr: "127.0.0.1:8080", maxPixels: 50, grace: 30 * time.Second, access: newAccess(), logFormat: logText, logLev: "info",
		models:  serve.Options{MaxBatch: 8, QueueLimit: 256},
		handler: serve.HandlerOptions{MaxBody: 16 << 20, BodyMemory: 256 << 20, MaxImages: 256, Timeout: 30 * time.Second},
	}
	cmd := &cobra.Command{
		Use:   "serve [<run|model|network>…]",
		Short: "Answer requests for predictions over HTTP and gRPC",
		Long: `Answer requests for predictions over HTTP and gRPC, until a signal asks to stop. Requests that
wait while others are computed are computed together.

A model's name is that of its file or folder; NAME=PATH gives it another. --models names
a folder of models: files NAME.onnx, NAME.safetensors or NAME.pth, run folders and model
folders, and folders of numbered versions (NAME/1, NAME/2), of which the highest is the
default. The name of a network stands for its pretrained weights, as in stride predict.

POST /v1/predict takes pictures: the body is one, or a form with fields "image", or JSON
with base64. The routes under /v2 are those of the Open Inference Protocol, version 2,
with its binary extension, and Triton's for statistics and for loading models;
/openapi.json describes all routes. GET /metrics is for Prometheus. With --grpc-addr, gRPC is
answered too: inference.GRPCInferenceService, grpc.health.v1.Health and reflection.

SIGHUP loads the models again whose files have changed, and those that are new; each request is
answered by the old model or the new one. It also reads the certificate and the tokens again.
SIGTERM and Ctrl-C stop: what is under way is answered first.

Nobody but this machine is answered unless --addr says so; --tls-cert and --token-file are then
for you. At a loopback address the server answers to names of this machine and to IP addresses only,
unless --host names more, and pages of other sites may send nothing unless --cors-origin names them.`,
		Example: `  stride serve runs/photos
  curl -s --data-binary @cat.jpg -H 'Content-Type: image/jpeg' http://127.0.0.1:8080/v1/predict
  curl -s -F image=@cat.jpg -F image=@dog.jpg 'http://127.0.0.1:8080/v1/predict?top=3'
  stride serve --models models/ --addr 0.0.0.0:8080 --grpc-addr 0.0.0.0:8081 --log-format json
  stride serve runs/photos --addr :8443 --tls-cert cert.pem --tls-key key.pem --token-file token
  stride serve efficientnet-lite0 clothes=runs/lenet --max-batch 16 --max-delay 2ms`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && s.folder == "" {
				return command.Misuse("stride serve needs a run folder, a model file or a network, or --models (see stride serve --help)")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.profile.Around(func() error { return s.run(cmd.Context(), args) })
		},
	}
	s.addFlags(cmd)
	return cmd
}

func (s *serveVerb) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	command.AddPlace(flags, &s.folder, "models", "serve all models in this `folder`")
	command.AddPlace(flags, &s.addr, "addr", "`host:port` to listen at; port 0 takes any that is free")
	command.AddPlace(flags, &s.grpcAddr, "grpc-addr", "`host:port` to answer gRPC at; default: nowhere")
	flags.Var(command.Count(&s.models.MaxBatch, 1, 1024), "max-batch", "samples that waiting requests are computed with at most; a request that has more is computed by itself")
	flags.DurationVar(&s.models.MaxDelay, "max-delay", s.models.MaxDelay, "how long a request waits for others although nothing is computed")
	flags.Var(command.Count(&s.models.QueueLimit, 1, 1<<20), "queue", "samples that may wait for a model; requests beyond that are refused (429)")
	flags.BoolVar(&s.models.BatchInvariant, "batch-invariant", false, "give a picture the same bits whatever is computed with it")
	flags.Var(command.Count(&s.models.Concurrency, 0, 1024), "concurrency", "batches that are computed side by side, each on its share of the threads; 0 means one on each. A request that is alone is computed on all threads")
	flags.DurationVar(&s.handler.Timeout, "timeout", s.handler.Timeout, "how long a request may wait for its turn (504)")
	flags.Var(command.Size(&s.handler.MaxBody), "max-body", "longest request, decompressed (413), such as 16MiB")
	flags.Var(command.Size(&s.handler.BodyMemory), "body-memory", "memory that the requests under way may hold together, and again their inputs; further ones wait for at most --timeout (429)")
	flags.Var(command.Count(&s.maxPixels, 1, 1000), "max-megapixels", "largest picture that is decoded, in millions of pixels")
	flags.Var(command.Count(&s.handler.MaxImages, 1, 1<<16), "max-images", "pictures or samples of a request (413)")
	s.access.addFlags(flags)
	flags.BoolVar(&s.handler.NoPage, "no-page", false, "leave out the page for browsers, and the routes that look inside networks for it")
	flags.DurationVar(&s.grace, "grace", s.grace, "how long requests under way may take after a signal to stop")
	command.AddChoice(cmd, &s.logFormat, "log-format", "`form` of the log on standard error: text, or json", logText, logJSON)
	command.AddChoice(cmd, &s.logLev, "log-level", "`least` level that is logged: debug has every request, info those that are refused, warn, or error", "debug", "info", "warn", "error")
	s.compute.AddFlags(s.App, cmd)
	s.profile.AddFlags(flags)
}

// check reports flags that make no sense.
func (s *serveVerb) check() error {
	for name, d := range map[string]time.Duration{"max-delay": s.models.MaxDelay, "timeout": s.handler.Timeout, "grace": s.grace, "read-timeout": s.access.read, "idle-timeout": s.access.idle} {
		if d < 0 || d > time.Hour || d == 0 && strings.HasSuffix(name, "timeout") {
			return command.Misuse("--%s %v: want a time of at most an hour, such as 5ms or 30s", name, d)
		}
	}
	if _, _, err := net.SplitHostPort(s.addr); err != nil {
		return command.Misuse("--addr %s: want host:port, such as 127.0.0.1:8080", s.addr)
	}
	if _, _, err := net.SplitHostPort(s.grpcAddr); err != nil && s.grpcAddr != "" {
		return command.Misuse("--grpc-addr %s: want host:port, such as 127.0.0.1:8081", s.grpcAddr)
	}
	return cmp.Or(s.access.check(), s.compute.Check())
}

// log returns the log.
func (s *serveVerb) log() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLev)); err != nil {
		panic(err) // the flag takes levels only
	}
	options := &slog.HandlerOptions{Level: level}
	if s.logFormat == logJSON {
		return slog.New(slog.NewJSONHandler(s.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(s.Stderr, options))
}

func (s *serveVerb) run(ctx context.Context, args []string) (err error) {
	if err := s.check(); err != nil {
		return err
	}
	log := s.log()
	if err := s.access.open(log); err != nil {
		return err
	}
	listeners, err := s.listen() // before the models, which take longer
	if err != nil {
		return err
	}
	defer listeners.close()
	spans, end, err := traces(ctx, log)
	if err != nil {
		return err
	}
	defer end()
	models, release, err := s.open(ctx, args, log)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, models.Close())
		release()
	}()
	defer command.OnHangup(func() {
		log.Info("reload")
		if err := errors.Join(s.access.reload(), models.Reload()); err != nil {
			log.Error("reload", "error", command.OneLine(err))
		}
	})()
	run, err := s.servers(models, listeners, spans, log)
	if err != nil {
		return err
	}
	where := []any{"url", s.access.url(listeners.http.Addr())}
	if listeners.grpc != nil {
		where = append(where, "grpc", listeners.grpc.Addr().String())
	}
	log.Info("serving", append(where, "models", strings.Join(models.Names(), " "), "ready after", time.Since(command.Started).Round(time.Millisecond))...)
	context.AfterFunc(ctx, func() {
		models.Drain()
		log.Info("stopping")
	})
	if err := run(ctx); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// open loads the models. release closes the engine.
func (s *serveVerb) open(ctx context.Context, args []string, log *slog.Logger) (models *serve.Models, release func(), err error) {
	release = func() {}
	device, close, err := s.compute.OpenOther(ctx)
	switch {
	case err != nil:
		return nil, nil, err
	case device != nil:
		s.models.Device, release = device, close
	default:
		if err := cpu.KernelsError(); err != nil {
			return nil, nil, err
		}
	}
	s.models.CPU = s.compute.CPU()
	if s.models.CPU.Threads == 0 {
		s.models.CPU.Threads = runtime.GOMAXPROCS(0)
	}
	s.models.Log, s.models.Load = log, s.load
	if models, err = serve.NewModels(s.models); err != nil {
		return nil, nil, err
	}
	for _, arg := range args {
		name, path := "", arg
		if before, after, ok := strings.Cut(arg, "="); ok && !source.Exists(arg) {
			name, path = before, after
		}
		if name == "" && !source.Exists(path) { // torchvision/resnet18 is a network
			name = path[strings.LastIndex(path, "/")+1:]
		}
		if err := models.Open(name, path); err != nil {
			return nil, nil, errors.Join(err, models.Close())
		}
	}
	if s.folder != "" {
		if err := models.OpenFolder(s.folder); err != nil {
			return nil, nil, errors.Join(err, models.Close())
		}
		if len(models.Names()) == 0 {
			log.Warn("no model is served yet: POST /v2/repository/models/NAME/load and SIGHUP load what comes into the folder", "folder", s.folder)
		}
	}
	return models, release, nil
}

// load reads a model, or takes the pretrained weights of a network.
func (s *serveVerb) load(path string) (*modelfolder.Model, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return source.OpenNetwork(s.App, path, modelfolder.Options{})
	case err != nil:
		return nil, err
	}
	if err := source.CheckModelFile(path, info); err != nil {
		return nil, err
	}
	model, err := serve.LoadModel(path)
	if errors.Is(err, modelfolder.ErrNoNet) {
		return nil, fmt.Errorf("%w; stride convert --net makes a model folder of it, which says so", err)
	}
	return model, err
}

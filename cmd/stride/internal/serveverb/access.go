package serveverb

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/internal/webguard"
)

// tokenVariable is the environment variable that has the token where --token-file is not given.
const tokenVariable = "STRIDE_TOKEN"

// access says who may ask, and how many at once.
type access struct {
	certFile, keyFile, tokenFile string
	publicHealth                 bool
	hosts, origins               []string
	connections                  int
	read, idle                   time.Duration

	log         *slog.Logger
	refused     func(reason string) // counts
	certificate *webguard.Certificate
	tokens      *webguard.Tokens
}

func newAccess() access {
	return access{connections: 4096, read: time.Minute, idle: 2 * time.Minute}
}

func (a *access) addFlags(flags *pflag.FlagSet) {
	command.AddPlace(flags, &a.certFile, "tls-cert", "answer over TLS, with the certificate in this PEM `file`")
	command.AddPlace(flags, &a.keyFile, "tls-key", "`file` with the key of the certificate")
	command.AddPlace(flags, &a.tokenFile, "token-file", "ask for a token, one of the lines of this `file` (401); default: the environment variable "+tokenVariable+", if it is set")
	flags.BoolVar(&a.publicHealth, "public-health", false, "answer /v2/health/, and gRPC's methods for health, without a token")
	flags.StringArrayVar(&a.hosts, "host", nil, "`name` by which the server may be called, beside localhost and IP addresses; repeatable. Without it, any name if --addr is no loopback address (403)")
	flags.StringArrayVar(&a.origins, "cors-origin", nil, "`origin` of pages that may use the server, such as https://example.com, or * for all; repeatable (403)")
	flags.Var(command.Count(&a.connections, 1, 1<<20), "max-connections", "connections at once; a new one then takes the place of the one that has been idle longest, or waits")
	flags.DurationVar(&a.read, "read-timeout", a.read, "how long a request may take to arrive; its header at most 10s of that")
	flags.DurationVar(&a.idle, "idle-timeout", a.idle, "how long a connection may be idle between two requests")
}

// check reports flags that make no sense.
func (a *access) check() error {
	switch {
	case (a.certFile == "") != (a.keyFile == ""):
		return command.Misuse("--tls-cert and --tls-key belong together: give both or none")
	case a.publicHealth && a.tokenFile == "" && os.Getenv(tokenVariable) == "":
		return command.Misuse("--public-health has no effect: no token is asked for without --token-file or %s", tokenVariable)
	}
	for _, host := range a.hosts {
		if err := webguard.CheckHost(host); err != nil {
			return command.Misuse("--host %q: %w", host, err)
		}
	}
	for _, origin := range a.origins {
		if err := webguard.CheckOrigin(origin); err != nil {
			return command.Misuse("--cors-origin %q: %w", origin, err)
		}
	}
	return nil
}

// open reads the files.
func (a *access) open(log *slog.Logger) (err error) {
	a.log = log
	if a.certFile != "" {
		if a.certificate, err = webguard.ReadCertificate(a.certFile, a.keyFile); err != nil {
			return err
		}
	}
	if a.tokenFile != "" {
		a.tokens, err = webguard.ReadTokens(a.tokenFile)
	} else if token := os.Getenv(tokenVariable); token != "" {
		if a.tokens, err = webguard.NewTokens(token); err != nil {
			err = errors.Join(errors.New(tokenVariable), err)
		}
	}
	return err
}

// reload reads the files again.
func (a *access) reload() (err error) {
	if a.certificate != nil {
		err = a.certificate.Reload()
	}
	if a.tokens != nil {
		err = errors.Join(err, a.tokens.Reload())
	}
	return err
}

// guard protects a handler that listens at an address.
func (a *access) guard(h http.Handler, address net.Addr) (http.Handler, error) {
	a.warn(address)
	loopback := webguard.IsLoopback(address)
	return webguard.New(h, webguard.Options{
		RestrictHosts: loopback || len(a.hosts) > 0, Hosts: a.hosts, Origins: a.origins, Tokens: a.tokens,
		Public: func(r *http.Request) bool { return a.publicHealth && strings.HasPrefix(r.URL.Path, "/v2/health/") },
		Refused: func(r *http.Request, status int, reason string) {
			a.refused(reason)
			a.log.Info("refused", "client", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "status", status, "reason", reason, "host", r.Host, "origin", r.Header.Get("Origin"))
		},
	})
}

// warn tells of a token that others can read on its way to an address.
func (a *access) warn(address net.Addr) {
	if a.tokens != nil && a.certificate == nil && !webguard.IsLoopback(address) {
		a.log.Warn("the token can be read on its way: use --tls-cert, or a proxy that speaks TLS", "addr", address.String())
	}
}

// tls is the configuration of TLS, nil for none.
func (a *access) tls() *tls.Config {
	if a.certificate == nil {
		return nil
	}
	return a.certificate.Config()
}

// authorizer checks the tokens of gRPC; it is nil if there are none.
func (a *access) authorizer() func(method, authorization string) bool {
	if a.tokens == nil {
		return nil
	}
	return func(method, authorization string) bool {
		if a.publicHealth && slices.Contains(healthMethods, method) || a.tokens.Bearer(authorization) {
			return true
		}
		a.refused("token")
		return false
	}
}

// healthMethods are those of gRPC that say how the server is.
var healthMethods = []string{
	"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady",
}

// limit sets the limits of a server and returns the listener for it. A request may wait for so long.
func (a *access) limit(server *http.Server, l net.Listener, wait time.Duration) net.Listener {
	server.ReadHeaderTimeout = min(server.ReadHeaderTimeout, a.read)
	server.ReadTimeout, server.IdleTimeout = a.read, a.idle
	// It runs from the end of the header to that of the answer: the request is read, waits for memory for its
	// input and for its turn.
	server.WriteTimeout = a.read + 2*wait + 30*time.Second
	server.TLSConfig = a.tls()
	return webguard.LimitConnections(server, l, a.connections)
}

// url is where the server can be reached.
func (a *access) url(address net.Addr) string {
	if a.certificate != nil {
		return "https://" + address.String()
	}
	return "http://" + address.String()
}

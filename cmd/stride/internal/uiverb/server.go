package uiverb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/internal/webguard"
	"github.com/strideml/stride/train/live"
)

const (
	// Auto is the word for usual, or any free port if something listens there already.
	Auto  = "auto"
	usual = "127.0.0.1:8090"
	// maxConnections bounds the connections of browsers.
	maxConnections = 256
	// settleQuiet and settleMost are how long the pages that are open may fetch the end of a
	// training: until they ask for nothing, and at most.
	settleQuiet, settleMost = time.Second, 5 * time.Second
)

// An Address is a flag for host:port, or Auto.
type Address string

func (a *Address) String() string { return string(*a) }

// Type and Set are those of a pflag.Value.
func (a *Address) Type() string { return "address" }

func (a *Address) Set(text string) error {
	if _, port, err := net.SplitHostPort(text); text != Auto && (err != nil || port == "") {
		return errors.New("want host:port, such as 127.0.0.1:8090, or " + Auto)
	}
	*a = Address(text)
	return nil
}

// Listen listens at the address.
func (a Address) Listen() (net.Listener, error) { return a.ListenNear(usual) }

// ListenNear listens at the address, where Auto stands for another usual one.
func (a Address) ListenNear(usual string) (net.Listener, error) {
	if a != Auto {
		return net.Listen("tcp", string(a))
	}
	l, err := net.Listen("tcp", usual)
	if err != nil { // it is taken, usually
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return l, nil
}

// A Server shows runs until Close.
type Server struct {
	http    *http.Server
	handler *live.Handler
	failed  chan error
}

// Start serves the page of live.Options at a listener, and tells where it is.
func Start(a *command.App, l net.Listener, what string, o live.Options) (*Server, error) {
	o.AnyHost = !webguard.IsLoopback(l.Addr())
	handler, err := live.New(o)
	if err != nil {
		return nil, err
	}
	s := &Server{handler: handler, failed: make(chan error, 1), http: &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: quiet,
	}}
	a.Notice(fmt.Sprintf("%s: http://%s/", what, l.Addr()))
	if o.AnyHost {
		who := "look at the runs"
		if o.Controller != nil {
			who += ", and stop the training"
		}
		a.Notice("Everybody who can reach this address can " + who + ".")
	}
	go func() { s.failed <- s.http.Serve(webguard.LimitConnections(s.http, l, maxConnections)) }()
	return s, nil
}

// Close ends the server. Pages that are open may first fetch the end of the training, if settle says so.
func (s *Server) Close(settle bool) {
	if settle {
		s.handler.Settle(settleQuiet, settleMost)
	}
	s.handler.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // connections that do not end by themselves
	}
}

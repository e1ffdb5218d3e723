package webguard

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/cors"
)

// Options say what New refuses. The zero value refuses only what comes from pages of other sites
// and changes something.
type Options struct {
	// RestrictHosts accepts only requests whose header Host is an IP address, localhost, a
	// name below localhost, or one of Hosts, with any port.
	RestrictHosts bool
	Hosts         []string
	// Origins are the pages of other sites that may send requests and read the answers, such as
	// "https://example.com" or "http://localhost:3000"; "*" stands for all.
	Origins []string
	// Tokens, if it is not nil, are asked for.
	Tokens *Tokens
	// Public reports requests that need no token; nil means none.
	Public func(r *http.Request) bool
	// Refused, if it is not nil, is told of each request that is refused.
	Refused func(r *http.Request, status int, reason string)
}

// Headers that pages of Options.Origins may send, and those that they may read.
var (
	sentHeaders = []string{"Accept", "Authorization", "Content-Type", "Content-Encoding", "Inference-Header-Content-Length", "Traceparent", "Tracestate", "X-Request-Id"}
	readHeaders = []string{"Inference-Header-Content-Length", "Retry-After", "X-Request-Id"}
)

// preflightSeconds is how long a browser may remember what it may send.
const preflightSeconds = 600

// always are headers of all answers. The last two keep other sites from framing a page of this
// server and from embedding its pictures. The keys are canonical, so that no request computes them.
var always = http.Header{
	"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"same-origin"},
	"X-Frame-Options": {"SAMEORIGIN"}, "Cross-Origin-Resource-Policy": {"same-origin"},
}

type guard struct {
	Options
	next   http.Handler
	origin *http.CrossOriginProtection
}

// New returns a handler that passes on to next what it does not refuse. It is an error if a
// host or an origin cannot be one.
func New(next http.Handler, o Options) (http.Handler, error) {
	g := &guard{Options: o, next: next, origin: http.NewCrossOriginProtection()}
	for i, host := range o.Hosts {
		if err := CheckHost(host); err != nil {
			return nil, err
		}
		g.Hosts = slices.Clone(g.Hosts)
		g.Hosts[i] = plainName(host)
	}
	for _, origin := range o.Origins {
		if err := CheckOrigin(origin); err != nil {
			return nil, err
		}
		if origin == "*" {
			g.origin = nil
			continue
		}
		if g.origin != nil {
			if err := g.origin.AddTrustedOrigin(origin); err != nil {
				return nil, err
			}
		}
	}
	inner := http.Handler(http.HandlerFunc(g.checkRequest))
	if len(o.Origins) > 0 {
		inner = cors.New(cors.Options{
			AllowedOrigins: o.Origins, AllowedMethods: []string{"GET", "HEAD", "POST"},
			AllowedHeaders: sentHeaders, ExposedHeaders: readHeaders, MaxAge: preflightSeconds,
		}).Handler(inner)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), always)
		if g.RestrictHosts && !g.accepts(r.Host) {
			g.refuse(w, r, http.StatusForbidden, "host", fmt.Sprintf("the server is not called %.200q: name it when you start the server", r.Host))
			return
		}
		inner.ServeHTTP(w, r)
	}), nil
}

// checkRequest checks a request whose Host is right.
func (g *guard) checkRequest(w http.ResponseWriter, r *http.Request) {
	if g.origin != nil && g.origin.Check(r) != nil {
		g.refuse(w, r, http.StatusForbidden, "origin", fmt.Sprintf("pages of %.200q may send no requests to this server: name that origin when you start the server", r.Header.Get("Origin")))
		return
	}
	if g.Tokens != nil && !(g.Public != nil && g.Public(r)) && !g.Tokens.Authorized(r) {
		w.Header().Add("WWW-Authenticate", `Bearer realm="stride"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="stride: any name, and the token as the password", charset="UTF-8"`)
		g.refuse(w, r, http.StatusUnauthorized, "token", "the request has no valid token: send the header Authorization: Bearer TOKEN")
		return
	}
	g.next.ServeHTTP(w, r)
}

// refuse answers a request with an error.
func (g *guard) refuse(w http.ResponseWriter, r *http.Request, status int, reason, text string) {
	if g.Refused != nil {
		g.Refused(r, status, reason)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text}) // the client may be gone
}

// accepts reports whether the server may be called so.
func (g *guard) accepts(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name := plainName(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(g.Hosts, name) {
		return true // browsers send no empty Host
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

// plainName is a host name in the form in which names are compared.
func plainName(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// CheckHost reports what cannot be one of Options.Hosts: a name has neither a scheme nor a port.
func CheckHost(host string) error {
	if host == "" || len(host) > 253 || strings.ContainsAny(host, "/:*@ \t\r\n") {
		return errors.New("want the name of a host without a port, such as models.example.com")
	}
	return nil
}

// CheckOrigin reports what cannot be one of Options.Origins.
func CheckOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.String() != u.Scheme+"://"+u.Host || strings.ContainsAny(u.Host, "*, ") {
		return errors.New("want an origin such as https://example.com or http://localhost:3000, or * for all")
	}
	return nil
}

// IsLoopback reports whether only this machine can reach an address.
func IsLoopback(a net.Addr) bool {
	address, err := netip.ParseAddrPort(a.String())
	return err == nil && address.Addr().Unmap().IsLoopback()
}

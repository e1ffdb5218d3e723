package webguard

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for a name, and its key, as PEM files.
func certificate(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// New connections get the certificate that was read last.
func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir, "first.example")
	c, err := ReadCertificate(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", c.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake()
			conn.Close()
		}
	}()
	name := func() string {
		t.Helper()
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].DNSNames[0]
	}
	if got := name(); got != "first.example" {
		t.Error(got)
	}
	certificate(t, dir, "second.example")
	if err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := name(); got != "second.example" {
		t.Error(got)
	}
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(); err == nil || !strings.Contains(err.Error(), key) {
		t.Error(err)
	}
	if got := name(); got != "second.example" {
		t.Error(got)
	}
	if _, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

// get sends a request over a connection and reads the answer.
func get(t *testing.T, conn net.Conn) (string, error) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return string(b), err
}

// Idle connections make room for new ones, the oldest first; those at work do not.
func TestLimitConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, gate := make(chan struct{}, 8), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-gate
		_, _ = io.WriteString(w, "answer")
	})}
	limited := LimitConnections(server, l, 2)
	served := make(chan error, 1)
	go func() { served <- server.Serve(limited) }()
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	gone := func(conn net.Conn) {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(make([]byte, 1))
		var network net.Error
		switch {
		case n > 0 || err == nil:
			t.Error("the connection got an answer")
		case errors.As(err, &network) && network.Timeout():
			t.Error("the connection is still open")
		}
	}
	// Two that ask nothing, then three that ask: the first three give way.
	idle := []net.Conn{dial(), dial()}
	first, second := dial(), dial()
	answers := make(chan string, 3)
	for _, conn := range []net.Conn{first, second} {
		go func() {
			text, err := get(t, conn)
			if err != nil {
				text = err.Error()
			}
			answers <- text
		}()
	}
	for _, conn := range idle {
		gone(conn)
	}
	<-begun
	<-begun
	third := dial() // both places are at work: it waits
	go func() {
		text, err := get(t, third)
		if err != nil {
			text = err.Error()
		}
		answers <- text
	}()
	select {
	case <-begun:
		t.Error("a third request is at work")
	case <-time.After(20 * time.Millisecond):
	}
	close(gate)
	for range 3 {
		if got := <-answers; got != "answer" {
			t.Error(got)
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// A listener that is closed wakes who waits for a place; connections that are closed free theirs.
func TestLimitWithoutServer(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := LimitConnections(nil, inner, 1)
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	for range 3 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	for range 2 {
		if err := (<-accepted).Close(); err != nil {
			t.Error(err)
		}
	}
	conn := <-accepted
	defer conn.Close()
	if c, err := net.Dial("tcp", inner.Addr().String()); err == nil { // it waits
		defer c.Close()
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := <-accepted; ok {
		t.Error("a connection after the listener was closed")
	}
}

package webguard

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// LimitConnections returns a listener for a server that has at most so many connections at once. One
// that is new then takes the place of that which has been idle longest: nobody can lock others out
// with connections that ask nothing. If none is idle, it waits for one that is closed or becomes
// idle. A connection is idle before its first request and between two.
//
// The server tells what is idle by its ConnState, which LimitConnections sets. If server is nil,
// no connection counts as idle, and new ones wait.
func LimitConnections(server *http.Server, l net.Listener, most int) net.Listener {
	c := &connections{Listener: l, most: max(1, most), places: map[net.Conn]*list.Element{}}
	c.changed.L = &c.mu
	if server != nil {
		c.tells = true
		before := server.ConnState
		server.ConnState = func(conn net.Conn, state http.ConnState) {
			c.note(conn, state)
			if before != nil {
				before(conn, state)
			}
		}
	}
	return c
}

// connections are those of a listener.
type connections struct {
	net.Listener
	most  int
	tells bool // a server calls note

	mu      sync.Mutex
	changed sync.Cond // a connection was closed or became idle, or the listener was closed
	open    int
	closed  bool
	idle    list.List // of *connection, the one that is idle longest in front
	places  map[net.Conn]*list.Element
}

// A connection counts as open until it is closed.
type connection struct {
	net.Conn
	of   *connections
	once sync.Once
}

// Accept implements net.Listener.
func (c *connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	for c.open >= c.most && !c.closed {
		if longest := c.idle.Front(); longest != nil {
			victim := c.remove(longest)
			c.mu.Unlock()
			_ = victim.Close() // its client is idle
			c.mu.Lock()
			continue
		}
		c.changed.Wait()
	}
	if c.closed {
		c.mu.Unlock()
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	defer c.mu.Unlock()
	c.open++
	own := &connection{Conn: conn, of: c}
	if c.tells {
		c.places[own] = c.idle.PushBack(own)
	}
	return own, nil
}

// Close implements net.Listener.
func (c *connections) Close() error {
	c.mu.Lock()
	c.closed = true
	c.changed.Broadcast()
	c.mu.Unlock()
	return c.Listener.Close()
}

// note is told the state of a connection.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok { // that of TLS
		conn = wrapped.NetConn()
	}
	own, ok := conn.(*connection)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch place := c.places[own]; state {
	case http.StateActive, http.StateHijacked:
		if place != nil {
			c.remove(place)
		}
	case http.StateIdle:
		if place == nil {
			c.places[own] = c.idle.PushBack(own)
			c.changed.Signal()
		}
	}
}

// remove takes a connection from those that are idle.
func (c *connections) remove(place *list.Element) *connection {
	own := c.idle.Remove(place).(*connection)
	delete(c.places, own)
	return own
}

// CloseWrite ends what is written, so that a client whose request is refused half-way can
// read the answer. net/http looks for it.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		c.of.open--
		if place := c.of.places[c]; place != nil {
			c.of.remove(place)
		}
		c.of.changed.Signal()
	})
	return c.Conn.Close()
}

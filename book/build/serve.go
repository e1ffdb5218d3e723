package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/strideml/stride/book/site"
)

// serve shows the pages until ctx ends. They are made of the files as they are when a page is asked for;
// what else a page loads is of that time.
func serve(ctx context.Context, addr string, o site.Options) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var handler http.Handler = http.NotFoundHandler()
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if ext := path.Ext(r.URL.Path); ext == "" || ext == ".html" {
			s, err := makeSite(o)
			if err != nil {
				fmt.Println(err)
			}
			if s == nil {
				mu.Unlock()
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			handler = s.Handler()
		}
		now := handler
		mu.Unlock()
		now.ServeHTTP(w, r)
	})}
	fmt.Printf("the book: http://%s/\n", l.Addr())
	context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing is lost
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// Package bookverb is the verb book.
package bookverb

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/book"
	"github.com/strideml/stride/book/site"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/cmd/stride/internal/uiverb"
	"github.com/strideml/stride/internal/webguard"
)

const (
	// usual is the address where auto listens if nothing else does.
	usual = "127.0.0.1:8095"
	// maxConnections bounds the connections of browsers.
	maxConnections = 256
)

// settings are what the command line says.
type settings struct {
	chapter, language, out string
	addr                   uiverb.Address
	live                   bool
}

// Command returns the command book.
func Command(a *command.App) *cobra.Command {
	s := settings{addr: uiverb.Auto, live: true}
	cmd := &cobra.Command{
		Use:   "book [chapter]",
		Short: "Show the book: convolutional networks as programs that run, in English and Chinese",
		Long: `Show the book in a browser, until a signal asks to stop, or write its pages as plain files. It explains
convolutional networks chapter by chapter, with programs, their output and figures, in English and in Chinese.

In its live parts the library itself computes in the page. Releases of stride have it built for that; otherwise it
is built with the Go command, if there is one and the source is there: in a clone of the repository, in a module that
requires it, or in Go's module cache. That takes up to a minute the first time.
Nobody but this machine is answered unless --addr says so.

Chapters: ` + strings.Join(book.Chapters, ", ") + ".",
		Example: `  stride book
  stride book ` + book.Chapters[0] + ` --lang zh
  stride book --out public`,
		Args:              command.AtMostOne("chapter"),
		ValidArgsFunction: cobra.FixedCompletions(book.Chapters, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				s.chapter = args[0]
			}
			if err := s.check(cmd); err != nil {
				return err
			}
			return s.run(cmd.Context(), a)
		},
	}
	flags := cmd.Flags()
	flags.Var(&s.addr, "addr", "`host:port` to listen at; port 0 takes any that is free, and auto is "+usual+" or, if it is taken, any")
	command.AddChoice(cmd, &s.language, "lang", "the `language` to begin with: en or zh (default: that of the browser)", site.Languages...)
	command.AddPlace(flags, &s.out, "out", "write the pages into this `folder`, for any web server, and show nothing")
	flags.BoolVar(&s.live, "live", s.live, "build the library for the live parts if this program does not have it")
	return cmd
}

// check reports flags and arguments that make no sense.
func (s *settings) check(cmd *cobra.Command) error {
	if s.chapter == book.Front { // go run ./book/first exists, too
		s.chapter = ""
	}
	if s.chapter != "" && !slices.Contains(book.Chapters, s.chapter) {
		hint := command.DidYouMean(s.chapter, book.Chapters)
		if hint == "" {
			hint = " (there are " + strings.Join(book.Chapters, ", ") + ")"
		}
		return command.Misuse("the book has no chapter %s%s", terminal.QuoteIfNeeded(s.chapter), hint)
	}
	if s.out == "" {
		return nil
	}
	if s.chapter != "" {
		return command.Misuse("--out writes all chapters, not %s alone", s.chapter)
	}
	for _, name := range []string{"addr", "lang"} {
		if cmd.Flags().Changed(name) {
			return command.Misuse("--out shows nothing: --%s has no effect", name)
		}
	}
	return nil
}

func (s *settings) run(ctx context.Context, a *command.App) error {
	if s.out != "" {
		pages, err := s.site(ctx, a)
		if err != nil {
			return err
		}
		if err := pages.Write(s.out); err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "%d files in %s\n", len(pages.Names()), terminal.QuoteIfNeeded(s.out))
		return nil
	}
	l, err := s.addr.ListenNear(usual)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // the server closes it first, if it comes so far
	pages, err := s.site(ctx, a)
	if err != nil {
		return err
	}
	local := webguard.IsLoopback(l.Addr())
	handler, err := webguard.New(pages.Handler(), webguard.Options{RestrictHosts: local})
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // connections that fail: nobody needs them
	}
	a.Notice(fmt.Sprintf("The book: http://%s/%s", l.Addr(), s.path()))
	if !local {
		a.Notice("Everybody who can reach this address can read it.")
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(webguard.LimitConnections(server, l, maxConnections)) }()
	select {
	case <-ctx.Done():
		return server.Close()
	case err := <-failed:
		return err
	}
}

// path is the page to begin with. Where the language is not given, the browser's counts.
func (s *settings) path() string {
	switch {
	case s.language == "":
		return s.chapter
	case s.chapter == "":
		return s.language + "/"
	}
	return s.language + "/" + s.chapter + ".html"
}

// site makes the pages.
func (s *settings) site(ctx context.Context, a *command.App) (*site.Site, error) {
	files, err := s.liveFiles(ctx, a)
	if err != nil {
		return nil, err
	}
	return site.New(site.Options{Live: files})
}

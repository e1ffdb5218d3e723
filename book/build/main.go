// Command build makes the web pages of the book. Run it in the repository:
//
//	go run ./book/build -o public            writes them as plain files, for any host
//	go run ./book/build -o public -check=false  without running the chapters' programs
//	go run ./book/build -pdf papers          prints each chapter in both languages with Chromium
//	go run ./book/build -serve :8095 -check=false  shows the pages while you write; reload makes them again
//	go run ./book/build -list                prints the folders of the front page and of the chapters
//
// Before it writes anything, it runs the check of each chapter, and makes sure that
// all links lead somewhere and nothing is loaded from elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/book"
	"github.com/strideml/stride/book/internal/sitecheck"
	"github.com/strideml/stride/book/site"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("build: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	out := flag.String("o", "", "write the pages into this `folder`")
	papers := flag.String("pdf", "", "write a PDF of each chapter in each language into this `folder`; needs Chromium")
	addr := flag.String("serve", "", "serve the pages at this `address`, made again from the files for each request")
	check := flag.Bool("check", true, "run the check of each chapter")
	live := flag.Bool("live", true, "build the library for the live parts")
	list := flag.Bool("list", false, "print the folders of the front page and of the chapters")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: see -help", flag.Arg(0))
	case *list:
		fmt.Println(strings.Join(programs(), "\n"))
		return nil
	case *out == "" && *papers == "" && *addr == "":
		return errors.New("say what to make: -o, -pdf or -serve; see -help")
	}
	if _, err := os.Stat("book/book.go"); err != nil {
		return fmt.Errorf("%w: run this in the folder of the repository", err)
	}
	if *check {
		for _, name := range programs() {
			cmd := exec.CommandContext(ctx, "go", "run", "./book/"+name, "-check")
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	options := site.Options{Files: os.DirFS("book"), Chapters: book.Chapters}
	if *live {
		folder, err := os.MkdirTemp("", "book-live-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		if options.Live, err = site.BuildLive(ctx, "", folder); err != nil {
			return err
		}
	}
	if *addr != "" {
		return serve(ctx, *addr, options)
	}
	s, err := makeSite(options)
	if err != nil {
		return err
	}
	if *out != "" {
		if err := s.Write(*out); err != nil {
			return err
		}
		fmt.Printf("%d files in %s\n", len(s.Names()), *out)
	}
	if *papers != "" {
		return printPapers(ctx, s, *papers)
	}
	return nil
}

// programs are the folders with the programs of the book, that of the front page first.
func programs() []string { return append([]string{book.Front}, book.Chapters...) }

// makeSite makes the site and checks it.
func makeSite(o site.Options) (*site.Site, error) {
	s, err := site.New(o)
	if err != nil {
		return nil, err
	}
	wrong := []error{sitecheck.Check(s)}
	for text, files := range s.Repository() {
		for _, file := range files {
			if _, err := os.Stat(filepath.FromSlash(file)); err != nil {
				wrong = append(wrong, fmt.Errorf("%s links to %s, which is not there", text, file))
			}
		}
	}
	return s, errors.Join(wrong...)
}

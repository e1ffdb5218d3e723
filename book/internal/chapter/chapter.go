// Package chapter runs the chapters of the book. A chapter is a folder with
// main.go, which has the code of the text in regions, the texts en.md and zh.md,
// and figures/, which the code draws. Its program prints what the text shows:
//
//	go run ./book/conv              prints the sections, and draws the figures into book-figures/conv
//	go run ./book/conv -only edges  one section
//	go run ./book/conv -full        trains with the settings of the book Dive into Deep Learning
//	go run ./book/conv -check       compares code, printed values and figures with the texts
//	go run ./book/conv -update      writes them into the texts
//
// Sections print to standard output, so that their code can be copied into any
// program; it is captured as the examples of go test are.
package chapter

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"
)

// A Chapter is what the program of a chapter consists of.
type Chapter struct {
	Name     string // its folder
	Sections []Section
	Figures  []Figure
	// Full is set by -full before the sections run: they train as the book Dive
	// into Deep Learning does. Otherwise they take the sample of Fashion-MNIST,
	// small enough that all sections take some seconds.
	Full bool
}

// A Section prints what one block of the text shows.
type Section struct {
	Name string
	Run  func() error
	Long bool // takes more than a second: go test leaves it out, -check does not
}

// A Figure draws a picture of the text. Figures are drawn after all sections ran.
type Figure struct {
	// File is its name in the folder figures, "window.svg" or "maps.png". A figure
	// with words has a file for each language, window.en.svg and window.zh.svg.
	File string
	// Wordless figures have one file for both languages.
	Wordless bool
	Long     bool // needs a section that is Long, or takes more than a second
	// Approx is the relative difference that the numbers of an SVG file may have; 0 means 0.02.
	// Curves of a training need more, since it goes a little differently on another processor.
	Approx float64
	Draw   func(w io.Writer, l Language) error
}

// A Language is that of a figure's words.
type Language string

// The languages of the book.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages are the languages of the book.
var Languages = []Language{English, Chinese}

// Pick returns the text in the language.
func (l Language) Pick(en, zh string) string {
	if l == Chinese {
		return zh
	}
	return en
}

// output runs a section and returns what it printed.
func (s Section) output() (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	read := make(chan []byte)
	go func() {
		text, _ := io.ReadAll(r) // ends when w is closed
		read <- text
	}()
	stdout := os.Stdout
	os.Stdout = w
	func() {
		defer func() { os.Stdout = stdout; err = joinClose(err, w) }()
		err = s.Run()
	}()
	text := <-read
	_ = r.Close() // only read from
	if err != nil {
		return string(text), fmt.Errorf("section %s: %w", s.Name, err)
	}
	return string(text), nil
}

func joinClose(err error, c io.Closer) error {
	if closed := c.Close(); err == nil {
		return closed
	}
	return err
}

// A drawing is a figure's file and its content.
type drawing struct {
	file   string
	bytes  []byte
	approx float64
}

func (f Figure) draw() ([]drawing, error) {
	approx := f.Approx
	if approx == 0 {
		approx = 0.02
	}
	if f.Wordless {
		var b bytes.Buffer
		if err := f.Draw(&b, English); err != nil {
			return nil, fmt.Errorf("figure %s: %w", f.File, err)
		}
		return []drawing{{f.File, b.Bytes(), approx}}, nil
	}
	var list []drawing
	for i, file := range f.files() {
		var b bytes.Buffer
		if err := f.Draw(&b, Languages[i]); err != nil {
			return nil, fmt.Errorf("figure %s: %w", file, err)
		}
		list = append(list, drawing{file, b.Bytes(), approx})
	}
	return list, nil
}

// results are what a chapter printed and drew.
type results struct {
	outputs  map[string]string // by section
	drawings []drawing
	times    []timing // of sections and figures
}

type timing struct {
	what string
	took time.Duration
}

// run runs the sections and draws the figures, short ones only if long is false.
// Each output is given to show, if that is not nil, as soon as it is there.
func (c *Chapter) run(long bool, show func(s Section, output string)) (*results, error) {
	if !c.Full {
		if err := os.Setenv("STRIDE_DATA", "sample"); err != nil { // what the texts show
			return nil, err
		}
	}
	r := &results{outputs: map[string]string{}}
	for _, s := range c.Sections {
		if s.Long && !long {
			continue
		}
		began := time.Now()
		output, err := s.output()
		if show != nil {
			show(s, output)
		}
		if err != nil {
			return nil, err
		}
		r.outputs[s.Name] = output
		r.times = append(r.times, timing{s.Name, time.Since(began)})
	}
	for _, f := range c.Figures {
		if f.Long && !long {
			continue
		}
		began := time.Now()
		list, err := f.draw()
		if err != nil {
			return nil, err
		}
		r.drawings = append(r.drawings, list...)
		r.times = append(r.times, timing{f.File, time.Since(began)})
	}
	return r, nil
}

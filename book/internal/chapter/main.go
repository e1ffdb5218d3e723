package chapter

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Main is the program of a chapter.
func Main(c *Chapter) {
	err := c.command(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(misuse)):
		fmt.Fprintf(os.Stderr, "%s: %v\n", c.Name, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", c.Name, err)
		os.Exit(1)
	}
}

// A misuse is an error in the arguments.
type misuse struct{ error }

func (c *Chapter) command(arguments []string) error {
	flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	out := flags.String("o", filepath.Join("book-figures", c.Name), "folder for the figures")
	only := flags.String("only", "", "run this section only, and draw nothing")
	full := flags.Bool("full", false, "train with the settings of the book Dive into Deep Learning, on all of Fashion-MNIST if it is there")
	check := flags.Bool("check", false, "compare code, printed values and figures with the texts in book/"+c.Name)
	update := flags.Bool("update", false, "write code, printed values and figures into the texts")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		os.Exit(2) // Parse has said why
	}
	switch {
	case flags.NArg() > 0:
		return misuse{fmt.Errorf("unexpected argument %q: see -help", flags.Arg(0))}
	case (*check || *update) && (*full || *only != ""):
		return misuse{errors.New("-check and -update run all sections with the settings of the text, without -full and -only")}
	}
	c.Full = *full
	if *only != "" {
		return c.runOnly(*only)
	}
	if *check || *update {
		return c.maintain(*update)
	}
	r, err := c.run(true, func(s Section, output string) { fmt.Printf("== %s\n%s\n", s.Name, output) })
	if err != nil || len(r.drawings) == 0 {
		return err
	}
	if err := os.MkdirAll(*out, 0o777); err != nil {
		return err
	}
	for _, d := range r.drawings {
		file := filepath.Join(*out, d.file)
		if err := os.WriteFile(file, d.bytes, 0o666); err != nil {
			return err
		}
		fmt.Println(file)
	}
	return nil
}

// runOnly runs one section.
func (c *Chapter) runOnly(name string) error {
	i := slices.IndexFunc(c.Sections, func(s Section) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range c.Sections {
			names = append(names, s.Name)
		}
		return misuse{fmt.Errorf("no section is called %q; there are %v", name, names)}
	}
	c.Sections, c.Figures = c.Sections[i:i+1], nil
	_, err := c.run(true, func(_ Section, output string) { fmt.Print(output) })
	return err
}

// maintain checks or updates the texts in the repository.
func (c *Chapter) maintain(update bool) error {
	dir := filepath.Join("book", c.Name)
	t, err := readTexts(dir)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: run this in the folder of the repository", err)
	}
	if err != nil {
		return err
	}
	began := time.Now()
	r, err := c.run(true, nil)
	if err != nil {
		return err
	}
	if update {
		if err := t.update(r); err != nil {
			return err
		}
		if t, err = readTexts(dir); err != nil {
			return err
		}
	}
	if err := c.check(t, r); err != nil {
		return err
	}
	fmt.Printf("%-12s %d sections, %d figures, %.1f s\n", c.Name, len(c.Sections), len(c.Figures), time.Since(began).Seconds())
	for _, timed := range r.times {
		if timed.took > 2*time.Second {
			fmt.Printf("%-12s   %s %.1f s\n", "", timed.what, timed.took.Seconds())
		}
	}
	return nil
}

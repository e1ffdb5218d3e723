package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/strideml/stride/book"
	"github.com/strideml/stride/book/site"
)

// chromium are the names under which Chromium and its relatives are installed.
var chromium = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

func findChromium() (string, error) {
	for _, name := range chromium {
		if file, err := exec.LookPath(name); err == nil {
			return file, nil
		}
	}
	return "", errors.New("-pdf needs Chromium or Chrome, which is not in the PATH: on Debian and Ubuntu, install the package chromium")
}

// printPapers writes a PDF of each chapter in each language.
func printPapers(ctx context.Context, s *site.Site, folder string) error {
	browser, err := findChromium()
	if err != nil {
		return err
	}
	if err := checkFonts(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()   // ends with Close
	defer func() { _ = server.Close() }() // nothing is lost
	profile, err := os.MkdirTemp("", "book-print-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	for _, language := range site.Languages {
		for _, name := range programs() {
			file := filepath.Join(folder, name+"."+language+".pdf")
			if name == book.Front {
				name = "index"
			}
			// Formulas are set by a script: virtual time lets it and all fonts finish.
			arguments := []string{"--headless=new", "--disable-gpu", "--no-first-run", "--user-data-dir=" + profile, "--hide-scrollbars",
				"--virtual-time-budget=5000", "--no-pdf-header-footer", "--print-to-pdf=" + file, fmt.Sprintf("http://%s/%s/%s.html", l.Addr(), language, name)}
			if os.Getuid() == 0 { // Chromium's sandbox refuses to run for root
				arguments = append([]string{"--no-sandbox"}, arguments...)
			}
			limit, cancel := context.WithTimeout(ctx, 2*time.Minute)
			output, err := exec.CommandContext(limit, browser, arguments...).CombinedOutput()
			cancel()
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", file, err, output)
			}
			info, err := os.Stat(file)
			if err != nil || info.Size() < 1000 {
				return fmt.Errorf("%s wrote no PDF to %s:\n%s", browser, file, output)
			}
			fmt.Printf("%s, %.1f MB\n", file, float64(info.Size())/1e6)
		}
	}
	return nil
}

// checkFonts says so if no font has Chinese characters, where fontconfig can tell.
func checkFonts(ctx context.Context) error {
	if _, err := exec.LookPath("fc-list"); err != nil {
		return nil // macOS and Windows have such fonts
	}
	list, err := exec.CommandContext(ctx, "fc-list", ":lang=zh-cn", "family").Output()
	if err != nil {
		return fmt.Errorf("fc-list: %w", err)
	}
	if len(list) == 0 {
		return errors.New("no installed font has Chinese characters: on Debian and Ubuntu, install the package fonts-noto-cjk")
	}
	return nil
}

//go:build linux

// Command memory measures the peak memory of stride predict for model files.
//
//	go run ./bench/memory FILE…
//
// It builds stride, runs it once for each file on a picture of random pixels, and prints a table to
// standard output: the size of the file, with its external data if it has some; the peak
// resident memory of the process, as the system counts it; their ratio; and how long the process took.
// It needs Linux.
package main

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, files []string) error {
	dir, err := os.MkdirTemp("", "stride-memory-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stride, picture := filepath.Join(dir, "stride"), filepath.Join(dir, "picture.png")
	build := exec.Command("go", "build", "-o", stride, "github.com/strideml/stride/cmd/stride")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build stride: %w\n%s", err, text)
	}
	if err := writePicture(picture); err != nil {
		return err
	}
	fmt.Fprint(out, "| file | MB | peak, MB | peak / file | seconds |\n|---|---:|---:|---:|---:|\n")
	worst := 0.0
	for _, file := range files {
		size, err := sizeOf(file)
		if err != nil {
			return err
		}
		peak, took, err := predict(stride, file, picture)
		if err != nil {
			return err
		}
		ratio := float64(peak) / float64(size)
		worst = max(worst, ratio)
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		fmt.Fprintf(out, "| %s | %.1f | %.1f | %.2f | %.2f |\n", name, float64(size)/1e6, float64(peak)/1e6, ratio, took.Seconds())
	}
	fmt.Fprintf(out, "\nThe greatest ratio of %d files is %.2f.\n", len(files), worst)
	return nil
}

// writePicture writes a picture of random pixels.
func writePicture(path string) error {
	r := rand.New(rand.NewPCG(1, 1))
	picture := image.NewNRGBA(image.Rect(0, 0, 320, 240))
	for i := range picture.Pix {
		picture.Pix[i] = byte(r.Uint32())
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return png.Encode(f, picture)
}

// sizeOf returns the bytes of a file and of the external data beside it.
func sizeOf(path string) (bytes int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	bytes = info.Size()
	if info, err := os.Stat(path + ".data"); err == nil {
		bytes += info.Size()
	}
	return bytes, nil
}

// predict returns the peak memory in bytes of a process that names the classes of a picture.
func predict(stride, file, picture string) (peak int64, took time.Duration, err error) {
	begin := time.Now()
	c := exec.Command(stride, "predict", file, picture)
	if text, err := c.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("stride predict %s: %w\n%s", file, err, text)
	}
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	return usage.Maxrss << 10, time.Since(begin), nil // Linux counts in KiB
}

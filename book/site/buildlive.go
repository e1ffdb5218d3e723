package site

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/book/internal/wasmbuild"
	"github.com/strideml/stride/data/fashionmnist"
)

// built are the files of the live parts that the go command makes. The others, the
// sample of Fashion-MNIST, are part of this program.
var built = []string{"book.wasm.gz", "wasm_exec.js"}

// BuildLive builds the library for the live parts, as WebAssembly, into a folder,
// and returns the files for Options.Live. The go command must be there; it runs in
// the folder source, which must be of this module or of one that requires it ("" is
// the current one). That takes half a minute where nothing is cached, and some
// seconds otherwise.
func BuildLive(ctx context.Context, source, folder string) (map[string][]byte, error) {
	if _, err := wasmbuild.Build(ctx, source, folder); err != nil {
		return nil, fmt.Errorf("build the library for the live parts: %w", err)
	}
	return ReadLive(folder)
}

// ReadLive returns the files for Options.Live that BuildLive has written into a folder.
func ReadLive(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range built {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	return WithSample(files), nil
}

// WithSample adds to files that were built the sample of Fashion-MNIST, which makes
// them complete.
func WithSample(files map[string][]byte) map[string][]byte {
	for name, data := range fashionmnist.SampleFiles() {
		files[name] = data
	}
	return files
}

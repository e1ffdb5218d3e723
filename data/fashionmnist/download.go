package fashionmnist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/strideml/stride/internal/download"
)

// mirrors are the places that the dataset's authors publish it at.
var mirrors = []string{
	"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
	"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
}

// Progress says how much of a download is done.
type Progress struct {
	// File is the name of the file that is being fetched.
	File string
	// Done and Total count the bytes of all four files; what was there already
	// is done.
	Done, Total int64
}

// Download fetches those of the four files that the folder lacks (about 31 MB
// together), checks their sizes and SHA-256 hashes and puts each in place when
// it is whole. What an interrupted download left in a .part file is kept and
// used. The default of dir is CacheDir(); the folder is made where it does not
// exist. progress may be nil.
func Download(ctx context.Context, dir string, progress func(Progress)) error {
	dir, err := cacheDir(dir)
	if err != nil {
		return err
	}
	return official().download(ctx, dir, progress)
}

// A source is where and how files are fetched; tests have sources of their own.
type source struct {
	mirrors []string
	files   []file
	client  download.Client
	connect time.Duration // a mirror that has not answered a first request by then is left out
}

func official() source { return source{mirrors, files[:], download.New(), 3 * time.Second} }

// errUnreachable is returned when no mirror answers at all.
var errUnreachable = errors.New("no mirror can be reached")

// download fetches the missing files into dir.
func (s source) download(ctx context.Context, dir string, progress func(Progress)) error {
	defer s.client.HTTP.CloseIdleConnections()
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := download.CheckFolder(dir); err != nil {
		return err
	}
	state := Progress{}
	var missing []file
	for _, f := range s.files {
		state.Total += f.size
		if f.published().IsAt(filepath.Join(dir, f.name+".gz")) {
			state.Done += f.size
			continue
		}
		missing = append(missing, f)
	}
	if len(missing) == 0 {
		progress(state)
		return nil
	}
	alive, err := s.probe(ctx, missing[0])
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, f := range missing {
		before := state.Done
		state.File = f.name + ".gz"
		err := s.fetch(ctx, alive, dir, f, func(done int64) {
			state.Done = before + done
			progress(state)
		})
		if err != nil {
			return err
		}
		state.Done = before + f.size
	}
	progress(state)
	return nil
}

// probe asks all mirrors at once whether they have a file and returns, in the
// order of preference, those that answer in time.
func (s source) probe(parent context.Context, f file) (alive []string, err error) {
	ctx, cancel := context.WithTimeout(parent, s.connect)
	defer cancel()
	failures := make([]error, len(s.mirrors))
	answered := make([]bool, len(s.mirrors))
	var all sync.WaitGroup
	for i, mirror := range s.mirrors {
		all.Go(func() {
			request, err := http.NewRequestWithContext(ctx, http.MethodHead, mirror+f.name+".gz", nil)
			if err != nil {
				failures[i] = err
				return
			}
			response, err := s.client.HTTP.Do(request)
			if err != nil {
				failures[i] = err
				return
			}
			response.Body.Close()
			answered[i] = true
			if response.StatusCode != http.StatusOK {
				failures[i] = fmt.Errorf("%s%s.gz: %s", mirror, f.name, response.Status)
			}
		})
	}
	all.Wait()
	if parent.Err() != nil {
		return nil, context.Cause(parent)
	}
	reached := false
	for i, mirror := range s.mirrors {
		reached = reached || answered[i]
		if failures[i] == nil {
			alive = append(alive, mirror)
		}
	}
	switch {
	case len(alive) > 0:
		return alive, nil
	case reached:
		return nil, fmt.Errorf("no mirror has the file: %w", download.Reasons(failures))
	}
	return nil, fmt.Errorf("%w: %w", errUnreachable, download.Reasons(failures))
}

// fetch brings one file from the first mirror that gives it whole and right.
func (s source) fetch(ctx context.Context, mirrors []string, dir string, f file, progress func(done int64)) error {
	urls := make([]string, len(mirrors))
	for i, mirror := range mirrors {
		urls[i] = mirror + f.name + ".gz"
	}
	err := s.client.Fetch(ctx, urls, filepath.Join(dir, f.name+".gz"), f.published(), progress)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("download %s.gz: %w", f.name, err)
	}
	return err
}

// published is what the gzipped file must be.
func (f file) published() download.File { return download.File{Size: f.size, SHA256: f.sha256} }

package fashionmnist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
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
	client  *http.Client
	connect time.Duration // a mirror that has not answered a first request by then is left out
	stall   time.Duration // a transfer that has brought nothing for so long is given up
}

func official() source {
	transport := &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
	}
	return source{mirrors, files[:], &http.Client{Transport: transport}, 3 * time.Second, 10 * time.Second}
}

// errUnreachable is returned when no mirror answers at all.
var errUnreachable = errors.New("no mirror can be reached")

// reasons are why each mirror failed, on one line.
type reasons []error

func (r reasons) Error() string {
	lines := make([]string, len(r))
	for i, err := range r {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.Is and errors.As look into each reason.
func (r reasons) Unwrap() []error { return r }

// canBeFolder reports a path that cannot become a folder because it or a part of it
// is something else, before anything is fetched.
func canBeFolder(dir string) error {
	for path := filepath.Clean(dir); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("%s cannot be a folder: %s is a file", dir, path)
		case err == nil || path == filepath.Dir(path):
			return nil
		}
	}
}

// download fetches the missing files into dir.
func (s source) download(ctx context.Context, dir string, progress func(Progress)) error {
	defer s.client.CloseIdleConnections()
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := canBeFolder(dir); err != nil {
		return err
	}
	state := Progress{}
	var missing []file
	for _, f := range s.files {
		state.Total += f.size
		if hashMatches(filepath.Join(dir, f.name+".gz"), f) {
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
			response, err := s.client.Do(request)
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
		return nil, fmt.Errorf("no mirror has the file: %w", reasons(failures))
	}
	return nil, fmt.Errorf("%w: %w", errUnreachable, reasons(failures))
}

// fetch brings one file from the first mirror that gives it whole and right.
func (s source) fetch(ctx context.Context, mirrors []string, dir string, f file, progress func(done int64)) error {
	path := filepath.Join(dir, f.name+".gz")
	part := path + ".part"
	var failures []error
	for _, mirror := range mirrors {
		err := s.transfer(ctx, mirror+f.name+".gz", part, f, progress)
		if err == nil {
			return os.Rename(part, path)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failures = append(failures, err)
	}
	return fmt.Errorf("download %s.gz: %w", f.name, reasons(failures))
}

// transfer brings the rest of a file to part and checks the whole. A part of
// the right size with the wrong contents is removed.
func (s source) transfer(ctx context.Context, url, part string, f file, progress func(done int64)) (err error) {
	out, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
		if errors.Is(err, errWrongHash) {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	start, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if start > f.size {
		start = 0
	}
	if start < f.size {
		if err := s.receive(ctx, url, out, start, f.size, progress); err != nil {
			return err
		}
	}
	if err := checkHash(out, f); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return out.Sync()
}

// receive asks for the bytes of url from start on and writes them at their
// place, so that out holds size bytes in the end.
func (s source) receive(parent context.Context, url string, out *os.File, start, size int64, progress func(done int64)) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	stalled := fmt.Errorf("%s: nothing came for %v", url, s.stall)
	watch := time.AfterFunc(s.stall, func() { cancel(stalled) })
	defer watch.Stop()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// The hash is that of the compressed file: nothing may unpack it on the way.
	request.Header.Set("Accept-Encoding", "identity")
	if start > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", start))
	}
	response, err := s.client.Do(request)
	if err != nil {
		return causeOr(ctx, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		start = 0
	case http.StatusPartialContent:
		if got := response.Header.Get("Content-Range"); !strings.HasPrefix(got, fmt.Sprintf("bytes %d-", start)) {
			return fmt.Errorf("%s: asked for the bytes from %d on, found %q", url, start, got)
		}
	default:
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	if left := size - start; response.ContentLength >= 0 && response.ContentLength != left {
		return fmt.Errorf("%s: the server offers %d bytes, want %d", url, response.ContentLength, left)
	}
	if err := out.Truncate(start); err != nil {
		return err
	}
	if _, err := out.Seek(start, io.SeekStart); err != nil {
		return err
	}
	done, buffer := start, make([]byte, 64<<10)
	for {
		n, err := response.Body.Read(buffer)
		if n > 0 {
			watch.Reset(s.stall)
			if int64(n) > size-done {
				return fmt.Errorf("%s: more than %d bytes came", url, size)
			}
			if _, err := out.Write(buffer[:n]); err != nil {
				return err
			}
			done += int64(n)
			progress(done)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return causeOr(ctx, fmt.Errorf("%s: %w", url, err))
		}
	}
	if done != size {
		return fmt.Errorf("%s: %d of %d bytes came: %w", url, done, size, io.ErrUnexpectedEOF)
	}
	return nil
}

// causeOr returns why a context was cancelled, or err where it was not.
func causeOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

var errWrongHash = errors.New("the contents are not those of the published file")

// checkHash compares a file's contents with the pinned hash.
func checkHash(in io.ReadSeeker, f file) error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return err
	}
	if found := hex.EncodeToString(hash.Sum(nil)); found != f.sha256 {
		return fmt.Errorf("%w: SHA-256 %s, want %s", errWrongHash, found, f.sha256)
	}
	return nil
}

// hashMatches reports whether a file is there, whole and right.
func hashMatches(path string, f file) bool {
	info, err := os.Stat(path)
	if err != nil || info.Size() != f.size {
		return false
	}
	in, err := os.Open(path)
	if err != nil {
		return false
	}
	defer in.Close()
	return checkHash(in, f) == nil
}

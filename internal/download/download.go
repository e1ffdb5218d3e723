// Package download fetches files over HTTP: the rest of one where a part is there
// already, checked for size and SHA-256, and put in place whole or not at all.
//
// A transfer that brings nothing for a while is given up. What it has brought
// stays beside the file in NAME.part, and the next one continues there.
package download

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
	"time"
)

// CheckFolder reports a path that cannot become a folder because it or a part of it
// is something else, before anything is fetched.
func CheckFolder(dir string) error {
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

// A File is what a file must be.
type File struct {
	Size   int64
	SHA256 string // in hexadecimal; "" if it is not known
}

// A Client fetches files.
type Client struct {
	HTTP *http.Client
	// Stall is how long a transfer may bring nothing.
	Stall time.Duration
}

// New returns a client with short time limits: 3 seconds to connect, 10 seconds
// without a byte. Proxies are those of the environment.
func New() Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
	}
	return Client{&http.Client{Transport: transport}, 10 * time.Second}
}

// Reasons are why each of several places failed, on one line.
type Reasons []error

func (r Reasons) Error() string {
	lines := make([]string, len(r))
	for i, err := range r {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.Is and errors.As look into each reason.
func (r Reasons) Unwrap() []error { return r }

// ErrWrongHash says that a file of the right size has other contents than it
// must have.
var ErrWrongHash = errors.New("the contents are not those of the published file")

// Fetch brings a file to path from the first of the URLs that gives it whole
// and right. progress is told how many bytes of it are there.
func (c Client) Fetch(ctx context.Context, urls []string, path string, f File, progress func(done int64)) error {
	part := path + ".part"
	var failures Reasons
	for _, url := range urls {
		err := c.transfer(ctx, url, part, f, progress)
		if err == nil {
			return os.Rename(part, path)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failures = append(failures, err)
	}
	return failures
}

// transfer brings the rest of a file to part and checks the whole. A part of
// the right size with the wrong contents is removed.
func (c Client) transfer(ctx context.Context, url, part string, f File, progress func(done int64)) (err error) {
	out, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
		if errors.Is(err, ErrWrongHash) {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	start, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if start > f.Size || f.SHA256 == "" { // nothing would notice a part of another version
		start = 0
	}
	if start < f.Size {
		if err := c.receive(ctx, url, out, start, f.Size, progress); err != nil {
			return err
		}
	}
	if err := f.check(out); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return out.Sync()
}

// receive asks for the bytes of url from start on and writes them at their
// place, so that out holds size bytes in the end.
func (c Client) receive(parent context.Context, url string, out *os.File, start, size int64, progress func(done int64)) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	stalled := fmt.Errorf("%s: nothing came for %v", url, c.Stall)
	watch := time.AfterFunc(c.Stall, func() { cancel(stalled) })
	defer watch.Stop()

	response, start, err := c.request(ctx, url, start)
	if err != nil {
		return err
	}
	defer response.Body.Close()
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
			watch.Reset(c.Stall)
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

// request asks for the bytes of url from start on. It returns where those of the
// response start, which is 0 if the server does not serve parts.
func (c Client) request(ctx context.Context, url string, start int64) (*http.Response, int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	// Sizes and hashes are those of the file as it is: nothing may be packed on
	// the way.
	request.Header.Set("Accept-Encoding", "identity")
	if start > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", start))
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, 0, causeOr(ctx, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return response, 0, nil
	case http.StatusPartialContent:
		got := response.Header.Get("Content-Range")
		if strings.HasPrefix(got, fmt.Sprintf("bytes %d-", start)) {
			return response, start, nil
		}
		err = fmt.Errorf("%s: asked for the bytes from %d on, found %q", url, start, got)
	default:
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	response.Body.Close()
	return nil, 0, err
}

// causeOr returns why a context was cancelled, or err where it was not.
func causeOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// check compares contents of the right size with the hash, if that is known.
func (f File) check(in io.ReadSeeker) error {
	if f.SHA256 == "" {
		return nil
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return err
	}
	if found := hex.EncodeToString(hash.Sum(nil)); found != f.SHA256 {
		return fmt.Errorf("%w: SHA-256 %s, want %s", ErrWrongHash, found, f.SHA256)
	}
	return nil
}

// IsAt reports whether the file at path is this one, whole and right.
func (f File) IsAt(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Size() != f.Size {
		return false
	}
	in, err := os.Open(path)
	if err != nil {
		return false
	}
	defer in.Close()
	return f.check(in) == nil
}

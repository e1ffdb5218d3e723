package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A fault is a kind of wrong request: what it does, and the statuses that are right for it; 0 stands for a
// connection that is closed without an answer.
type fault struct {
	name string
	do   func(s *soak, ctx context.Context) (status int, err error)
	want []int
}

var faults = []fault{
	{"unknown model", post("/v2/models/nothing/infer", "application/json", `{"inputs":[{"name":"images","shape":[1],"datatype":"FP32","data":[0]}]}`), []int{404}},
	{"unknown path", post("/nothing", "", "x"), []int{404, 405}},
	{"JSON cut short", post("/v2/models/lenet/infer", "application/json", `{"inputs":[{"name":"images","shape":[1,1,28,28],"data`), []int{400}},
	{"JSON nested a million times", post("/v2/models/lenet/infer", "application/json", strings.Repeat("[", 1_000_000)), []int{400}},
	{"wrong shape", post("/v2/models/lenet/infer", "application/json", `{"inputs":[{"name":"images","shape":[1,1,2,2],"datatype":"FP32","data":[1,2,3,4]}]}`), []int{400}},
	{"shape that overflows", post("/v2/models/lenet/infer", "application/json", `{"inputs":[{"name":"images","shape":[4294967296,4294967296,28,28],"datatype":"FP32","data":[1]}]}`), []int{400, 413}},
	{"too few numbers", post("/v2/models/lenet/infer", "application/json", `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","data":[1,2,3]}]}`), []int{400}},
	{"text for numbers", post("/v2/models/lenet/infer", "application/json", `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","data":["x"]}]}`), []int{400}},
	{"picture that is none", post("/v1/predict?model=lenet", "image/png", "not a picture"), []int{400}},
	{"form without a boundary", post("/v1/predict?model=lenet", "multipart/form-data", "x"), []int{400}},
	{"unpacked to 2 GB by gzip", bomb, []int{400, 413}},
	{"100 megapixels in 12 KB", hugePicture, []int{400}},
	{"10,000 parts in a form", manyParts, []int{400, 413}},
	{"binary size that is not true", wrongSize, []int{400}},
	{"NaN in every number", notNumbers, []int{200, 400}},
	{"half a request, then closed", halfRequest, []int{0}},
	{"no HTTP at all", garbage, []int{0, 400}},
	{"a body shorter than its length, then silence", silence, []int{0, 408}},
	{"client leaves before the answer", leaves, []int{0}},
	{"a hundred connections that say nothing", idle, []int{0}},
}

// misbehave commits faults, one after the other, until the context ends.
func (s *soak) misbehave(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		f := faults[random.IntN(len(faults))]
		status, err := f.do(s, ctx)
		if ctx.Err() != nil {
			return
		}
		right := false
		for _, want := range f.want {
			right = right || want == status
		}
		switch {
		case err != nil:
			s.counts.wrong("%s: %v", f.name, err)
		case !right && status != http.StatusTooManyRequests:
			s.counts.wrong("%s: status %d, want %v", f.name, status, f.want)
		default:
			s.counts.add("fault: " + f.name)
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// post returns a fault that sends a body.
func post(path, kind, body string) func(s *soak, ctx context.Context) (int, error) {
	return func(s *soak, ctx context.Context) (int, error) { return s.send(ctx, path, kind, []byte(body)) }
}

// send sends a body and returns the status. An answer to a wrong request must be an error in JSON.
func (s *soak) send(ctx context.Context, path, kind string, body []byte, header ...string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if response.StatusCode >= 400 {
		var answer struct{ Error string }
		if err := json.Unmarshal(text, &answer); err != nil || answer.Error == "" {
			return 0, fmt.Errorf("status %d with %.100q, which is no error in JSON", response.StatusCode, text)
		}
	}
	return response.StatusCode, nil
}

func bomb(s *soak, ctx context.Context) (int, error) {
	body, err := gzipBomb()
	if err != nil {
		return 0, err
	}
	return s.send(ctx, "/v2/models/lenet/infer", "application/json", body, "Content-Encoding", "gzip")
}

// gzipBomb returns 2 GB of zeros in 2 MB: members of a gzip file may follow each other.
var gzipBomb = sync.OnceValues(func() ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, 64<<20)); err != nil {
		return nil, err
	}
	err := w.Close()
	return bytes.Repeat(b.Bytes(), 32), err
})

func hugePicture(s *soak, ctx context.Context) (int, error) {
	file, err := pngBomb()
	if err != nil {
		return 0, err
	}
	return s.send(ctx, "/v1/predict?model=lenet", "image/png", file)
}

// pngBomb returns a PNG file of 10,000 × 10,000 black pixels, which has 12 KB.
var pngBomb = sync.OnceValues(func() ([]byte, error) {
	const side = 10_000
	var data bytes.Buffer
	w := zlib.NewWriter(&data)
	if _, err := w.Write(make([]byte, side*(1+side/8))); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	file := bytes.NewBufferString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		part := append([]byte(kind), data...)
		file.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
		file.Write(part)
		file.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(part)))
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, side), side)
	chunk("IHDR", append(size, 1, 0, 0, 0, 0)) // 1 bit, grey
	chunk("IDAT", data.Bytes())
	chunk("IEND", nil)
	return file.Bytes(), nil
})

func manyParts(s *soak, ctx context.Context) (int, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for range 10_000 {
		part, err := w.CreateFormFile("image", "a.png")
		if err == nil {
			_, err = part.Write([]byte("x"))
		}
		if err != nil {
			return 0, err
		}
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return s.send(ctx, "/v1/predict?model=lenet", w.FormDataContentType(), b.Bytes())
}

func wrongSize(s *soak, ctx context.Context) (int, error) {
	header := `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":99999999}}]}`
	return s.send(ctx, "/v2/models/lenet/infer", "", append([]byte(header), make([]byte, 28*28*4)...), "Inference-Header-Content-Length", fmt.Sprint(len(header)))
}

func notNumbers(s *soak, ctx context.Context) (int, error) {
	header := fmt.Sprintf(`{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, 28*28*4)
	body := []byte(header)
	for range 28 * 28 {
		body = binary.LittleEndian.AppendUint32(body, math.Float32bits(float32(math.NaN())))
	}
	return s.send(ctx, "/v2/models/lenet/infer", "", body, "Inference-Header-Content-Length", fmt.Sprint(len(header)))
}

// talk opens a connection, writes text and waits for at most so long for an answer. It returns
// the status of the answer, 0 if there is none.
func (s *soak) talk(ctx context.Context, text string, wait time.Duration) (int, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.server.Address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		return 0, nil // the server has closed it already
	}
	if wait == 0 {
		return 0, nil
	}
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

const inferHead = "POST /v2/models/lenet/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"

func halfRequest(s *soak, ctx context.Context) (int, error) {
	return s.talk(ctx, inferHead[:60], 0)
}

func garbage(s *soak, ctx context.Context) (int, error) {
	return s.talk(ctx, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", time.Second)
}

func silence(s *soak, ctx context.Context) (int, error) {
	return s.talk(ctx, inferHead+`{"inputs":[`, time.Second)
}

// leaves sends a whole request and does not wait.
func leaves(s *soak, ctx context.Context) (int, error) {
	body := `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"UINT8","data":[0` + strings.Repeat(",0", 28*28-1) + `]}]}`
	return s.talk(ctx, fmt.Sprintf("POST /v2/models/lenet/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", len(body), body), 0)
}

// idle opens connections that say nothing, for a second.
func idle(s *soak, ctx context.Context) (int, error) {
	for range 100 {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", s.server.Address)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
	}
	pause(ctx, time.Second)
	return 0, nil
}

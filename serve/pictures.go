package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/serve/internal/repository"
)

// A pictureFile is a picture as a client sends it.
type pictureFile struct {
	name string // the client's, or "image 1"
	data []byte
}

// decodePictures makes the input of a request's pictures: all pictures that clients send are
// decoded here. No more are decoded at once than
// there are threads.
func (h *handler) decodePictures(c *call, v *repository.Version, files []pictureFile) ([]float32, []preprocess.Source, error) {
	start := time.Now()
	defer func() { c.decoded = time.Since(start) }()
	if len(files) == 0 {
		return nil, nil, refuse(http.StatusBadRequest, "the request has no picture")
	}
	var err error
	if c.samples, err = h.countSamples(int64(len(files))); err != nil {
		return nil, nil, err
	}
	size := v.Input.Size()
	values, pictures := make([]float32, len(files)*size), make([]preprocess.Source, len(files))
	for i, f := range files {
		select {
		case h.decode <- struct{}{}:
		case <-c.r.Context().Done():
			return nil, nil, errGone
		}
		pictures[i], err = v.Model.Preprocessing.Input(values[i*size:][:size], f.data, f.name, imagefile.Options{MaxPixels: h.options.MaxPixels})
		<-h.decode
		if err != nil {
			return nil, nil, bad(err)
		}
	}
	return values, pictures, nil
}

// inputPictures makes the input of a tensor of BYTES whose elements are picture files.
func (h *handler) inputPictures(c *call, v *repository.Version, x *protocol.Tensor) ([]float32, error) {
	if len(x.Shape) == 0 || len(x.Shape) > 2 || len(x.Shape) == 2 && x.Shape[1] != 1 {
		return nil, refuse(http.StatusBadRequest, "the input %q has the shape %v: want [N] or [N, 1] for N picture files", x.Name, []int64(x.Shape))
	}
	if _, err := h.countSamples(x.Shape[0]); err != nil {
		return nil, err
	}
	elements, err := x.Strings()
	if err != nil {
		return nil, bad(err)
	}
	var files []pictureFile
	for i, data := range elements {
		files = append(files, pictureFile{fmt.Sprintf("image %d", i+1), data})
	}
	values, _, err := h.decodePictures(c, v, files)
	return values, err
}

// readPictures reads the pictures of a request to /v1/predict: fields "image" of a form, a
// picture as the body, or base64 in JSON.
func (h *handler) readPictures(c *call, body []byte) ([]pictureFile, error) {
	header := c.r.Header.Get("Content-Type")
	kind, parameters, err := mime.ParseMediaType(header)
	if err != nil {
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type %.100q cannot be read: want multipart/form-data, image/… or application/json", header)
	}
	switch {
	case kind == "multipart/form-data":
		files, err := formPictures(body, parameters["boundary"], h.options.MaxImages)
		return files, asBad(err)
	case kind == "application/json":
		files, err := jsonPictures(body, h.options.MaxImages)
		return files, asBad(err)
	case strings.HasPrefix(kind, "image/"), kind == "application/octet-stream":
		return []pictureFile{{"image 1", body}}, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type is %.100q: want multipart/form-data, image/… or application/json", kind)
}

// asBad is bad for an error that may be nil, or have a status already.
func asBad(err error) error {
	var status *statusError
	if err == nil || errors.As(err, &status) {
		return err
	}
	return bad(err)
}

// tooMany says that a request has more pictures than it may.
func tooMany(most int) error {
	return refuse(http.StatusRequestEntityTooLarge, "the request has more than %d pictures", most)
}

// formPictures returns the pictures in the fields "image" of a form.
func formPictures(body []byte, boundary string, most int) (files []pictureFile, err error) {
	if boundary == "" {
		return nil, errors.New("the Content-Type has no boundary")
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the form is damaged: %w", err)
		}
		if part.FormName() != "image" {
			return nil, fmt.Errorf("the form has a field %.100q: want image", part.FormName())
		}
		if len(files) == most {
			return nil, tooMany(most)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, fmt.Errorf("the form is damaged: %w", err)
		}
		name := part.FileName()
		if name == "" || len(name) > 255 {
			name = fmt.Sprintf("image %d", len(files)+1)
		}
		files = append(files, pictureFile{name, data})
	}
	if len(files) == 0 {
		return nil, errors.New("the form has no field image")
	}
	return files, nil
}

// jsonPictures returns the pictures in {"image": base64} or {"images": [base64, …]}. They
// may be data URLs.
func jsonPictures(body []byte, most int) (files []pictureFile, err error) {
	var message struct {
		Image  *string  `json:"image"`
		Images []string `json:"images"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&message); err != nil {
		return nil, fmt.Errorf(`the JSON of the message: %w: want {"image": base64} or {"images": [base64, …]}`, err)
	}
	if message.Image != nil {
		message.Images = append([]string{*message.Image}, message.Images...)
	}
	if len(message.Images) > most {
		return nil, tooMany(most)
	}
	for i, text := range message.Images {
		if strings.HasPrefix(text, "data:") {
			_, after, ok := strings.Cut(text, ";base64,")
			if !ok {
				return nil, fmt.Errorf("image %d is a data URL without base64", i+1)
			}
			text = after
		}
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("image %d is no base64: %w", i+1, err)
		}
		files = append(files, pictureFile{fmt.Sprintf("image %d", i+1), data})
	}
	if len(files) == 0 {
		return nil, errors.New(`the message has no picture: want {"image": base64} or {"images": [base64, …]}`)
	}
	return files, nil
}

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

	"github.com/strideml/stride/serve/internal/inference"
)

// readPictures reads the pictures of a request to /v1/predict: fields "image" of a form, a
// picture as the body, or base64 in JSON. release gives their memory back.
func (h *handler) readPictures(c *call) (files []inference.Picture, release func(), err error) {
	header := c.r.Header.Get("Content-Type")
	kind, parameters, err := mime.ParseMediaType(header)
	if err != nil {
		return nil, nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type %.100q cannot be read: want multipart/form-data, image/… or application/json", header)
	}
	copies, parse := int64(1), func(body []byte) ([]inference.Picture, error) {
		return []inference.Picture{{Name: "image 1", Data: body}}, nil
	}
	switch {
	case kind == "multipart/form-data":
		copies, parse = picturesInForm, func(body []byte) ([]inference.Picture, error) {
			return formPictures(body, parameters["boundary"], h.options.MaxImages)
		}
	case kind == "application/json":
		copies, parse = picturesInJSON, func(body []byte) ([]inference.Picture, error) { return jsonPictures(body, h.options.MaxImages) }
	case !strings.HasPrefix(kind, "image/") && kind != "application/octet-stream":
		return nil, nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type is %.100q: want multipart/form-data, image/… or application/json", kind)
	}
	body, err := h.readBody(c, 0, copies)
	if err != nil {
		return nil, nil, err
	}
	if files, err = parse(body.data); err != nil {
		body.release()
		return nil, nil, asBad(err)
	}
	return files, body.release, nil
}

// asBad is bad for an error that may be nil, or have a status already.
func asBad(err error) error {
	var status *inference.StatusError
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
func formPictures(body []byte, boundary string, most int) (files []inference.Picture, err error) {
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
		files = append(files, inference.Picture{Name: name, Data: data})
	}
	if len(files) == 0 {
		return nil, errors.New("the form has no field image")
	}
	return files, nil
}

// jsonPictures returns the pictures in {"image": base64} or {"images": [base64, …]}. They
// may be data URLs.
func jsonPictures(body []byte, most int) (files []inference.Picture, err error) {
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
		files = append(files, inference.Picture{Name: fmt.Sprintf("image %d", i+1), Data: data})
	}
	if len(files) == 0 {
		return nil, errors.New(`the message has no picture: want {"image": base64} or {"images": [base64, …]}`)
	}
	return files, nil
}

package inference

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/serve/internal/protocol"
	"github.com/strideml/stride/serve/internal/repository"
)

// A Picture is a picture file as a client sends it.
type Picture struct {
	Name string // the client's, or "image 1"
	Data []byte
}

// Decode makes the input of a request's pictures: all pictures that clients send are
// decoded here. No more are decoded at once than there are threads.
func (s *Service) Decode(ctx context.Context, c *Call, v *repository.Version, files []Picture) ([]float32, []preprocess.Source, error) {
	c.Decode = time.Now()
	defer func() { c.Decoded = time.Since(c.Decode) }()
	if len(files) == 0 {
		return nil, nil, Refuse(http.StatusBadRequest, "the request has no picture")
	}
	var err error
	if c.Samples, err = s.countSamples(int64(len(files))); err != nil {
		return nil, nil, err
	}
	size := v.Input.Size()
	values, err := s.newInput(ctx, c, len(files)*size)
	if err != nil {
		return nil, nil, err
	}
	pictures := make([]preprocess.Source, len(files))
	for i, f := range files {
		if pictures[i], err = s.decodeOne(ctx, v, f, values[i*size:][:size]); err != nil {
			return nil, nil, err
		}
	}
	return values, pictures, nil
}

// decodeOne decodes a picture in its turn.
func (s *Service) decodeOne(ctx context.Context, v *repository.Version, f Picture, values []float32) (preprocess.Source, error) {
	select {
	case s.decode <- struct{}{}:
	case <-ctx.Done():
		return preprocess.Source{}, context.Cause(ctx)
	}
	defer func() { <-s.decode }()
	source, err := v.Model.Preprocessing.Input(values, f.Data, f.Name, imagefile.Options{MaxPixels: s.options.MaxPixels})
	if err != nil {
		return preprocess.Source{}, Bad(err)
	}
	return source, nil
}

// inputPictures makes the input of a tensor of BYTES whose elements are picture files.
func (s *Service) inputPictures(ctx context.Context, c *Call, v *repository.Version, x *protocol.Tensor) ([]float32, error) {
	if len(x.Shape) == 0 || len(x.Shape) > 2 || len(x.Shape) == 2 && x.Shape[1] != 1 {
		return nil, Refuse(http.StatusBadRequest, "the input %q has the shape %v: want [N] or [N, 1] for N picture files", x.Name, []int64(x.Shape))
	}
	if _, err := s.countSamples(x.Shape[0]); err != nil {
		return nil, err
	}
	elements, err := x.Strings()
	if err != nil {
		return nil, Bad(err)
	}
	var files []Picture
	for i, data := range elements {
		files = append(files, Picture{fmt.Sprintf("image %d", i+1), data})
	}
	values, _, err := s.Decode(ctx, c, v, files)
	return values, err
}

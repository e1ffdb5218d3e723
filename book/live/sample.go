package live

import (
	"context"
	"errors"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist/sample"
)

// A sampleFile is a file of the sample, fetched once.
type sampleFile struct {
	turn   chan struct{} // held by the call that fetches it
	images *data.Images
}

// images returns the images of train.bin or test.bin.
func (s *Session) images(ctx context.Context, name string) (*data.Images, error) {
	s.mu.Lock()
	f := s.files[name]
	if f == nil {
		f = &sampleFile{turn: make(chan struct{}, 1)}
		s.files[name] = f
	}
	s.mu.Unlock()
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if f.images != nil {
		return f.images, nil
	}
	if s.host.Fetch == nil {
		return nil, errors.New("there is nothing that fetches the sample")
	}
	packed, err := s.host.Fetch(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("fetch the sample: %w", err)
	}
	images, err := sample.Decode(packed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.images = images
	return images, nil
}

// The files of the sample.
const (
	trainFile = "train.bin"
	testFile  = "test.bin"
)

// SamplePicturesArgs are the arguments of SamplePictures.
type SamplePicturesArgs struct {
	First int `json:"first"`
	Count int `json:"count"`
	Label int `json:"label"`
}

// SamplePicturesResult is the result of SamplePictures.
type SamplePicturesResult struct {
	Pictures []SamplePicture `json:"pictures"`
}

// A SamplePicture is an image of the test sample.
type SamplePicture struct {
	Index int   `json:"index"`
	Label int   `json:"label"`
	Image Array `json:"image"`
}

var defaultSamplePictures = SamplePicturesArgs{Count: 10, Label: -1}

// SamplePictures returns pictures of the test sample from an index on.
func (s *Session) SamplePictures(ctx context.Context, args SamplePicturesArgs, _ func(any)) (r SamplePicturesResult, err error) {
	images, err := s.images(ctx, testFile)
	if err != nil {
		return r, err
	}
	for _, check := range []error{
		within("first", args.First, 0, images.Len()-1), within("count", args.Count, 1, 1000), within("label", args.Label, -1, 9),
	} {
		if check != nil {
			return r, check
		}
	}
	for i := args.First; i < images.Len() && len(r.Pictures) < args.Count; i++ {
		if args.Label >= 0 && images.Label(i) != args.Label {
			continue
		}
		picture, err := read(images, i)
		if err != nil {
			return r, err
		}
		r.Pictures = append(r.Pictures, picture)
	}
	return r, nil
}

// read returns an image of a dataset of images 1×H×W.
func read(d data.Dataset, i int) (SamplePicture, error) {
	shape := d.ImageShape()
	p := SamplePicture{Index: i, Image: Array{shape[1:], make([]float32, shape.Size())}}
	var err error
	p.Label, err = d.Read(i, p.Image.Data)
	return p, err
}

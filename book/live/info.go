package live

import (
	"runtime"

	"github.com/strideml/stride/data/fashionmnist/sample"
	"github.com/strideml/stride/zoo"
)

// InfoArgs are the arguments of Info: none.
type InfoArgs struct{}

// InfoResult is the result of Info.
type InfoResult struct {
	Functions     []string      `json:"functions"`
	Networks      []NetworkInfo `json:"networks"`
	Classes       []string      `json:"classes"`
	Layers        []string      `json:"layers"`
	Augmentations []string      `json:"augmentations"`
	Kernels       string        `json:"kernels"`
	Version       string        `json:"version"`
}

// NetworkInfo names a network of package zoo.
type NetworkInfo struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Input []int  `json:"input"`
}

// Info says what this build has.
func (s *Session) Info(InfoArgs) (r InfoResult, err error) {
	for _, f := range Functions() {
		r.Functions = append(r.Functions, f.Name)
	}
	for _, name := range zoo.Names() {
		spec, err := zoo.Get(name)
		if err != nil {
			return r, err
		}
		r.Networks = append(r.Networks, NetworkInfo{spec.Name, spec.Title, spec.Input})
	}
	r.Classes, r.Layers, r.Augmentations = sample.Classes(), layerNames(), augmentationNames()
	r.Kernels = s.fast.Description()
	r.Version = runtime.Version()
	return r, nil
}

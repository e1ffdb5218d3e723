package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/sniff"
)

// indexSuffix is how the names of indices end, such as model.safetensors.index.json.
const indexSuffix = ".safetensors.index.json"

const (
	maxIndex  = 64 << 20 // bytes
	maxShards = 10_000
)

// openIndex opens the files of an index, which Hugging Face's libraries write for models
// of many gigabytes: {"metadata": …, "weight_map": {"name of a tensor": "file"}}.
func openIndex(path string) (r *Reader, err error) {
	wrap := func(err error) error { return fmt.Errorf("safetensors: open %s: %w", path, err) }
	shards, err := readIndex(path)
	if err != nil {
		return nil, wrap(err)
	}
	// Files are opened within the folder, whatever links there are in it.
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, wrap(err)
	}
	defer root.Close()
	all := &Reader{byName: map[string]*Tensor{}}
	defer func() {
		if err != nil {
			_ = all.Close() // the error says more
		}
	}()
	names := make([]string, 0, len(shards))
	for name := range shards {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if err := checkRegular(root.Stat(name)); err != nil {
			return nil, wrap(fmt.Errorf("%s: %w", name, err))
		}
		f, err := root.Open(name)
		if err != nil {
			return nil, wrap(err)
		}
		shard, err := openFile(f, join(path, name))
		if err != nil {
			f.Close()
			return nil, wrap(fmt.Errorf("%s: %w", name, err))
		}
		all.closers = append(all.closers, shard.closers...)
		if i == 0 {
			all.Metadata = shard.Metadata
		}
		if err := all.add(shard, name, shards[name]); err != nil {
			return nil, wrap(err)
		}
	}
	return all, nil
}

// add adds the tensors of a file, which must be those that the index expects there.
func (r *Reader) add(shard *Reader, name string, expected map[string]bool) error {
	for _, t := range shard.Tensors {
		if !expected[t.Name] {
			return fmt.Errorf("%s has tensor %.200q, which the index does not expect there", name, t.Name)
		}
		r.Tensors, r.byName[t.Name] = append(r.Tensors, t), t
	}
	if len(shard.Tensors) < len(expected) {
		for t := range expected {
			if shard.byName[t] == nil {
				return fmt.Errorf("%s lacks tensor %.200q, which the index expects there", name, t)
			}
		}
	}
	return nil
}

// readIndex returns the names of the tensors that each file of an index has.
func readIndex(path string) (map[string]map[string]bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxIndex:
		return nil, fmt.Errorf("the index has more than %d bytes", maxIndex)
	}
	shards, err := parseIndex(text)
	if err != nil {
		if what := sniff.Describe(text); what != "" {
			return nil, fmt.Errorf("not an index of model files: it is %s", what)
		}
		return nil, err
	}
	return shards, nil
}

// parseIndex reads the JSON of an index.
func parseIndex(text []byte) (map[string]map[string]bool, error) {
	var index struct {
		WeightMap json.RawMessage `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("damaged index: %w", err)
	}
	if index.WeightMap == nil {
		return nil, errors.New(`not an index of model files: it has no "weight_map"`)
	}
	// Token by token, since decoding into a map would hide names that are there twice.
	p := newHeaderParser(index.WeightMap)
	shards, seen := map[string]map[string]bool{}, map[string]bool{}
	err := p.object(func(name string) error {
		if seen[name] {
			return fmt.Errorf("tensor %.200q is there twice", name)
		}
		seen[name] = true
		file, err := p.str()
		if err != nil {
			return err
		}
		if shards[file] == nil {
			if err := checkShard(file); err != nil {
				return err
			}
			if len(shards) == maxShards {
				return fmt.Errorf("more than %d files", maxShards)
			}
			shards[file] = map[string]bool{}
		}
		shards[file][name] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("damaged index: weight_map: %w", err)
	}
	return shards, nil
}

// checkShard refuses names that may lead out of the folder of the index, on any system.
func checkShard(name string) error {
	if name == "" || !filepath.IsLocal(name) || strings.ContainsAny(name, "/\\:\x00") || name == "." {
		return fmt.Errorf("%.200q is not the name of a file in the folder of the index", name)
	}
	if !strings.HasSuffix(strings.ToLower(name), ".safetensors") {
		return fmt.Errorf("%.200q is not a safetensors file", name)
	}
	return nil
}

package xla

import (
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A record is the value of a variable on the devices. It belongs to the tensor that the
// variable had as its value when the record was made.
type record struct {
	name   string
	value  *tensor.Tensor
	source *tensor.Source
	meter  *meter

	mu    sync.Mutex // guards what follows
	array array      // nil if only the host has the value
	// version is the variable's when the array had its value, and host its version
	// when the memory of the tensor had.
	version, host uint64
	// epoch counts how often the array was replaced by other means than an assignment, so that
	// the failure of an older run is known as such.
	epoch uint64
	lost  error // why neither has the value
}

// fetch copies the value to the host: it is what value's source does.
func (r *record) fetch(into []float32) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return r.lost
	}
	if r.array == nil { // into has it
		return nil
	}
	done, err := r.array.get(into)
	if err == nil {
		err = done.Await()
	}
	if err != nil {
		return fmt.Errorf("xla: variable %q: %w", r.name, err)
	}
	r.meter.fromDevice(len(into))
	r.host = r.version
	return nil
}

// current returns the array if it has the value of the variable.
func (r *record) current(v *graph.Variable) (array, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version != v.Version() {
		return nil, nil
	}
	return r.array, r.lost
}

// replace gives the record a new array, which has the value that the host has.
func (r *record) replace(a array, version uint64) {
	r.mu.Lock()
	old := r.array
	r.array, r.version, r.host, r.lost = a, version, version, nil
	r.epoch++
	r.mu.Unlock()
	if old != nil {
		old.close()
	}
}

// assign gives the record the array that a run makes for it. It returns what fail needs.
func (r *record) assign(a array, v *graph.Variable) (before assignment) {
	r.mu.Lock()
	old := r.array
	before = assignment{r, r.epoch, r.host == r.version}
	v.Changed()
	r.array, r.version = a, v.Version()
	r.mu.Unlock()
	if old != nil {
		old.close()
	}
	r.value.Defer(r.source) // not while r is locked: fetch locks the other way round
	return before
}

// An assignment is what a record was before a run assigned to it.
type assignment struct {
	record *record
	epoch  uint64
	onHost bool // the host had the value
}

// fail says that the run failed with err.
func (before assignment) fail(v *graph.Variable, err error) {
	r := before.record
	r.mu.Lock()
	if r.epoch != before.epoch { // an earlier run had failed, or the value was set since
		r.mu.Unlock()
		return
	}
	old := r.array
	r.array = nil
	r.epoch++
	if before.onHost {
		v.Changed() // back
		r.version, r.host = v.Version(), v.Version()
	} else {
		r.lost = fmt.Errorf("the value of variable %q was lost when a run failed: set it again, from a checkpoint for example: %w", r.name, err)
	}
	r.mu.Unlock()
	if old != nil {
		old.close()
	}
}

// taken says that a run failed before it assigned anything. The array may be gone.
func (r *record) taken(v *graph.Variable, err error) {
	r.mu.Lock()
	gone := r.array != nil && r.array.deleted()
	before := assignment{r, r.epoch, r.host == r.version}
	r.mu.Unlock()
	if gone {
		before.fail(v, err)
	}
}

// records has a record for each variable that programs of a device have used.
type records struct {
	meter *meter
	mu    sync.Mutex
	all   map[weak.Pointer[graph.Variable]]*record
}

// of returns the record of a variable's value. last is the one that the caller used
// last, or nil.
func (s *records) of(last *record, v *graph.Variable) *record {
	if last != nil && last.value == v.Value {
		return last
	}
	key := weak.Make(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.all[key]
	if known && old.value == v.Value {
		return old
	}
	// A tensor that was the variable's value keeps its record while it needs it.
	r := &record{name: v.Name, value: v.Value, meter: s.meter}
	r.source = tensor.NewSource(r.fetch)
	if s.all == nil {
		s.all = map[weak.Pointer[graph.Variable]]*record{}
	}
	s.all[key] = r
	if !known {
		runtime.AddCleanup(v, s.forget, key)
	}
	return r
}

// forget drops the record of a variable that is gone. A tensor that outlives it and needs
// the array keeps it.
func (s *records) forget(key weak.Pointer[graph.Variable]) {
	s.mu.Lock()
	r := s.all[key]
	delete(s.all, key)
	s.mu.Unlock()
	r.mu.Lock()
	unused := r.host == r.version
	r.mu.Unlock()
	if unused {
		r.drop()
	}
}

// list returns all records.
func (s *records) list() []*record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*record
	for _, r := range s.all {
		list = append(list, r)
	}
	return list
}

// drop releases the array. The host must have the value.
func (r *record) drop() {
	r.mu.Lock()
	old := r.array
	r.array = nil
	r.mu.Unlock()
	if old != nil {
		old.close()
	}
}

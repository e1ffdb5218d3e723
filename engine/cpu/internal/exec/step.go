package exec

import (
	"github.com/strideml/stride/graph"
)

// A Step is one stage of a program: Tasks calls of Run, in any order and side by
// side. scratch is memory for the duration of the call.
type Step struct {
	// Name says what the step does, Node for which node of the graph. Algorithm
	// names the way that the main step of a convolution or product was chosen to
	// go, "" for all other steps.
	Name      string
	Node      *graph.Node
	Algorithm string

	Tasks   int
	Run     func(task int, scratch []float32)
	Scratch int // floats that Run needs

	// Reads and Writes are the buffers that the step uses. LateReads are those of
	// Reads that an epilogue reads after a part of the result has been written.
	Reads, Writes, LateReads []*Buffer
	// InPlace steps may write Writes[0] over any argument of the same size that
	// nobody needs afterwards: they read each element before they write the same
	// one. Overwrites is the only argument of which that is true, of other steps.
	InPlace    bool
	Overwrites *Buffer
	// Once is not nil for steps that need not run again while variables stay as
	// they are.
	Once *Once
}

// Once remembers of which versions of variables the result of a step was
// derived.
type Once struct {
	variables []*graph.Variable
	versions  []uint64
	valid     bool
}

// NewOnce returns nil, for steps that must run each time, if there are no
// variables.
func NewOnce(variables []*graph.Variable) *Once {
	if len(variables) == 0 {
		return nil
	}
	return &Once{variables: variables, versions: make([]uint64, len(variables))}
}

// upToDate reports whether the result is still valid.
func (o *Once) upToDate() bool {
	for i, v := range o.variables {
		if o.versions[i] != v.Version() {
			return false
		}
	}
	return o.valid
}

// fresh reports whether the result is still valid, and takes note of the current
// versions for the next time.
func (o *Once) fresh() bool {
	fresh := o.upToDate()
	for i, v := range o.variables {
		o.versions[i] = v.Version()
	}
	o.valid = true
	return fresh
}

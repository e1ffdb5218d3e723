package exec

import (
	"github.com/strideml/stride/graph"
)

// A Step is one stage of a program: Tasks calls of Run, in any order and in parallel.
// scratch is memory of at least Scratch floats, for the duration of the call.
type Step struct {
	// Name says what the step does, Node for which node of the graph. Algorithm is
	// the name of the algorithm if this is the main step of a convolution or matrix
	// product, otherwise "".
	Name      string
	Node      *graph.Node
	Algorithm string
	// Source is the node of another convolution that the step computes too, or nil.
	Source *graph.Node

	Tasks   int
	Run     func(task int, scratch []float32)
	Scratch int // floats that Run needs

	// Reads and Writes are the buffers that the step uses. LateReads are those of
	// Reads that an epilogue reads after a part of the result has been written.
	Reads, Writes, LateReads []*Buffer
	// InPlace steps may write Writes[0] over any argument of the same size that no
	// later step reads: they read each element before they write the same one. For
	// a step of which that is true for one argument only, Overwrites is that one.
	InPlace    bool
	Overwrites *Buffer
	// Finish, if it is not nil, is called after Run and returns what went wrong in it,
	// which ends the run of the program. If an earlier step has ended it, Finish is
	// called without Run: it waits for what steps have begun.
	Finish func() error
	// Once, if it is not nil, says when the step has to run again.
	Once *Once
	// Content, if it is not "", says what a step with Once writes to its only buffer: steps of
	// the same content, of any program, write the same.
	Content string
}

// Once has the variables that the result of a step depends on, and their versions when
// the step ran last. The step runs again only when one has changed.
type Once struct {
	variables []*graph.Variable
	versions  []uint64
	valid     bool
}

// NewOnce returns the Once of a step that has not run yet. Without variables it returns
// nil: the step runs each time.
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

// fresh reports whether the result is still valid. If it is not, the caller must run
// the step: fresh records the current versions as those of the result.
func (o *Once) fresh() bool {
	fresh := o.upToDate()
	for i, v := range o.variables {
		o.versions[i] = v.Version()
	}
	o.valid = true
	return fresh
}

package dist

// A Comm connects the ranks of a group. All ranks call the same methods in the same
// order with the same lengths; each call returns when the rank's part is done. It is
// not safe for concurrent use. Errors name the rank that failed, where that is known.
type Comm interface {
	// Rank is this process's number, from 0, and Size the number of ranks.
	Rank() int
	Size() int
	// Description says what it is, for people: the library, its version, the host.
	Description() string
	// AllReduce replaces data by the sum over all ranks, in the order of [Sum]: it
	// depends on Size alone. All ranks get the same bits.
	AllReduce(data []float32) error
	// AllGather stores what each rank sends, len(send) bytes, in recv, rank by rank;
	// recv has Size·len(send) bytes.
	AllGather(send, recv []byte) error
	// AllToAll sends part i of send to rank i and stores what rank i sent to this one
	// in part i of recv. Both have Size parts of equal length.
	AllToAll(send, recv []byte) error
	// Abort ends all ranks with an exit status, without waiting for them. It returns
	// if that is not possible.
	Abort(status int)
	// Close ends the rank's part. It waits for the others.
	Close() error
}

// Single returns the Comm of a single rank, which has nobody to speak to.
func Single() Comm { return single{} }

type single struct{}

func (single) Rank() int                         { return 0 }
func (single) Size() int                         { return 1 }
func (single) Description() string               { return "a single process" }
func (single) AllReduce([]float32) error         { return nil }
func (single) AllGather(send, recv []byte) error { copy(recv, send); return nil }
func (single) AllToAll(send, recv []byte) error  { copy(recv, send); return nil }
func (single) Abort(int)                         {}
func (single) Close() error                      { return nil }

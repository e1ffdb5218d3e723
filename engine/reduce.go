package engine

// A Reducer adds up tensors over the members of a group: processes that run the
// same program at the same time, each on its part of the data. graph.AllReduce is
// the operator for it; cpu.Options.Reducer is the one that a device uses.
//
// All members call AllReduce in the same order and with the same lengths. It is
// not safe for concurrent use.
type Reducer interface {
	// Size is the number of members, at least 1.
	Size() int
	// AllReduce begins to replace data by the sum over all members and returns
	// without waiting for it. The caller must leave data alone until wait, which is
	// called once, has returned. The order of the additions depends on nothing but
	// the number of members and len(data), and all members get the same bits. An
	// error of wait names the member that failed, where that is known; data is then
	// undefined.
	AllReduce(data []float32) (wait func() error)
}

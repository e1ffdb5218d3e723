// Package batch is the queue of a model's requests. Whatever waits when the model is free
// is computed together, as one batch ("dynamic batching").
//
// A request waits in a [Queue] until the engine has a lane for it. The oldest requests are
// then computed, as many as have at most Options.MaxBatch samples together and, if the engine has several
// lanes, as are their share of what waits. A request with more samples is computed by itself. If
// Options.MaxDelay is above 0, the queue first waits so long for a full batch. A request
// whose context ends leaves the queue; once it is in a batch, it is computed to the end. A
// full queue refuses requests at once.
package batch

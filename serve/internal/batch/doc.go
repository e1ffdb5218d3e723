// Package batch is the queue of a model's requests. Whatever waits when the model is free
// is computed together, as one batch ("dynamic batching").
//
// A request waits in a [Queue] until one of the queue's runners is free. The runner takes
// the oldest requests, as many as have at most Options.MaxBatch samples together; a request
// with more is computed by itself. If Options.MaxDelay is above 0, the runner first waits so
// long for a full batch. A request whose context ends leaves the queue; once a runner has
// taken it, it is computed to the end. A full queue refuses requests at once.
package batch

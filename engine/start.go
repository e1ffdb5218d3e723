package engine

import "github.com/strideml/stride/tensor"

// A Starter is a Program whose device works on its own while the caller does other
// things, such as preparing the next batch.
type Starter interface {
	// Start begins what Run does and returns as soon as the feeds may be used for
	// something else. wait, which is called once, returns when the outputs are
	// filled. Several runs may be under way, of this and of other programs of the
	// device: they happen in the order of Start, each with the variables as the one
	// before leaves them. wait may be called by another goroutine, while other runs are
	// started. An error of Start means that nothing was begun.
	Start(feeds Feeds, outputs []*tensor.Tensor) (wait func() error, err error)
}

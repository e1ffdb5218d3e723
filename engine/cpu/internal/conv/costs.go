package conv

// Costs by which plans are chosen and cut up. The unit is the time of a vector of
// eight multiply-adds in a direct sum; all were measured.
const (
	// Of cutting up a direct sum.
	trafficCost = 0.4    // of a float from the third-level cache, most of it hidden
	taskCost    = 1000.0 // of a task

	// Of an inverted bottleneck: the time of a task for some panels of channels is longer by this
	// share of it, divided by the number of panels.
	narrowCost = 0.1

	// Of Winograd's algorithm.
	transformCost = 8.0   // of a point of a tile for eight channels
	tileCost      = 300.0 // of a tile, whatever its channels
	productCost   = 1.05  // of eight products at a point
	streamCost    = 3.0   // of eight weights from the third-level cache
	keptCost      = 8.0   // of eight weights that are kept: from main memory, where those of all layers lie

	// Of gradients with respect to the weights, direct and by Winograd's algorithm.
	outerCost   = 1.2  // of eight multiply-adds in direct outer products
	sumCost     = 3.0  // of adding a turn's products to eight sums
	partialCost = 6.0  // of storing eight partial sums and of adding them up
	lastCost    = 10.0 // of transforming eight sums at a point to weights
)

// col2imCost is how many multiply-adds adding up one product costs.
const col2imCost = 8

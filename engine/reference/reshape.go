package reference

import "github.com/strideml/stride/graph"

func reshape(_ graph.ReshapeOp, y array, in []array) { copy(y.data, in[0].data) }

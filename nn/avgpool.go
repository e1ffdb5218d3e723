package nn

// AvgPool2D returns a layer that averages each k×k window. As in PyTorch the
// stride is k unless set otherwise, and padding counts as zeros.
func AvgPool2D(k int) *Pool2DLayer { return &Pool2DLayer{average: true, kernel: [2]int{k, k}} }

package nn

// MaxPool2D returns a layer that takes the maximum of each k×k window. As in
// PyTorch the stride is k unless set otherwise, and padding never wins.
func MaxPool2D(k int) *Pool2DLayer { return &Pool2DLayer{kernel: [2]int{k, k}} }

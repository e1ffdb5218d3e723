package fashionmnist

import "github.com/strideml/stride/data/internal/mnistfiles"

// datasetName is the name of the dataset in records.
const datasetName = "fashion-mnist"

// isFashionMNIST says that a set is Fashion-MNIST or begins with its images.
func isFashionMNIST(set *Set) bool { return mnistfiles.IsFashion(set.Train, set.Test) }

// Package classify says what a picture shows, with a trained model.
//
//	shirts, err := classify.Load("runs/shirts")
//	…
//	defer shirts.Close()
//	classes, err := shirts.PredictFile(ctx, "shirt.png", 3)
//	…
//	fmt.Println(classes[0].Name, classes[0].Probability)
//
// [Load] takes what package modelfolder takes: a run folder, a model folder, a
// model file, or the name of a network whose pretrained weights the program
// imports, as those of package weights/efficientnetlite0. A [Classifier] brings each picture to the network's input as the
// model says (package preprocess), computes the scores, and returns the most
// probable classes with their probabilities, softmax of the scores.
//
// # Concurrency
//
// A Classifier is safe for concurrent use and meant for it: one serves a whole
// program. It has as many threads as Options.CPU says. A call that is alone uses
// all of them for its picture. As soon as calls overlap, each computes on one
// thread, as many side by side as there are threads or Options.Parallel says,
// because a network that is divided among threads waits for the slowest of them
// after each layer. Calls beyond that wait, first come, first served; a call
// whose context ends stops waiting. When eight calls in a row have met no other,
// the last of them has all threads again.
//
// The probabilities of a picture are the same bits in all these cases, on one
// kind of processor: they depend on neither the number of threads, nor the other
// calls, nor whether the picture is one of a batch.
//
// # Memory
//
// The model's variables are there once, and the weights that the engine keeps
// packed in the order in which kernels read them are shared by all calls that
// compute side by side. Each of these has memory of its own for the values between
// layers. [Classifier.MemoryBytes] says how much it is by now. On
// two threads, with AVX-512, LeNet takes 0.6 MB for calls that are alone and
// 0.7 MB once calls have overlapped, variables included; ResNet-18 takes 107 and
// 126 MB at 1×96×96 pixels, 124 and 144 MB at 3×224×224, of which its variables
// are 47. Options.Parallel bounds it: with 1, the first of the two numbers is all.
// With Options.TakeWeights, and so with [Load], variables are released once they are
// packed, which are nearly all.
package classify

// Package train trains models and keeps runs on disk.
//
// [Fit] is the loop: it cuts the training set into shuffled batches, runs one
// program for each (forward pass, loss, gradients and update, all in one graph)
// and measures the test set after each epoch. [Evaluate] measures a model once,
// with a confusion matrix. The loss is cross-entropy with class labels, or any
// [Config.Loss] of targets of any shape; see data.Targeted. A [Minimizer] does the
// steps of a custom loop.
//
// With [Config.Dir] a run leaves a folder with its settings, the rows of its epochs,
// its weights and its state. Package train/runfolder says which files these are,
// and reads them back; package modelfolder makes the run's model.
//
// # Fine-tuning
//
// [Config] has what training from other weights takes: [Freeze] keeps layers as they
// are for some epochs, optim.Groups in Config.Optimizer gives layers learning rates of
// their own, optim.EMA averages the weights. Config.Best keeps the weights of the best
// epoch, [EarlyStop] and [Plateau] act on a [Metric] of the epochs so far. A batch that
// is too large for the memory is cut into several by Config.Accumulate.
//
//	train.Config{
//		Epochs: 9, BatchSize: 32, LearningRate: 3e-3,
//		Optimizer: optim.Groups{
//			Of:      optim.AdamW{WeightDecay: 0.01},
//			Depth:   optim.DepthRates{Params: model.Parameters(), From: 0.01, To: 0.1},
//			Rates:   []optim.LayerRate{{Layers: "classifier", Rate: 1}},
//			NoDecay: true,
//		},
//		Schedule:       optim.Warmup{Epochs: 0.5, Then: optim.Cosine{}},
//		Freeze:         []train.Freeze{{Except: []string{"classifier"}, Epochs: 1}},
//		LabelSmoothing: 0.1,
//		Best:           runfolder.TestAccuracy,
//		EarlyStop:      train.EarlyStop{Patience: 5},
//	}
//
// # What is measured
//
// Loss and accuracy on the training data are means over the images of the
// epoch, each taken in training mode just before its update, so that they lag
// behind the weights; test accuracy is measured after the epoch in Eval mode.
// Images per second are the images of training steps divided by the time in
// training steps: waiting for data and testing do not count.
//
// # Devices that work on their own
//
// A device whose programs are engine.Starter gets the next batch before the loss of the
// one before is read, so that it does not wait while the host prepares images and reports.
// The results have the same bits. A loss that is not finite is found while the next step is
// done; nothing of either step is saved. When the context ends, a step that has been
// started is finished first.
//
// # Interruptions
//
// When the context ends, Fit finishes the step, writes a checkpoint and
// returns [ErrInterrupted]. A run that was interrupted, or killed at any
// point, continues with [Config.Resume] and ends with weights that are equal
// bit for bit to those of a run that was not, on the same device and
// instruction set; a network with dropout must be made with the same seed.
//
// Training stops with an error that wraps [ErrDiverged] when a loss or a
// weight is no longer finite. The last checkpoint is kept. The step is then run
// once more with the weights that it began with, to say in the error which
// layer's output or gradient was the first that is not finite; networks of more
// than a million parameters keep these weights only where trouble is likely, so
// there the error may not say. Package train/diagnose does that for other loops.
//
// An epoch whose loss and accuracy are those of chance is no error, but there
// is a line for [Config.Log] and a Warning in [EpochInfo]. Package
// train/diagnose counts units that no image of a batch gets past a ReLU.
//
// A run folder is for one process at a time; nothing guards against two.
package train

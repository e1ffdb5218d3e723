// Package observe keeps what one wants to see of a training in its run folder: curves by
// step, and after each epoch the confusion matrix, the worst mistakes and the
// predictions for eight chosen images of the test set, the distributions of weights and
// gradients, and the ReLU units that are dead. Package train/live shows it.
//
//	recorder, err := observe.Attach(&config, model, trainSet, testSet, observe.Options{})
//	…
//	history, err := train.Fit(ctx, model, trainSet, testSet, config)
//	err = errors.Join(err, recorder.Close())
//
// # Files
//
// They are in the folder observations of the run folder:
//
//	steps.json        loss, accuracy, learning rate and speed of steps: a Steps
//	epoch-N.json      what the test after epoch N has shown: an Epoch
//	probe-N.json      weights, gradients and dead units after epoch N: a Probe
//	chosen.json       images of the test set with predictions in each epoch: []Image
//
// Each is replaced whole. There are at most 64 files of epochs and as many of probes: of
// more, some are removed, so that those that stay are evenly spread. Steps has at most
// 2,048 points; of more, two are merged into one. So the folder has at most some
// megabytes, however long the training is.
//
// Readers take no lock and change nothing. A file that is damaged is an error of its own.
//
// # What it costs
//
// The weights are the same bit for bit with and without a Recorder: it reads them between
// epochs, and computes with copies of images, in programs of its own. What the test shows
// is there anyway. A probe is made after the first and the last epoch, and else only while all
// observation together has taken at most Options.Share of the time of the training, 2 %.
// Files are written by another goroutine; if the disk is so slow that eight wait to be written, the
// next ones are left out.
package observe

// Package tensorboard writes event files, which TensorBoard shows.
//
// [Attach] makes a training write its curves into its run folder:
//
//	stop := tensorboard.Attach(&config, tensorboard.Options{})
//	defer stop()
//	history, err := train.Fit(ctx, model, trainSet, testSet, config)
//
// and "tensorboard --logdir runs" draws them, a line for each run. A [Writer] is for
// other values: scalars, pictures and texts.
//
// # Format
//
// An event file is a sequence of TFRecords, each a message of TensorFlow's
// event.proto with checksums. Writing them needs neither TensorFlow nor a library for
// protocol buffers. testdata has bytes that TensorBoard 2.21 itself has written, and a
// check that it reads what this package writes.
//
// A process that is killed leaves at most the last record incomplete, which
// TensorBoard skips. A run that is resumed goes on in a new file; what the first one
// has of steps that are done again is told to be void.
package tensorboard

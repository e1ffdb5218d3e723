// Package runfolder reads and writes the folder that a training leaves.
//
//	config.json        settings: network, data, hyper-parameters
//	metrics.csv        one row an epoch: epoch, train_loss, train_accuracy,
//	                   test_accuracy, images_per_second, seconds, test_loss
//	metrics.jsonl      the same as JSON objects
//	model.safetensors  the weights
//	log.txt            what happened when
//	state.json         where training stands, and the checkpoint that it names
//
// [Read] reads a run, also while it is being trained; package modelfolder makes
// its model. [ReadSettings] reads config.json alone.
//
// Package train writes the folder, as a [Folder]: [Create] or [Reopen], then Save
// at each [Position] and WriteMetrics. Files are replaced whole; a checkpoint stays
// until the next one, and the state that names it, are on disk. A run that is
// killed at any point can therefore be resumed.
//
// A run folder is for one process at a time; nothing guards against two.
package runfolder

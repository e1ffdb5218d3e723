// Package runfolder reads and writes the folder that a training leaves.
//
//	config.json        settings: network, data, hyper-parameters
//	metrics.csv        one row an epoch: epoch, train_loss, train_accuracy,
//	                   test_accuracy, images_per_second, seconds, test_loss
//	metrics.jsonl      the same as JSON objects
//	model.safetensors  the weights
//	best.safetensors   those of the best epoch, if one is chosen
//	log.txt            what happened when
//	state.json         where training stands, and the checkpoint that it names
//
// Others add files: curves.png and curves.svg (train/curves), event files
// (train/tensorboard), the folder observations (train/observe), and at the end of stride train the folder model, which stands
// alone (modelfolder.SaveRun).
//
// [Read] reads a run, also while it is being trained; package modelfolder makes
// its model. [Peek] reads no weights, and [ReadSettings] config.json alone.
//
// Package train writes the folder, as a [Folder]: [Create] or [Reopen], then Save
// at each [Position] and WriteMetrics. Files are replaced whole; a checkpoint stays
// until the next one, and the state that names it, are on disk. A run that is
// killed at any point can therefore be resumed.
//
// With a moving average of the weights (optim.EMA), model.safetensors, best.safetensors
// and the checkpoints hold the average. The state of the optimizer has the weights
// that training goes on with, under the names that the average has in memory:
// "0.weight.ema".
//
// # Two processes
//
// One process at a time writes a run folder: [Create] and [Reopen] lock it until
// Close. For another one they fail with [ErrInUse], which names the process that
// has the folder, and since when; [CheckFree] asks the same before any work is
// done. Reading needs no lock. The lock is one of the operating system (flock,
// LockFileEx) on the file .lock, so a process that is killed leaves no lock, even
// if it leaves the file. Between machines it holds if the file system says so, as
// NFS does. On file systems without locks, and under js and wasip1, nothing guards
// against two processes.
package runfolder

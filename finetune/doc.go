// Package finetune trains a pretrained network on a folder of photos.
//
// New puts together what train.Fit wants: the network with the weights of another
// one and a new last layer, the photos as datasets, augmented and as they are, and a
// configuration whose defaults do well on some hundred to some ten thousand photos.
//
//	sets, err := imagefolder.Open(ctx, "photos", imagefolder.Options{})
//	…
//	base, err := modelfolder.Load("efficientnet-lite0", modelfolder.Options{})
//	…
//	job, err := finetune.New(sets, finetune.Options{Base: base})
//	…
//	job.Config.Dir = "runs/photos"
//	history, err := train.Fit(ctx, job.Model, job.Train, job.Validation, job.Config)
//
// The program must import the package that has the weights, such as
// weights/efficientnetlite0, or Base must come from a file.
//
// # The recipe
//
// The last layer alone is trained for four epochs, then all layers for four, the first
// ones with a smaller learning rate than the last: AdamW, a cosine that begins with a
// warm-up, label smoothing, random resized crops, mirrors and changes of colour. The
// epoch with the best validation accuracy is kept. [Options] names each number; the measurements that
// settled them are in RATIONALE.md.
package finetune

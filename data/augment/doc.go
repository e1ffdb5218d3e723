// Package augment changes training images at random, so that a network sees
// each of them in many versions.
//
// A [Pipeline] is a list of transforms, applied in order. It is written in Go or
// as text, which [Parse] reads: "rcrop=0.35:1,hflip,randaugment", or one of the
// [Presets]. [Sheet] and [PhotoSheet] draw versions of some images, to look at.
//
//   - Windows and mirrors: [RandomResizedCrop], [RandomCrop],
//     [RandomHorizontalFlip], [RandomVerticalFlip]
//   - Moved pixels: [RandomRotation], [RandomAffine], [RandomPerspective]
//   - Colours: [ColorJitter], [RandomGrayscale], [GaussianBlur],
//     [RandomAppearance]
//   - One of many, drawn: [RandAugment], [TrivialAugmentWide]
//   - After mean and standard deviation: [RandomErasing]
//   - On batches with soft targets: [MixUp], [CutMix]
//   - [Normalize], which is not random
//
// # Images of a dataset
//
// [Pipeline.Hook] makes of a pipeline what a data.Loader calls for each image:
//
//	p, err := augment.Parse("hflip,crop=28:4,jitter=0.2")
//	…
//	hook, err := p.Hook(images.ImageShape())
//	…
//	loader, err := data.NewLoader(images, data.LoaderConfig{BatchSize: 256, Shuffle: true, Transform: hook})
//
// # Photos
//
// [Pipeline.Photos] makes of it what turns photos of any size into images of a
// network's input size, on 8-bit values, as imagefolder.Images.Augmented wants
// it. What remains for the loader, after mean and standard deviation, is
// [Pipeline.Rest]:
//
//	photos, err := p.Photos(config.InputSize, raster.Bicubic)
//	…
//	training := images.Augmented(photos.Draw)
//	hook, err := p.Rest().PerImage().Hook(config.InputSize)
//
// # Definitions
//
// What each transform computes, and the distribution of what it draws, is that of
// the class of the same name in torchvision.transforms; the random numbers
// themselves are others. [RandomAppearance] stands for six classes. On photos the
// bytes are those of torchvision with PIL images, for the same drawn numbers. On
// images of a dataset, which are float32, C×H×W, values 0..1, flips, crops, jitter
// and erasing compute what torchvision does with float tensors; all others round to
// bytes first and then do what they do with photos.
//
// Differences: the transforms that move pixels interpolate bilinearly unless
// [Look] says otherwise (torchvision's default is the nearest pixel for most), and
// an image stays as it is when the corners that RandomPerspective draws lie on a
// line. Colours have a meaning for one channel (grey: saturation and hue do
// nothing) and three (red, green, blue) only.
//
// # Shapes
//
// On images of a dataset a transform keeps the shape: a network needs one size, and
// a loader's memory is laid out for it. So the crops resize what they cut out back
// to the height and width that they were given, bilinearly and antialiased.
//
// # Random numbers
//
// All of them come from the generator that Apply is given. The loader names its
// stream by ("augment", seed, epoch, index of the image), so the versions do
// not depend on the number of workers, on the order of the images, or on an
// interruption.
//
// # Caveats
//
// Normalize is no augmentation: it must be applied to the test images, too.
// [Pipeline.Fixed] is the part of a pipeline that is for both. It comes last,
// since most transforms need values of 0..1. Apply does not check anything: call
// Pipeline.Check, or use Hook, which does.
package augment

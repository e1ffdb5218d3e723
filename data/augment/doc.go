// Package augment changes training images at random, so that a network sees
// each of them in many versions: the transforms of the chapter "Image
// Augmentation" of Dive into Deep Learning.
//
// A [Pipeline] is a list of transforms, applied in order: [RandomHorizontalFlip],
// [RandomVerticalFlip], [RandomCrop], [RandomResizedCrop], [ColorJitter] and
// [Normalize]. It is written in Go or as text, which [Parse] reads, and
// [Pipeline.Hook] makes of it what a data.Loader calls for each image:
//
//	p, err := augment.Parse("hflip,crop=28:4,jitter=0.2")
//	…
//	hook, err := p.Hook(images.ImageShape())
//	…
//	loader, err := data.NewLoader(images, data.LoaderConfig{BatchSize: 256, Shuffle: true, Transform: hook})
//
// [Sheet] draws versions of some images, to look at.
//
// # Definitions
//
// Images are float32, C×H×W, values 0..1. What each transform computes, and the
// distribution of what it draws, is that of the class of the same name in
// torchvision.transforms applied to float tensors; the random numbers
// themselves are others. Contrast, saturation and hue have a meaning for one
// channel (grey: saturation and hue do nothing) and three (red, green, blue)
// only.
//
// # Shapes
//
// A transform keeps the shape of the image: a network needs one size, and a
// loader's memory is laid out for it. So the crops resize what they cut out
// back to the height and width that they were given, bilinearly and
// antialiased. Where a bigger original should be cropped to a network's size,
// give the loader the dataset at that size (data.Images.Resize) and let
// RandomResizedCrop cut a share of its area.
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
// since jitter needs values of 0..1. Apply does not check anything: call
// Pipeline.Check, or use Hook, which does.
package augment

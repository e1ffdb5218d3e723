// Package live has the functions that the pages of the book call: the library
// computes in the reader's browser. It is plain Go; package book/wasm exposes it
// to JavaScript, and book/site/assets/live/live.js is what a page imports:
//
//	import { connect } from "./live/live.js";
//	const library = connect();                    // nothing is loaded yet
//	const result = await library.call("crossCorrelate",
//		{ x: [[0, 1, 2], [3, 4, 5], [6, 7, 8]], kernel: [[0, 1], [2, 3]] });
//	result.output                                 // { shape: [1, 2, 2], data: Float32Array [19, 25, 37, 43] }
//
//	const abort = new AbortController();
//	await library.call("trainLeNet", { epochs: 3 }, { signal: abort.signal, onEvent: e => … });
//
// The first call starts a Web Worker, which loads book.wasm once; the page stays
// responsive while it computes. [Session] has the functions as methods for Go, and
// [Functions] is the table that book/wasm looks names up in.
//
// # Values
//
// Arguments and results are objects. All arguments are optional unless the table
// says otherwise; one that is left out has its default, and one that does not exist
// is an error that names the nearest. An Array is
//
//	{ shape: [C, H, W], data: Float32Array }
//
// row by row; as an argument it may also be nested lists of numbers. A Pair, such as
// a stride, is a number or [vertical, horizontal]. A Picture is
//
//	{ width, height, rgba: Uint8Array }
//
// as ImageData has it. Layers are described by LayerSpec, see describe. Typed
// arrays of results are moved, not copied, and belong to the page. NaN stands for a
// number that there is not, such as the accuracy before the first test.
//
// # Errors, events, and stopping
//
// A call returns a Promise. It is rejected with an Error whose message is a
// sentence, such as "crossCorrelate: Conv2D 5×5 …: input 1×3×3 is smaller than the
// kernel", or, if its signal is aborted, with the signal's reason: an AbortError. A
// long function tells onEvent of its progress; stops between two steps, at most some
// tenths of a second after the signal; and lets other calls in between, so that
// describe answers while trainLeNet runs. Two long calls take turns.
//
// # Functions
//
// The right column says what they take at least on one thread of a browser; the
// types of arguments and results are in the file of the same name.
//
//	info            what this build has: names of functions, networks, classes           at once
//	crossCorrelate  a picture with kernels, with partial sums and the window's products   at once
//	pool            maximum and average pooling of a picture                              at once
//	learnKernel     gradient descent for the kernel of an edge detector                   at once
//	trainLeNet      LeNet on the sample of Fashion-MNIST, with events for curves          half a minute
//	predictDrawing  classes and feature maps of a drawing                                 at once
//	samplePictures  pictures of the test sample                                           at once
//	describe        shapes, parameters, multiply-adds, receptive field of each layer      at once
//	receptiveField  what a unit sees: rectangle and gradient                              at once
//	compareTraining two small networks side by side: batch norm or shortcuts              a minute
//	augment         a contact sheet of random versions of a picture                       at once
//	growth          DenseNet's channels, parameters and memory by growth rate             a second
//	machine         the speed of direct sums and Winograd's algorithm                     some seconds
//
// # info
//
//	arguments  none
//	result     { functions: [name], networks: [{ name, title, input: [C, H, W] }], classes: [name],
//	             layers: [kind], augmentations: [name], kernels: "generic kernels, 1 thread", version: "go1.26" }
//
// classes are Fashion-MNIST's in English, by label; a page that is in Chinese has its own.
//
// # crossCorrelate
//
//	arguments  x         Array H×W or C×H×W, needed
//	           kernel    Array h×w, C×h×w or O×C×h×w, needed
//	           stride    Pair, 1
//	           padding   Pair, 0: zeros on each side
//	           dilation  Pair, 1
//	           at        [i, j], [0, 0]: the output position whose window is shown
//	           channel   number, 0: the output channel of that position
//	result     output    Array O×H'×W'
//	           partial   Array O×C×H'×W': the part of each input channel, whose sum over C is output
//	           window    { top, left: the input position of the first tap, negative in the padding;
//	                       rows: [y], columns: [x]: the input positions of the taps;
//	                       values, kernel, products: Array C×h×w (0 in the padding); sums: Float32Array C; sum }
//	           sides     [{ input, kernel, stride, padding, dilation, output }] vertical, horizontal:
//	                       output = ⌊(input + 2·padding − dilation·(kernel−1) − 1)/stride⌋ + 1
//
// Values are sums of products in float32 without Winograd's algorithm, so that whole
// numbers up to 2²⁴ are exact.
//
// # pool
//
//	arguments  x        Array H×W or C×H×W, needed
//	           kernel   Pair, 2
//	           stride   Pair, that of the kernel
//	           padding  Pair, 0: at most half of the kernel
//	           at       [i, j], [0, 0]: the output position whose window is shown
//	result     max, avg  Array C×H'×W'; padding counts as 0 in averages and never is a maximum
//	           window    { rows: [y], columns: [x]: the input positions; values: Array C×h×w (0 in the padding);
//	                       max, avg: Float32Array C }
//	           sides     as for crossCorrelate
//
// # learnKernel
//
//	arguments  x             Array H×W; 6×8, 1 with a band of four zeros in the middle
//	           target        Array; the cross-correlation of x with kernel
//	           kernel        Array h×w; [[1, −1]]: what is to be learnt
//	           size          [h, w]; that of kernel
//	           steps         number, 10
//	           learningRate  number, 0.03
//	           seed          number, 0: of the first kernel, drawn from −1/√(h·w) to 1/√(h·w)
//	event      { step: from 1, loss: before the step, kernel: Array after it }
//	result     { losses: Float32Array, kernel: Array, output: Array with that kernel, target: Array }
//
// The loss is the sum of the squared differences, and a step subtracts learningRate
// times the gradient, as in the book. A step whose loss is not finite is an error that says so.
//
// # trainLeNet
//
//	arguments  activation    "sigmoid"; "tanh", "relu"
//	           pooling       "avg"; "max"
//	           kernels       [k1, k2], [5, 5]: sides of the two kernels, odd; the first is padded by ⌊k1/2⌋
//	           channels      [c1, c2], [6, 16]
//	           hidden        [h1, h2], [120, 84]
//	           batchNorm     false; true for batch normalization before each activation
//	           optimizer     "adam"; "sgd", "momentum" (0.9)
//	           learningRate  number, 0; 0 chooses one for the options above
//	           batchSize     number, 16
//	           epochs        number, 5
//	           images        number, 6000: training images, at most 10,000
//	           testImages    number, 1000: at most 2,000
//	           seed          number, 0
//	event      { type: "start", parameters, images, testImages, epochs, batches: in an epoch, learningRate }
//	           { type: "step", epoch, epochs, batch, batches: from 1; at: epochs done as a fraction; loss, accuracy: means
//	             of the epoch so far; batchLoss, imagesPerSecond, secondsLeft }
//	           { type: "epoch", epoch, epochs, loss, trainAccuracy, testLoss, testAccuracy, imagesPerSecond, seconds,
//	             secondsLeft, confusion: Array 10×10 (row: label, column: prediction),
//	             examples: [{ index, label, prediction, probability, image: Array 28×28 }] }
//	result     { testAccuracy, trainAccuracy, loss, epochs, seconds, imagesPerSecond, parameters, classes }
//
// With the defaults the test accuracy is about 0.8 after 30,000 images, which take half
// a minute on one thread of a computer of today. With "sgd", LeNet with sigmoids learns
// nothing in the first epochs, as in the book. The sample (train.bin and test.bin) is
// fetched with the first call that needs it. The network stays in the worker for
// predictDrawing, also when the call is stopped. Step events come at most ten times a
// second.
//
// # predictDrawing
//
//	arguments  image    Array 28×28, 0 (black) to 1 (white), needed: white on black, as Fashion-MNIST
//	           network  "auto": the trained one if there is one, otherwise the pretrained one; or "trained", "pretrained"
//	           fit      false: true moves and scales what is drawn so that it fills the picture as those of
//	                    Fashion-MNIST do
//	result     { network: "trained" or "pretrained", image: Array 28×28 as the network saw it,
//	             probabilities: Float32Array 10, prediction: class,
//	             layers: [{ name, kind, output: Array C×H×W or N }],
//	             kernels: Array O×1×h×w of the first convolution }
//
// # samplePictures
//
//	arguments  first  number, 0: index in the test sample
//	           count  number, 10
//	           label  −1; 0 to 9: only pictures of this class
//	result     { pictures: [{ index, label, image: Array 28×28 }] }
//
// # describe
//
//	arguments  layers   list of layers, or
//	           network  a name of info's networks
//	           input    [C, H, W]; that of the network, needed with layers
//	           batch    number, 1
//	result     { input: [C, H, W], output: [...], parameters, multiplyAdds, activationBytes, parameterBytes,
//	             layers: [{ path, index, block, kind, output: [...] without the batch, parameters, multiplyAdds: for an image,
//	             receptiveField: 0 where it has no meaning, bytes: of the output for the batch, operator }] }
//
// index is that of the entry in the list of layers that the row belongs to, and block its
// kind; operator marks an operator that a block adds by itself, such as the addition of a shortcut. No weights are made, so that VGG
// takes no longer than LeNet. A layer is { kind, … }:
//
//	conv        channels, kernel (Pair), stride (1), padding (0), dilation (1), groups (1), bias (true)
//	maxPool     kernel (2), stride (kernel), padding (0)
//	avgPool     kernel (2), stride (kernel), padding (0)
//	globalAvgPool
//	linear      units
//	flatten, relu, sigmoid, tanh, batchNorm
//	dropout     p (0.5)
//	vggBlock    convolutions, channels
//	ninBlock    channels, kernel, stride (1), padding (0)
//	inception   c1, c2: [reduce, 3×3], c3: [reduce, 5×5], c4
//	residual    channels, stride (1), use1x1 (false; true with a stride)
//	denseBlock  convolutions, growth
//	transition  channels
//
// # receptiveField
//
//	arguments  layers, network, input  as for describe
//	           layer    name or "": the last layer with maps
//	           y, x     numbers; −1 is the middle
//	           channel  number, 0
//	           image    Array C×H×W or H×W; the default is noise of the seed
//	           seed     number, 0: of the weights, too
//	result     { layer, y, x, channel, box: { top, left, bottom, right }: pixels of the input, bottom and right excluded,
//	             unclipped: the same as if the input had no border, global: depends on all pixels,
//	             gradient: Array C×H×W: ∂unit/∂input, heat: Array H×W: its greatest absolute value over C, 0 to 1,
//	             activation, layers: [{ name, kind, output: [C, H, W] }] that may be named }
//
// # compareTraining
//
//	arguments  what          "batchNorm" or "shortcuts", "batchNorm"
//	           depth         number, 10: convolutions 3×3; two have a stride of 2
//	           channels      number, 8
//	           activation    "sigmoid" for batchNorm, "relu" for shortcuts
//	           images        number, 4000: of the training sample
//	           batchSize     number, 32
//	           steps         number, 120
//	           learningRate  number, 0.1: of plain SGD
//	           every         number, 4: steps between two events
//	           seed          number, 0
//	event      { type: "start", networks: [{ name, parameters, layers: [name] }, …] without, with }
//	           { type: "step", step, steps, imagesPerSecond, secondsLeft, networks: [{ loss: mean since the last event, accuracy,
//	             layers: [{ mean, deviation, quantiles: Float32Array 0, 5, 25, 50, 75, 95, 100 % of the activations,
//	             histogram: Float32Array 32 shares, low, high: its range, gradientNorm: ‖∂loss/∂weights‖ }] }, …] }
//	result     { networks: [{ name, parameters, loss, accuracy, testAccuracy }, …], seconds, imagesPerSecond }
//
// Activations are a convolution's values before the nonlinearity, after the batch
// normalization if there is one. The shortcuts lead around two convolutions each.
// After 120 steps the networks without are at chance, those with at about 0.7.
//
// # augment
//
//	arguments  picture   Picture, or
//	           index     number, 0: picture of the test sample
//	           pipeline  text as [augment.Parse] reads it, such as "hflip,rotate=15,jitter=0.4", or
//	           list      [{ name: "rotate", strength: 0 to 1 }], with the names hflip, vflip, rotate, crop, shear, shift, zoom,
//	                     brightness, contrast, saturation, hue, blur, erase
//	           count     number, 15: versions
//	           columns   number, 4
//	           scale     number, 0; 0 makes small pictures larger
//	           seed      number, 0
//	result     { picture: Picture: the sheet, the picture itself first, pipeline: text }
//
// # growth
//
//	arguments  growths       list of numbers, [4, 8, 16, 32, 48]
//	           convolutions  number, 4: of each block
//	           blocks        number, 4
//	           channels      number, 64: of the first convolution
//	           input         [C, H, W], [1, 96, 96]
//	           batch         number, 16
//	result     { rows: [{ growth, channels: [after each block and transition], places: [name], parameters, multiplyAdds,
//	             activationBytes, trainingBytes: of a training step of the cpu engine }] }
//
// # machine
//
//	arguments  channels  number, 32
//	           side      number, 28
//	           kernel    number, 3
//	           batch     number, 1
//	           seconds   number, 0.5: how long each algorithm is measured
//	event      a row of the result
//	result     { engine: "…", rows: [{ algorithm, engine: "cpu" or "reference", milliseconds, gflops, error: greatest
//	             difference to the reference engine, relative to its greatest value }] }
package live

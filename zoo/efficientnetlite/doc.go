// Package efficientnetlite holds EfficientNet-Lite0 to Lite4 (Google 2020), the
// EfficientNets (Tan & Le 2019) for small devices: without squeeze-and-excitation,
// with ReLU6, and with a stem and a head of one size. Importing it registers them
// with package zoo as "efficientnet-lite0" to "efficientnet-lite4"; [New] makes
// them for other numbers of classes.
//
// Parameters have the names of timm's tf_efficientnet_lite0 to
// tf_efficientnet_lite4, so that the Hugging Face hub's files load as they are.
// Files with the names of the PyTorch package efficientnet-lite-pytorch
// (_conv_stem.weight, _blocks.3._bn1.bias) load, too. Package
// weights/efficientnetlite0 has the ImageNet weights of Lite0.
//
//	                   Lite0    Lite1    Lite2    Lite3    Lite4
//	input              224      240      260      300      380
//	width, depth       1, 1     1, 1.1   1.1, 1.2 1.2, 1.4 1.4, 1.8
//	dropout            0.2      0.2      0.3      0.3      0.3
//	parameters         4.65 M   5.42 M   6.09 M   8.20 M   13.0 M
//	resized to (side)  256      272      292      331      413
//	interpolation      bicubic  bicubic  bicubic  bilinear bilinear
//
// Convolutions have TensorFlow's SAME padding ([nn.Conv2DLayer.Same]); batch
// normalizations have eps 10⁻³ and momentum 0.1, as timm's. Width multiplies the
// channels, rounded to multiples of 8, and depth the number of blocks of a stage,
// rounded up; neither changes the stem's 32 channels, the head's 1280 and the
// one block of the first and of the last stage. Sizes, crop and interpolation
// are those that timm publishes for its weights; Google's own sizes of Lite3 and Lite4
// are 280 and 300. Any size from 1×1 on works.
//
// The published weights take the pixels as (x − 127)/128, x from 0 to 255.
// With ImageNet's usual mean and standard deviation instead, the accuracy of Lite0
// falls by ten per cent.
package efficientnetlite

// Package d2l has the helpers of the book Dive into Deep Learning (动手学深度学习),
// chapters on convolutional networks, in Go, for those who read it with this
// toolkit. Each is a few lines over the packages below, which are what to use
// in other programs.
//
//	book, d2l.…                    here                         what does the work
//	corr2d                         Corr2D                       two loops, as in the book
//	corr2d_multi_in                Corr2DMultiIn
//	corr2d_multi_in_out            Corr2DMultiInOut
//	corr2d_multi_in_out_1x1        Corr2DMultiInOut1x1
//	comp_conv2d                    CompConv2D                   nn.New, Model.Predict
//	pool2d                         Pool2D
//	load_data_fashion_mnist        LoadDataFashionMNIST         fashionmnist.Load, data.NewLoader
//	get_fashion_mnist_labels       GetFashionMNISTLabels        fashionmnist.Classes
//	show_images                    ShowImages                   data.ContactSheet
//	train_ch6                      TrainCh6                     train.Fit
//	l.backward(), trainer.step()   none: one step               train.NewMinimizer
//	evaluate_accuracy_gpu          EvaluateAccuracy             train.Evaluate
//	Animator                       Animator                     viz.Figure
//	Accumulator, Timer             none: train.Fit measures     train.Row
//	try_gpu, try_all_gpus          TryGPU, TryAllGPUs           cpu.New, accelerator.Open
//	"for layer in net: print …"    LayerShapes                  Trace.Layers
//	layer(X), net(X)               Apply                        Model.Predict
//	net[1].gamma                   none: the model finds it     Model.Param
//	torch.rand, stack, cat, X.sum  none: as in the book         package tensor
//
// The book's terms, in English and in its Chinese edition:
//
//	cross-correlation              互相关运算      graph.Conv2D, Corr2D
//	convolutional layer            卷积层          nn.Conv2D
//	kernel, filter                 卷积核, 滤波器
//	padding, stride                填充, 步幅      Conv2DLayer.Pad, Stride
//	channel                        通道
//	1×1 convolutional layer        1×1 卷积层      nn.Conv2D(out, 1)
//	receptive field                感受野          ReceptiveField, LayerInfo.ReceptiveField
//	feature map                    特征映射
//	pooling                        汇聚层, 池化    nn.MaxPool2D, nn.AvgPool2D, Pool2D
//	fully connected layer          全连接层        nn.Linear
//	activation function            激活函数        nn.Sigmoid, nn.ReLU
//	dropout                        暂退法          nn.Dropout
//	batch normalization            批量规范化      nn.BatchNorm
//	residual block                 残差块
//	image augmentation             图像增广        data/augment
//	learning rate, batch size      学习率, 批量大小
//	loss, accuracy                 损失, 精度
//
// # Differences
//
// What can fail returns an error in place of an exception. The network given
// to TrainCh6 is an nn.Model, which has its parameters from the start, and the
// batch is the first axis of LayerShapes' shape only for the book's sake.
// TryGPU gives the engine for the CPU unless the program imports
// engine/xla/register.
package d2l

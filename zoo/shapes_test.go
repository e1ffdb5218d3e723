package zoo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// The parameter counts of the notes for the eight networks, those of PyTorch
// for the variants, and the multiply-adds of PyTorch for both. The shapes are
// those after each layer of the outermost nn.Sequential, as the book prints
// them.
func TestSizesAndShapes(t *testing.T) {
	for _, test := range []struct {
		name       string
		side       int // 0: the default
		parameters int
		macs       int64
		shapes     string
	}{
		{"lenet", 0, 61706, 416520, "6×28×28 6×28×28 6×14×14 16×10×10 16×10×10 16×5×5 400 120 120 84 84 10"},
		{"lenet-bn", 0, 44878, 281640, "6×24×24 6×24×24 6×24×24 6×12×12 16×8×8 16×8×8 16×8×8 16×4×4 256 120 120 120 84 84 84 10"},
		{"alexnet", 0, 46764746, 938146176, "96×54×54 96×54×54 96×26×26 256×26×26 256×26×26 256×12×12 384×12×12 384×12×12 " +
			"384×12×12 384×12×12 256×12×12 256×12×12 256×5×5 6400 4096 4096 4096 4096 4096 4096 10"},
		{"vgg", 0, 43093322, 512155648, "16×112×112 32×56×56 64×28×28 128×14×14 128×7×7 6272 4096 4096 4096 4096 4096 4096 10"},
		{"nin", 0, 1992166, 762297352, "96×54×54 96×26×26 256×26×26 256×12×12 384×12×12 384×5×5 384×5×5 10×5×5 10×1×1 10"},
		{"googlenet", 0, 5977530, 276066304, "64×24×24 192×12×12 480×6×6 832×3×3 1024 10"},
		{"resnet18", 0, 11178378, 318657536, "64×24×24 64×24×24 128×12×12 256×6×6 512×3×3 512×1×1 512 10"},
		{"densenet", 0, 758226, 129077168, "64×24×24 192×24×24 96×12×12 224×12×12 112×6×6 240×6×6 120×3×3 248×3×3 248×3×3 248×3×3 248×1×1 248 10"},

		{"alexnet-28", 0, 5824202, 219299328, "96×28×28 96×28×28 96×13×13 256×13×13 256×13×13 256×6×6 384×6×6 384×6×6 " +
			"384×6×6 384×6×6 256×6×6 256×6×6 256×2×2 1024 1024 1024 1024 1024 1024 1024 10"},
		{"nin-28", 0, 1982950, 184923424, "96×28×28 96×13×13 256×13×13 256×6×6 384×6×6 384×2×2 384×2×2 10×2×2 10×1×1 10"},
		{"resnet34", 0, 21290250, 658396160, "64×24×24 64×24×24 128×12×12 256×6×6 512×3×3 512×1×1 512 10"},
		{"resnet50", 0, 23541130, 736268288, "64×24×24 256×24×24 512×12×12 1024×6×6 2048×3×3 2048×1×1 2048 10"},
		{"resnet101", 0, 42559370, 1418104832, "64×24×24 256×24×24 512×12×12 1024×6×6 2048×3×3 2048×1×1 2048 10"},
		{"resnet152", 0, 58226058, 2099941376, "64×24×24 256×24×24 512×12×12 1024×6×6 2048×3×3 2048×1×1 2048 10"},
		{"vgg11", 32, 28142858, 170500096, "64×16×16 128×8×8 256×4×4 512×2×2 512×1×1 512 4096 4096 4096 4096 4096 4096 10"},
		{"vgg13", 32, 28327370, 245997568, "64×16×16 128×8×8 256×4×4 512×2×2 512×1×1 512 4096 4096 4096 4096 4096 4096 10"},
		{"vgg16", 32, 33637066, 330932224, "64×16×16 128×8×8 256×4×4 512×2×2 512×1×1 512 4096 4096 4096 4096 4096 4096 10"},
		{"vgg19", 32, 38946762, 415866880, "64×16×16 128×8×8 256×4×4 512×2×2 512×1×1 512 4096 4096 4096 4096 4096 4096 10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.parameters > 2e7 {
				t.Skip("large networks are not short")
			}
			s, err := zoo.Get(test.name)
			if err != nil {
				t.Fatal(err)
			}
			side := s.Input[1]
			if test.side != 0 {
				side = test.side
			}
			m := modelFor(t, s.New(s.Classes), side)
			infos, err := m.Summary(3)
			if err != nil {
				t.Fatal(err)
			}
			parameters, macs := 0, int64(0)
			var shapes []string
			last := ""
			for _, i := range infos {
				parameters += i.Parameters
				macs += i.MultiplyAdds
				block, _, _ := strings.Cut(i.Path, ".")
				if block == last {
					shapes = shapes[:len(shapes)-1]
				}
				last = block
				shapes = append(shapes, i.Output[1:].String())
			}
			if parameters != test.parameters || macs != test.macs {
				t.Errorf("%d parameters, want %d; %d multiply-adds, want %d", parameters, test.parameters, macs, test.macs)
			}
			if got := strings.Join(shapes, " "); got != test.shapes {
				t.Errorf("shapes\n%s\nwant\n%s", got, test.shapes)
			}
		})
	}
}

// The channels of the images and the number of classes are up to the user.
func TestChannelsAndClasses(t *testing.T) {
	for _, name := range []string{"lenet-bn", "nin-28", "googlenet", "resnet18", "densenet"} {
		s, err := zoo.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := nn.New(s.New(7), tensor.Shape{3, s.Input[1], s.Input[2]}, nn.Options{Init: nn.Constant(0)})
		if err != nil {
			t.Fatal(err)
		}
		trace, err := m.Trace(2, nn.Eval)
		if err != nil {
			t.Fatal(err)
		}
		if first := m.Parameters()[0].Value.Shape(); first[1] != 3 || !trace.Output.Shape().Equal(tensor.Shape{2, 7}) {
			t.Errorf("%s: first weight %v, output %v", name, first, trace.Output.Shape())
		}
	}
}

// The smallest images of the networks, and what is said of smaller ones.
func TestTooSmall(t *testing.T) {
	for _, test := range []struct {
		name     string
		smallest int
		want     string // for an image one smaller
	}{
		{"lenet", 12, "5 (AvgPool2D 2×2, stride 2, padding 0): input 16×1×1 is smaller than the kernel"},
		{"lenet-bn", 16, "7 (AvgPool2D 2×2, stride 2, padding 0): input 16×1×1 is smaller than the kernel"},
		{"alexnet", 65, "12 (MaxPool2D 3×3, stride 2, padding 0): input 256×2×2 is smaller than the kernel"},
		{"alexnet-28", 15, "12 (MaxPool2D 3×3, stride 2, padding 0): input 256×2×2 is smaller than the kernel"},
		{"vgg", 32, "4.4 (MaxPool2D 2×2, stride 2, padding 0): input 128×1×1 is smaller than the kernel"},
		{"vgg19", 32, "4.8 (MaxPool2D 2×2, stride 2, padding 0): input 512×1×1 is smaller than the kernel"},
		{"nin", 67, "5 (MaxPool2D 3×3, stride 2, padding 0): input 384×2×2 is smaller than the kernel"},
		{"nin-28", 15, "5 (MaxPool2D 3×3, stride 2, padding 0): input 384×2×2 is smaller than the kernel"},
		{"densenet", 29, "6.3 (AvgPool2D 2×2, stride 2, padding 0): input 120×1×1 is smaller than the kernel"},
		{"googlenet", 1, ""},
		{"resnet18", 1, ""},
		{"resnet50", 1, ""},
	} {
		s, err := zoo.Get(test.name)
		if err != nil {
			t.Fatal(err)
		}
		if testing.Short() && test.smallest == 32 {
			continue // the linear layers of VGG are large for any image
		}
		build := func(side int) error {
			_, err := nn.New(s.New(10), tensor.Shape{1, side, side}, nn.Options{Init: nn.Constant(0)})
			return err
		}
		if test.want == "" {
			// Padding saves these: a single pixel goes through.
			if err := build(test.smallest); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		err = build(test.smallest - 1)
		hint := fmt.Sprintf("; the smallest input that works is 1×%d×%d", test.smallest, test.smallest)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !strings.HasSuffix(err.Error(), hint) {
			t.Errorf("%s: error %v\nwant %s…%s", test.name, err, test.want, hint)
		}
	}
}

// What else can be wrong with a network says what it is.
func TestMistakes(t *testing.T) {
	try := func(net nn.Layer, input ...int) error {
		_, err := nn.New(net, input, nn.Options{})
		return err
	}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"channels of a residual block", try(nn.Sequential(nn.Conv2D(8, 1), zoo.NewResidual(16)), 1, 8, 8),
			"1 (Residual): the block makes 16×8×8 of its input 8×8×8, which cannot be added: Use1x1"},
		{"channels of a bottleneck", try(nn.Sequential(zoo.NewBottleneck(16)), 16, 8, 8),
			"0 (Bottleneck): the block makes 64×8×8 of its input 16×8×8"},
		{"ratio", try(zoo.ResNet(10, zoo.ResNetConfig{Ratio: 65}), 1, 32, 32), "0.0 (Conv2D): output channels 0"},
		{"no such VGG", try(zoo.VGG(10, zoo.VGGConfig{Depth: 12}), 1, 32, 32), "there is no VGG-12: depths are 11, 13, 16 and 19"},
		{"no such ResNet", try(zoo.ResNet(10, zoo.ResNetConfig{Depth: 20}), 1, 32, 32), "there is no ResNet-20"},
		{"growth", try(zoo.DenseNet(10, zoo.DenseNetConfig{Growth: -1}), 1, 32, 32), "1.net.0.2 (Conv2D): output channels -1"},
		{"classes", try(zoo.LeNet(0), 1, 28, 28), "11 (Linear): output size must be at least 1"},
		{"image without channels", try(zoo.LeNet(10), 28, 28), "0 (Conv2D): input must have rank 4"},
		{"weights for other channels", loadInto(t, tensor.Shape{3, 28, 28}, 10), "wrong shape: 0.weight is 6×1×5×5, want 6×3×5×5"},
		{"weights for other classes", loadInto(t, tensor.Shape{1, 28, 28}, 5), "wrong shape: 11.bias is 10, want 5, 11.weight is 10×84, want 5×84"},
		{"data of other classes", evaluate(t, zoo.LeNet(5), 28), "the network has 5 outputs, the test set 10 classes"},
		{"data of another size", evaluate(t, zoo.LeNet(10), 32), "images of the test set are 1×28×28, the network takes 1×32×32"},
		{"batch of one", trainOne(t, zoo.ResNet(10, zoo.ResNetConfig{Ratio: 8}), 32),
			"4.0.bn1 (BatchNorm): training needs more than one value for each channel, input 1×64×1×1 has one: use a larger batch"},
		{"batch of one after linear layers", trainOne(t, zoo.LeNetBN(10), 28),
			"10 (BatchNorm): training needs more than one value for each channel, input 1×120 has one"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: error %v\nwant %s", test.name, test.err, test.want)
		}
	}
}

// loadInto loads the state of the standard LeNet into another.
func loadInto(t *testing.T, input tensor.Shape, classes int) error {
	t.Helper()
	from, err := nn.New(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	to, err := nn.New(zoo.LeNet(classes), input, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return to.LoadState(from.State())
}

// evaluate measures a network for images of the given side on Fashion-MNIST.
func evaluate(t *testing.T, net nn.Layer, side int) error {
	t.Helper()
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.Evaluate(context.Background(), modelFor(t, net, side), data.Limit(set.Test, 10),
		train.EvalConfig{Device: reference.New()})
	return err
}

func trainOne(t *testing.T, net nn.Layer, side int) error {
	t.Helper()
	_, err := modelFor(t, net, side).Trace(1, nn.Train)
	return err
}

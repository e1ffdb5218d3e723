package d2l

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/fonts/fonttest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz"
	"github.com/strideml/stride/zoo"
)

// sample returns loaders of the first images of the embedded sample.
func sample(t *testing.T, batchSize, resize int) (train, test *data.Loader) {
	t.Helper()
	t.Setenv("STRIDE_DATA", "sample")
	train, test, err := LoadDataFashionMNIST(batchSize, resize)
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

func limited(t *testing.T, l *data.Loader, n int) *data.Loader {
	t.Helper()
	l, err := data.NewLoader(data.Limit(l.Dataset(), n), l.Config())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLoadData(t *testing.T) {
	train, test := sample(t, 32, 64)
	if got := train.Dataset().ImageShape().String(); got != "1×64×64" || train.Items() != 10000 || test.Items() != 2000 {
		t.Errorf("images of %s, %d and %d", got, train.Items(), test.Items())
	}
	for b, err := range train.Epoch(context.Background(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		names, err := GetFashionMNISTLabels(b.Labels)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := ShowImages(b.Images, 2, 9, names, 1)
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size.X < 9*64 || size.X > 10*80 || size.Y > 2*100 {
			t.Errorf("the picture is %v", size)
		}
		break
	}
	if _, _, err := LoadDataFashionMNIST(0, 0); err == nil {
		t.Error("a batch size of 0 is no error")
	}
	if _, _, err := LoadDataFashionMNIST(1, -1); err == nil {
		t.Error("a size of −1 is no error")
	}
}

func TestTrainCh6(t *testing.T) {
	train, test := sample(t, 32, 0)
	train, test = limited(t, train, 640), limited(t, test, 100)
	net, err := nn.New(zoo.LeNetBN(10), tensor.Shape{1, 28, 28}, nn.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	path := filepath.Join(t.TempDir(), "curves.svg")
	draws, points := 0, 0
	history, err := TrainCh6(context.Background(), net, train, test, 2, 0.5, nil, &Animator{
		Title: "LeNet", Path: path, Out: &out,
		OnDraw: func(f *viz.Figure) { draws, points = draws+1, len(f.Lines[0].X) },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^training on cpu\nepoch 1/2, loss \d\.\d{3}, train acc 0\.\d{3}, test acc 0\.\d{3}, \d+\.\d s\nepoch 2/2, .*\nloss \d\.\d{3}, train acc 0\.\d{3}, test acc 0\.\d{3}\n\d+\.\d examples/sec on cpu\n$`)
	if !want.MatchString(out.String()) {
		t.Errorf("printed %q", out.String())
	}
	if draws != 12 || points != 10 {
		t.Errorf("%d draws, %d points: want five points an epoch, and the test", draws, points)
	}
	if history.Last().TrainAccuracy < 0.4 {
		t.Errorf("train accuracy %v", history.Last().TrainAccuracy)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Contains(b, []byte("<svg")) {
		t.Errorf("curves: %v", err)
	}
	accuracy, err := EvaluateAccuracy(context.Background(), net, test, nil)
	if err != nil || math.Abs(accuracy-history.Last().TestAccuracy) > 1e-9 {
		t.Errorf("accuracy %v, in training %v, error %v", accuracy, history.Last().TestAccuracy, err)
	}
	// The weights are drawn again, so the same run has the same result.
	again, err := TrainCh6(context.Background(), net, train, test, 2, 0.5, nil, &Animator{Out: &out})
	if err != nil || again.Last().TrainLoss != history.Last().TrainLoss {
		t.Errorf("the second run has loss %v, the first %v, error %v", again.Last().TrainLoss, history.Last().TrainLoss, err)
	}
	// A loader's augmentation counts.
	config := train.Config()
	if config.Transform, err = (augment.Pipeline{augment.RandomHorizontalFlip{}}).Hook(net.Input()); err != nil {
		t.Fatal(err)
	}
	flipped, err := data.NewLoader(train.Dataset(), config)
	if err != nil {
		t.Fatal(err)
	}
	again, err = TrainCh6(context.Background(), net, flipped, test, 2, 0.5, nil, &Animator{Out: &out})
	if err != nil || again.Last().TrainLoss == history.Last().TrainLoss {
		t.Errorf("with flips the loss is %v, without %v, error %v", again.Last().TrainLoss, history.Last().TrainLoss, err)
	}
}

func TestTrainCh6Errors(t *testing.T) {
	train, test := sample(t, 32, 0)
	train, test = limited(t, train, 64), limited(t, test, 32)
	net, err := nn.New(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, test2 := range []struct {
		train    *data.Loader
		animator Animator
		epochs   int
		want     string
	}{
		{train, Animator{Path: "curves.gif", Out: &out}, 1, "want a name that ends in .png or .svg"},
		{train, Animator{Path: filepath.Join(t.TempDir(), "none", "curves.png"), Out: &out}, 1, "curves: "},
		{train, Animator{Out: &out}, 0, "0 epochs"},
		{test, Animator{Out: &out}, 1, "must shuffle"},
	} {
		_, err := TrainCh6(context.Background(), net, test2.train, test, test2.epochs, 0.1, nil, &test2.animator)
		if err == nil || !strings.Contains(err.Error(), test2.want) {
			t.Errorf("error %v, want %q", err, test2.want)
		}
	}
}

// list is a layer that cannot be compared with another.
type list []nn.Layer

func (l list) Forward(x *graph.Node) *graph.Node { return graph.ReLU(x) }

type block struct{ Conv nn.Layer }

func (b *block) Forward(x *graph.Node) *graph.Node { return graph.Add(b.Conv.Forward(x), x) }

func TestLayerShapes(t *testing.T) {
	shared := nn.MaxPool2D(2)
	net := nn.Sequential(
		nn.Sequential(nn.Conv2D(4, 3).Pad(1), nn.BatchNorm(), nn.ReLU()),
		shared, list{}, &block{nn.Conv2D(4, 3).Pad(1)}, shared, nn.Dropout(0.5), nn.BatchNorm(),
		nn.GlobalAvgPool2D(), nn.Flatten(), nn.BatchNorm(), nn.Linear(3),
	)
	var out bytes.Buffer
	if err := LayerShapes(&out, net, tensor.Shape{2, 1, 16, 12}); err != nil {
		t.Fatal(err)
	}
	want := `Sequential output shape: 	 2×4×16×12
MaxPool2d output shape: 	 2×4×8×6
list output shape: 	 2×4×8×6
block output shape: 	 2×4×8×6
MaxPool2d output shape: 	 2×4×4×3
Dropout output shape: 	 2×4×4×3
BatchNorm2d output shape: 	 2×4×4×3
AdaptiveAvgPool2d output shape: 	 2×4×1×1
Flatten output shape: 	 2×4
BatchNorm1d output shape: 	 2×4
Linear output shape: 	 2×3
`
	if out.String() != want {
		t.Errorf("printed\n%s", out.String())
	}
	for _, other := range []struct {
		net   nn.Layer
		shape tensor.Shape
		want  string
	}{
		{nn.BatchNorm(), tensor.Shape{5, 2}, "BatchNorm1d output shape: \t 5×2\n"},
		{&block{nn.Conv2D(1, 3).Pad(1)}, tensor.Shape{1, 1, 4, 4}, "Conv2d output shape: \t 1×1×4×4\n"},
		{list{}, tensor.Shape{1, 2}, "list output shape: \t 1×2\n"},
		{zoo.ResNet(10, zoo.ResNetConfig{Ratio: 16}), tensor.Shape{1, 1, 224, 224}, `Sequential output shape: 	 1×4×56×56
Sequential output shape: 	 1×4×56×56
Sequential output shape: 	 1×8×28×28
Sequential output shape: 	 1×16×14×14
Sequential output shape: 	 1×32×7×7
AdaptiveAvgPool2d output shape: 	 1×32×1×1
Flatten output shape: 	 1×32
Linear output shape: 	 1×10
`},
	} {
		out.Reset()
		if err := LayerShapes(&out, other.net, other.shape); err != nil || out.String() != other.want {
			t.Errorf("printed\n%s(%v), want\n%s", out.String(), err, other.want)
		}
	}
	if err := LayerShapes(&out, nn.Sequential(nn.Conv2D(1, 5)), tensor.Shape{1, 1, 4, 4}); err == nil {
		t.Error("a kernel that does not fit is no error")
	}
	if err := LayerShapes(&out, nn.Sequential(nil), tensor.Shape{1, 1, 4, 4}); err == nil {
		t.Error("a nil layer is no error")
	}
	if err := LayerShapes(&out, net, tensor.Shape{1}); err == nil {
		t.Error("a shape without channels is no error")
	}
}

// TestReceptiveField compares with the summary of a network.
func TestReceptiveField(t *testing.T) {
	net := nn.Sequential(nn.Conv2D(2, 5).Pad(2), nn.MaxPool2D(3).Stride(2), nn.Conv2D(2, 3).Stride(2).Pad(1), nn.Conv2D(2, 3).Dilation(2))
	model, err := nn.New(net, tensor.Shape{1, 64, 64}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	infos, err := model.Summary(1)
	if err != nil {
		t.Fatal(err)
	}
	layers := []Window{{Kernel: 5}, {Kernel: 3, Stride: 2}, {Kernel: 3, Stride: 2}, {Kernel: 3, Dilation: 2}}
	for i, info := range infos {
		if size, _ := ReceptiveField(layers[:i+1]...); size != info.ReceptiveField {
			t.Errorf("%d layers: %d, summary says %d", i+1, size, info.ReceptiveField)
		}
	}
}

func TestShowImagesChineseTitles(t *testing.T) {
	images := tensor.New(2, 1, 8, 8)
	fonttest.Install(t, map[string][]byte{"cjk.ttc": fonttest.Collection(fonttest.Font{Family: "CJK SC", Runes: "短靴衬衫"})})
	boots, err := ShowImages(images, 1, 2, []string{"短靴", "短靴"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ShowImages(images, 1, 2, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(boots, plain) {
		t.Error("titles are not drawn")
	}
	var missing *viz.MissingError
	if _, err := ShowImages(images, 1, 2, []string{"凉鞋"}, 0); !errors.As(err, &missing) || string(missing.Missing) != "凉鞋" {
		t.Errorf("error %v", err)
	}
}

func TestShowImagesErrors(t *testing.T) {
	for _, images := range []*tensor.Tensor{tensor.New(2, 2), tensor.New(0, 2, 2), tensor.New(1, 2, 4, 4)} {
		if _, err := ShowImages(images, 1, 1, nil, 0); err == nil {
			t.Errorf("%v: no error", images.Shape())
		}
	}
	if _, err := ShowImages(tensor.New(1, 2, 2), 0, 1, nil, 0); err == nil {
		t.Error("no rows: no error")
	}
	if _, err := GetFashionMNISTLabels(tensor.Full(10, 1)); err == nil {
		t.Error("label 10: no error")
	}
}

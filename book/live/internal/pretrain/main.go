// Command pretrain trains the network that recognises drawings in the pages of the
// book, on all of Fashion-MNIST, and writes its weights as 16-bit numbers into
// book/live/lenet.safetensors. It takes some minutes:
//
//	go run ./book/live/internal/pretrain
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/strideml/stride/book/live"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "book/live/lenet.safetensors", "the file to write")
	epochs := flag.Int("epochs", 14, "passes over the training images")
	flag.Parse()
	if err := run(*out, *epochs); err != nil {
		log.Fatal(err)
	}
}

func run(out string, epochs int) error {
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Download: true})
	if err != nil {
		return err
	}
	if set.Sample {
		return fmt.Errorf("there is only the sample of Fashion-MNIST: the network is trained on all of it")
	}
	model, err := nn.New(live.PretrainedNetwork(), tensor.Shape{1, 28, 28}, nn.Options{Init: nn.HeUniform()})
	if err != nil {
		return err
	}
	// Drawings lie a little askew, and smaller than the pictures.
	changes, err := augment.Parse("hflip,affine=8:0.06:0.06:0.85:1.05")
	if err != nil {
		return err
	}
	history, err := train.Fit(ctx, model, set.Train, set.Test, train.Config{
		Epochs: epochs, BatchSize: 128, LearningRate: 0.003, Optimizer: optim.AdamW{WeightDecay: 0.01}, Schedule: optim.Cosine{}, Augment: changes,
		Callbacks: train.Callbacks{OnEpoch: func(i train.EpochInfo) {
			fmt.Printf("epoch %d/%d  loss %.3f  test accuracy %.4f\n", i.Epoch, i.Epochs, i.TrainLoss, i.TestAccuracy)
		}},
	})
	if err != nil {
		return err
	}
	file := safetensors.File{Entries: model.State(), DType: safetensors.F16, Metadata: map[string]string{
		"test_accuracy": fmt.Sprintf("%.4f", history.Last().TestAccuracy),
	}}
	return file.Save(out)
}

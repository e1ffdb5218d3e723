package main

import (
	"os"
	"path/filepath"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func saving() (result []*tensor.Tensor, err error) {
	x := picture(1, 1, 28, 28)
	model, err := filled(lenet(), x)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "translation")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "lenet.safetensors")
	//region saving
	if err := modelfile.Save(model, path); err != nil {
		return nil, err
	}
	// Load takes .pth files of PyTorch, too.
	if err := modelfile.Load(model, path); err != nil {
		return nil, err
	}
	//endregion
	y, err := model.Predict(nil, x)
	return []*tensor.Tensor{y}, err
}

//region evaluate

func accuracy(
	net *nn.Model, batches []data.Batch, device engine.Device,
) (float64, error) {
	var right, count float64
	for _, b := range batches {
		scores, err := net.Predict(device, b.Images)
		if err != nil {
			return 0, err
		}
		share, err := metrics.Accuracy(scores, b.Labels)
		if err != nil {
			return 0, err
		}
		right += share * float64(b.Labels.Size())
		count += float64(b.Labels.Size())
	}
	return right / count, nil
}

//endregion

func evaluation() ([]*tensor.Tensor, error) {
	images := tensor.New(10, 1, 28, 28)
	for k := range 10 {
		for i := range 28 {
			for j := range 28 {
				images.Set(picture(1, 28, 28).At(0, i, j), k, 0, i, (j+k)%28)
			}
		}
	}
	model, err := filled(lenet(), images)
	if err != nil {
		return nil, err
	}
	share, err := accuracy(model, []data.Batch{{Images: images, Labels: count(0, 10)}}, device())
	return []*tensor.Tensor{tensor.Must(tensor.FromSlice([]float32{float32(share)}, 1))}, err
}

func device() engine.Device {
	//region device
	// That is the CPU: there are no engines for GPUs yet.
	device := d2l.TryGPU(0)
	//endregion
	return device
}

package live

import (
	"context"
	"fmt"
	"slices"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// GrowthArgs are the arguments of Growth.
type GrowthArgs struct {
	Growths      []int `json:"growths"`
	Convolutions int   `json:"convolutions"`
	Blocks       int   `json:"blocks"`
	Channels     int   `json:"channels"`
	Input        []int `json:"input"`
	Batch        int   `json:"batch"`
}

// GrowthResult is the result of Growth.
type GrowthResult struct {
	Rows []GrowthRow `json:"rows"`
}

// A GrowthRow is a DenseNet.
type GrowthRow struct {
	Growth          int      `json:"growth"`
	Places          []string `json:"places"`
	Channels        []int    `json:"channels"`
	Parameters      int      `json:"parameters"`
	MultiplyAdds    int64    `json:"multiplyAdds"`
	ActivationBytes int64    `json:"activationBytes"`
	TrainingBytes   int64    `json:"trainingBytes"`
}

var defaultGrowth = GrowthArgs{Growths: []int{4, 8, 16, 32, 48}, Convolutions: 4, Blocks: 4, Channels: 64, Input: []int{1, 96, 96}, Batch: 16}

// Growth tells how DenseNet's channels, parameters and memory grow with its growth rate.
func (s *Session) Growth(ctx context.Context, args GrowthArgs, _ func(any)) (r GrowthResult, err error) {
	for _, check := range []error{
		within("growths", len(args.Growths), 1, 50), within("convolutions", args.Convolutions, 1, 64), within("blocks", args.Blocks, 1, 8),
		within("channels", args.Channels, 1, 1024), within("batch", args.Batch, 1, 1024),
	} {
		if check != nil {
			return r, check
		}
	}
	for _, growth := range args.Growths {
		if err := s.turn(ctx); err != nil {
			return r, err
		}
		if err := within("growths", growth, 1, 256); err != nil {
			return r, err
		}
		row, err := s.growth(args, growth)
		if err != nil {
			return r, fmt.Errorf("growth rate %d: %w", growth, err)
		}
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

func (s *Session) growth(args GrowthArgs, growth int) (row GrowthRow, err error) {
	net := zoo.DenseNet(10, zoo.DenseNetConfig{Channels: args.Channels, Growth: growth, Blocks: slices.Repeat([]int{args.Convolutions}, args.Blocks)})
	if len(args.Input) != 3 {
		return row, fmt.Errorf("input is %v: want [C, H, W]", args.Input)
	}
	t, err := nn.Outline(net, args.Input, args.Batch)
	if err != nil {
		return row, err
	}
	row.Growth = growth
	for _, l := range t.Rows() {
		row.Parameters += l.Parameters
		row.MultiplyAdds += l.MultiplyAdds
		row.ActivationBytes += 4 * int64(l.Output.Size())
	}
	for _, l := range t.Layers() {
		if l.Depth != 1 {
			continue
		}
		switch i := topIndex(l.Path); {
		case i == 0:
			row.Places = append(row.Places, "start")
		case l.Kind == "DenseBlock":
			row.Places = append(row.Places, fmt.Sprintf("block %d", (i+1)/2))
		case i < 2*args.Blocks:
			row.Places = append(row.Places, fmt.Sprintf("transition %d", i/2))
		default:
			continue
		}
		row.Channels = append(row.Channels, l.Node.Shape()[1])
	}
	return row, s.training(net, args, &row)
}

// training adds the memory of a training step.
func (s *Session) training(net nn.Layer, args GrowthArgs, row *GrowthRow) error {
	model, err := nn.New(net, args.Input, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		return err
	}
	stepper := train.NewStepper(model, s.fast, nil)
	defer stepper.Close()
	memory, err := stepper.Memory(args.Batch)
	row.TrainingBytes = memory.Total()
	return err
}

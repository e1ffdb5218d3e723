package live

import (
	"context"
	"fmt"
	"math"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// LearnKernelArgs are the arguments of LearnKernel.
type LearnKernelArgs struct {
	X            Array   `json:"x"`
	Target       Array   `json:"target"`
	Kernel       Array   `json:"kernel"`
	Size         [2]int  `json:"size"`
	Steps        int     `json:"steps"`
	LearningRate float32 `json:"learningRate"`
	Seed         uint64  `json:"seed"`
}

// A LearnKernelStep is an event of LearnKernel.
type LearnKernelStep struct {
	Step   int     `json:"step"`
	Loss   float64 `json:"loss"`
	Kernel Array   `json:"kernel"`
}

// LearnKernelResult is the result of LearnKernel.
type LearnKernelResult struct {
	Losses []float32 `json:"losses"`
	Kernel Array     `json:"kernel"`
	Output Array     `json:"output"`
	Target Array     `json:"target"`
}

var defaultLearnKernel = LearnKernelArgs{Steps: 10, LearningRate: 0.03}

// edgePicture is 6×8: white with four black columns in the middle.
func edgePicture() *tensor.Tensor {
	x := tensor.Full(1, 1, 6, 8)
	for i := range x.Data() {
		if column := i % 8; column >= 2 && column < 6 {
			x.Data()[i] = 0
		}
	}
	return x
}

// LearnKernel learns a kernel by gradient descent from a picture and the
// cross-correlation that is wanted.
func (s *Session) LearnKernel(ctx context.Context, args LearnKernelArgs, event func(any)) (r LearnKernelResult, err error) {
	defer graph.Catch(&err)
	if err := within("steps", args.Steps, 1, 10_000); err != nil {
		return r, err
	}
	x, kernel := edgePicture(), tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 1, 1, 2))
	if args.X.given() {
		if x, err = args.X.tensor("x", 2, 3); err != nil {
			return r, err
		}
	}
	if args.Kernel.given() {
		if kernel, err = args.Kernel.tensor("kernel", 2, 4); err != nil {
			return r, err
		}
	}
	if x.Shape()[0] != 1 || kernel.Shape()[0] != 1 || kernel.Shape()[1] != 1 {
		return r, fmt.Errorf("x has %d channels and the kernel the shape %v: want one channel", x.Shape()[0], kernel.Shape())
	}
	if x, err = x.Reshape(append([]int{1}, x.Shape()...)...); err != nil {
		return r, err
	}
	target, err := s.kernelTarget(args, x, kernel)
	if err != nil {
		return r, err
	}
	size := args.Size
	if size == [2]int{} {
		size = [2]int{kernel.Shape()[2], kernel.Shape()[3]}
	}
	for _, n := range size {
		if err := within("size", n, 1, 64); err != nil {
			return r, err
		}
	}
	learnt := &graph.Variable{Name: "kernel", Value: tensor.New(1, 1, size[0], size[1]), Trainable: true}
	drawKernel(learnt.Value.Data(), args.Seed)
	step := train.NewMinimizer(s.exact, optim.SGD{}, []*graph.Variable{learnt}, func(x, y *graph.Node) *graph.Node {
		difference := graph.Sub(graph.Conv2D(x, x.Graph().Variable(learnt), nil, graph.Window{}, 1), y)
		return graph.Sum(graph.Mul(difference, difference))
	})
	defer step.Close()
	for i := range args.Steps {
		if err := s.turn(ctx); err != nil {
			return r, err
		}
		loss, err := step.Run(args.LearningRate, x, target)
		if err != nil {
			return r, err
		}
		if math.IsInf(loss, 0) || math.IsNaN(loss) {
			return r, fmt.Errorf("the loss of step %d is %v: the learning rate %v is too large", i+1, loss, args.LearningRate)
		}
		r.Losses = append(r.Losses, float32(loss))
		event(LearnKernelStep{i + 1, loss, plane(learnt.Value.Clone())})
	}
	learnt.Changed()
	g := graph.New()
	out, err := engine.Run(s.exact, nil, graph.Conv2D(g.Constant(x), g.Constant(learnt.Value), nil, graph.Window{}, 1))
	if err != nil {
		return r, err
	}
	r.Kernel, r.Output, r.Target = plane(learnt.Value), plane(out[0]), plane(target)
	return r, nil
}

// kernelTarget returns the target of the arguments, or the cross-correlation of x with the kernel.
func (s *Session) kernelTarget(args LearnKernelArgs, x, kernel *tensor.Tensor) (*tensor.Tensor, error) {
	if args.Target.given() {
		return args.Target.tensor("target", 2, 4)
	}
	g := graph.New()
	out, err := engine.Run(s.exact, nil, graph.Conv2D(g.Constant(x), g.Constant(kernel), nil, graph.Window{}, 1))
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// plane returns the last two axes of 1×1×H×W.
func plane(t *tensor.Tensor) Array { return arrayOf(t, t.Shape()[2:]...) }

// drawKernel draws from −1/√n to 1/√n, as PyTorch does for a convolution of n weights.
func drawKernel(values []float32, seed uint64) {
	bound := float32(1 / math.Sqrt(float64(len(values))))
	r := rng.New(seed, "book/live/learnKernel")
	for i := range values {
		values[i] = (2*r.Float32() - 1) * bound
	}
}

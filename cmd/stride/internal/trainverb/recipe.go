package trainverb

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/finetune"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
)

// A recipe is how train changes weights from step to step.
type recipe struct {
	optimizer                  string // "" is the default of what is trained
	momentum, decay            float32
	nesterov                   bool
	schedule                   scheduleFlag
	scale                      scaleFlag
	warmup                     float32
	clip, ema, smoothing       float32
	accumulate, patience, wait int
}

var optimizers = []string{"sgd", "adam", "adamw", "rmsprop", "lamb", "lars"}

// recipeFlags are the flags of addFlags, which a resumed run takes from its record.
var recipeFlags = []string{
	"optimizer", "momentum", "nesterov", "weight-decay", "schedule", "warmup", "clip", "accumulate", "ema", "label-smoothing", "plateau", "early-stop",
}

func (r *recipe) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	share := func(v float64) bool { return v >= 0 && v < 1 }
	positive := func(v float64) bool { return v > 0 }
	command.AddChoice(cmd, &r.optimizer, "optimizer", "`kind` of optimizer: sgd, adam, adamw, rmsprop, or for large batches lamb or lars (default: sgd; for photos adamw)", optimizers...)
	flags.Var(command.Number(&r.momentum, share, "a number from 0 up to, but not including, 1"), "momentum", "`share` of the previous update that is added to the next; of sgd, rmsprop and lars")
	flags.BoolVar(&r.nesterov, "nesterov", false, "Nesterov's momentum, of sgd")
	flags.Var(command.Number(&r.decay, func(v float64) bool { return v >= 0 }, "a number, 0 or more"), "weight-decay", "`factor` of each weight that is added to its gradient (L2 penalty); of adamw and lamb, that it shrinks by (default: 0; for photos 0.01)")
	flags.Var(&r.schedule, "schedule", "how the learning rate changes over the run: constant, cosine, onecycle, linear, polynomial=POWER, exponential=FACTOR, step=EPOCHS or step=EPOCHS:FACTOR (default: constant; for photos cosine)")
	flags.Var(&r.scale, "lr-scale", "`rule` by which the learning rate grows with --batch, for large batches: linear (Goyal et al. 2017) or sqrt; the rate is then for the network's batch size (photos: "+strconv.Itoa(finetune.BatchSize)+"), or for another one, as in linear=256. Begin with a --warmup")
	flags.Var(command.Number(&r.warmup, func(v float64) bool { return v >= 0 }, "a number, 0 or more"), "warmup", "`epochs` in which the learning rate rises from nearly 0 (default: 0; for photos a third)")
	flags.Var(command.Number(&r.clip, positive, "a number above 0"), "clip", "greatest `norm` of all gradients together; larger ones are scaled down")
	flags.Var(command.Count(&r.accumulate, 1, 1<<20), "accumulate", "batches that an update is made from")
	flags.Var(command.Number(&r.ema, share, "a number from 0 up to, but not including, 1"), "ema", "keep a moving average of the weights with this `decay`, such as 0.999, and test and keep it in place of the weights")
	flags.Var(command.Number(&r.smoothing, share, "a number from 0 up to, but not including, 1"), "label-smoothing", "`share` of each label that is spread over all classes (default: 0; for photos 0.1)")
	flags.Var(command.Count(&r.wait, 0, 1<<20), "plateau", "divide the learning rate by 10 after this many epochs without improvement; 0 never does")
	flags.Var(command.Count(&r.patience, 0, 1<<20), "early-stop", "end after this many epochs without improvement; 0 never does (default: 0; for photos 5)")
}

// check reports flags that contradict each other; given tells which ones are there.
// standard is the optimizer where none is named.
func (r *recipe) check(given func(flag string) bool, standard string) error {
	name := r.name(standard)
	switch {
	case r.nesterov && name != "sgd":
		return command.Misuse("--nesterov is for --optimizer sgd, not for %s", name)
	case r.nesterov && r.momentum == 0:
		return command.Misuse("--nesterov needs a --momentum above 0")
	case given("momentum") && name != "sgd" && name != "rmsprop" && name != "lars":
		return command.Misuse("--momentum is for --optimizer sgd, rmsprop and lars, not for %s", name)
	}
	return nil
}

func (r *recipe) name(standard string) string {
	if r.optimizer != "" {
		return r.optimizer
	}
	return standard
}

// newOptimizer returns the optimizer with its settings; decay is the weight decay.
func (r *recipe) newOptimizer(standard string, decay float32) optim.Optimizer {
	switch r.name(standard) {
	case "adam":
		return optim.Adam{WeightDecay: decay}
	case "adamw":
		return optim.AdamW{WeightDecay: decay}
	case "rmsprop":
		return optim.RMSprop{Momentum: r.momentum, WeightDecay: decay}
	case "lamb":
		return optim.LAMB{WeightDecay: decay}
	case "lars":
		return optim.LARS{Momentum: r.momentum, WeightDecay: decay}
	}
	return optim.SGD{Momentum: r.momentum, Nesterov: r.nesterov, WeightDecay: decay}
}

// rate is the learning rate of an optimizer for who trains from random weights and
// has not named one; sgd is that of plain SGD.
func (r *recipe) rate(sgd float32) float32 {
	switch r.optimizer {
	case "adam", "adamw", "rmsprop":
		return 1e-3
	case "lamb":
		return 5e-3
	case "lars":
		return 1
	}
	return sgd
}

// scaleFlag is a flag for the rule by which the learning rate grows with the batch size.
type scaleFlag struct {
	text, rule string
	of         int // the batch size that the rate is for; 0 is the usual one
}

func (f *scaleFlag) String() string { return f.text }
func (f *scaleFlag) Type() string   { return "rule" }

func (f *scaleFlag) Set(text string) error {
	rule, of, has := strings.Cut(text, "=")
	n, err := 0, error(nil)
	if has {
		n, err = strconv.Atoi(of)
	}
	if rule != "linear" && rule != "sqrt" || err != nil || has && n < 1 || n > 1<<20 {
		return errors.New("want linear or sqrt, or the batch size that the rate is for, too: linear=256")
	}
	f.text, f.rule, f.of = text, rule, n
	return nil
}

// scaled is the learning rate for batches of a size, of one that is for batches of the usual
// size, unless the flag names another.
func (f *scaleFlag) scaled(rate float32, batch, usual int) float32 {
	k := float64(batch) / float64(cmp.Or(f.of, usual))
	switch f.rule {
	case "linear":
		return float32(float64(rate) * k)
	case "sqrt":
		return float32(float64(rate) * math.Sqrt(k))
	}
	return rate
}

// apply sets what the flags say. The optimizer and its learning rate stand already,
// and so do the schedule and the label smoothing that hold without flags.
func (r *recipe) apply(c *train.Config, given func(flag string) bool) {
	if r.schedule.schedule != nil {
		c.Schedule = r.schedule.schedule
	}
	if given("warmup") {
		if w, ok := c.Schedule.(optim.Warmup); ok {
			c.Schedule = w.Then
		}
		if r.warmup > 0 {
			c.Schedule = optim.Warmup{Epochs: r.warmup, Then: c.Schedule}
		}
	}
	if r.clip > 0 {
		c.Optimizer = optim.ClipNorm{Max: r.clip, Of: c.Optimizer}
	}
	if given("label-smoothing") {
		c.LabelSmoothing = r.smoothing
	}
	c.Accumulate = r.accumulate
	c.EMA = optim.EMA{Decay: r.ema, Warmup: r.ema > 0}
	if r.wait > 0 {
		c.Plateau = &train.Plateau{Plateau: optim.Plateau{Patience: r.wait}}
	}
	if given("early-stop") {
		c.EarlyStop = train.EarlyStop{Patience: r.patience}
	}
	if c.EarlyStop.Patience > 0 || c.Plateau != nil {
		c.Best = runfolder.TestAccuracy
	}
}

// scheduleFlag is a flag for a schedule.
type scheduleFlag struct {
	text     string
	schedule optim.Schedule
}

func (f *scheduleFlag) String() string { return f.text }
func (f *scheduleFlag) Type() string   { return "schedule" }

var errSchedule = errors.New("want constant, cosine, onecycle, linear, polynomial=POWER, exponential=FACTOR, step=EPOCHS or step=EPOCHS:FACTOR")

func (f *scheduleFlag) Set(text string) error {
	name, argument, has := strings.Cut(text, "=")
	var numbers []float32
	for _, word := range strings.Split(argument, ":") {
		if !has {
			break
		}
		v, err := strconv.ParseFloat(word, 32)
		if err != nil || v <= 0 || v > 1e6 {
			return errSchedule
		}
		numbers = append(numbers, float32(v))
	}
	var s optim.Schedule
	switch n := len(numbers); {
	case name == "constant" && n == 0:
		s = optim.Constant{}
	case name == "cosine" && n == 0:
		s = optim.Cosine{}
	case name == "onecycle" && n == 0:
		s = optim.OneCycle{}
	case name == "linear" && n == 0:
		s = optim.Polynomial{Power: 1}
	case name == "polynomial" && n == 1:
		s = optim.Polynomial{Power: numbers[0]}
	case name == "exponential" && n == 1:
		s = optim.Exponential{Factor: numbers[0]}
	case name == "step" && (n == 1 || n == 2) && numbers[0] == float32(int(numbers[0])):
		step := optim.Step{Every: int(numbers[0])}
		if n == 2 {
			step.Factor = numbers[1]
		}
		s = step
	default:
		return errSchedule
	}
	if err := optim.CheckSchedule(s); err != nil {
		return fmt.Errorf("%w (%w)", errSchedule, err)
	}
	f.text, f.schedule = text, s
	return nil
}

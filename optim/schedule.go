package optim

import (
	"fmt"
	"math"
	"strings"
)

// A Schedule gives the learning rate of each step. Those of this package count in
// epochs, but change at every step where a formula allows that; of a run with one
// step an epoch they are PyTorch's schedulers stepped once an epoch.
type Schedule interface {
	// Rate returns the learning rate of a step, counted from 0 over all epochs, where
	// base is the learning rate that is set for the run.
	Rate(base float64, step uint64, run Run) float64
	// Describe says what the schedule is, with all its settings, for records: a run is
	// only resumed with a schedule of the same description. It names the length of
	// the run if the rates depend on it.
	Describe(run Run) string
}

// Run is the length of a training run.
type Run struct {
	// Steps is the number of steps in all, StepsPerEpoch that of an epoch, at least 1.
	Steps, StepsPerEpoch int
}

// epochs is a number of epochs for people, which need not be whole.
func (r Run) epochs() string {
	n := float64(r.Steps) / float64(max(r.StepsPerEpoch, 1))
	return fmt.Sprintf("%.6g epochs", n)
}

// done is the number of epochs that are done before a step.
func (r Run) done(step uint64) float64 { return float64(step) / float64(max(r.StepsPerEpoch, 1)) }

// part is the part of the run that is done before a step, at most 1.
func (r Run) part(step uint64) float64 { return min(float64(step)/float64(max(r.Steps, 1)), 1) }

// Constant is the schedule with the same rate at every step.
type Constant struct{}

// Rate implements Schedule.
func (Constant) Rate(base float64, _ uint64, _ Run) float64 { return base }

// Describe implements Schedule.
func (Constant) Describe(Run) string { return "constant" }

// A ScheduleFunc is a function as a schedule: it returns the rate itself. It must
// depend on the step only, or a resumed run will differ.
type ScheduleFunc func(step uint64) float32

// Rate implements Schedule.
func (f ScheduleFunc) Rate(_ float64, step uint64, _ Run) float64 { return float64(f(step)) }

// Describe implements Schedule.
func (ScheduleFunc) Describe(Run) string { return "a function" }

// Step multiplies the rate by Factor each Every epochs, as torch.optim's StepLR.
type Step struct {
	// Every is a number of epochs, at least 1.
	Every int
	// Factor is above 0; 0 means 0.1.
	Factor float32
}

// Rate implements Schedule.
func (s Step) Rate(base float64, step uint64, run Run) float64 {
	return base * math.Pow(exact(or(s.Factor, 0.1)), math.Floor(run.done(step)/float64(max(s.Every, 1))))
}

// Describe implements Schedule.
func (s Step) Describe(Run) string {
	return fmt.Sprintf("times %v every %d epochs", or(s.Factor, 0.1), s.Every)
}

// MultiStep multiplies the rate by Factor after each of some numbers of epochs, as
// torch.optim's MultiStepLR.
type MultiStep struct {
	// After are numbers of epochs, at least 1.
	After []int
	// Factor is above 0; 0 means 0.1.
	Factor float32
}

// Rate implements Schedule.
func (s MultiStep) Rate(base float64, step uint64, run Run) float64 {
	for _, epochs := range s.After {
		if run.done(step) >= float64(epochs) {
			base *= exact(or(s.Factor, 0.1))
		}
	}
	return base
}

// Describe implements Schedule.
func (s MultiStep) Describe(Run) string {
	return fmt.Sprintf("times %v after epochs %s", or(s.Factor, 0.1), strings.Trim(fmt.Sprint(s.After), "[]"))
}

// Cosine lowers the rate over the whole run along half a period of a cosine, as
// torch.optim's CosineAnnealingLR with T_max at the end of the run (Loshchilov &
// Hutter 2017, without restarts):
//
//	base · (Min + (1−Min)·(1+cos(π·step/steps))/2)
type Cosine struct {
	// Min is what the rate approaches, as a multiple of the base, from 0 to 1.
	Min float32
}

// Rate implements Schedule.
func (s Cosine) Rate(base float64, step uint64, run Run) float64 {
	least := exact(s.Min)
	return base * (least + (1-least)*(1+math.Cos(math.Pi*run.part(step)))/2)
}

// Describe implements Schedule.
func (s Cosine) Describe(run Run) string {
	return "cosine over " + run.epochs() + setting("minimum", s.Min)
}

// Polynomial lowers the rate over the whole run to 0, as torch.optim's PolynomialLR:
//
//	base · (1 − step/steps)^Power
type Polynomial struct {
	// Power is above 0; 0 means 1, a straight line.
	Power float32
}

// Rate implements Schedule.
func (s Polynomial) Rate(base float64, step uint64, run Run) float64 {
	return base * math.Pow(1-run.part(step), exact(or(s.Power, 1)))
}

// Describe implements Schedule.
func (s Polynomial) Describe(run Run) string {
	return fmt.Sprintf("polynomial over %s, power %v", run.epochs(), or(s.Power, 1))
}

// Exponential multiplies the rate by Factor in each epoch, a little at each step:
// base · Factor^epoch. torch.optim's ExponentialLR.
type Exponential struct {
	// Factor is above 0.
	Factor float32
}

// Rate implements Schedule.
func (s Exponential) Rate(base float64, step uint64, run Run) float64 {
	return base * math.Pow(exact(s.Factor), run.done(step))
}

// Describe implements Schedule.
func (s Exponential) Describe(Run) string { return fmt.Sprintf("times %v an epoch", s.Factor) }

// OneCycle raises the rate to the base, its greatest value, and lowers it far below
// where it began (Smith & Topin 2018), as torch.optim's OneCycleLR with two phases.
// Momentum stays as it is: PyTorch's cycle_momentum is left out.
type OneCycle struct {
	// Rise is the part of the steps in which the rate rises, from 0 to below 1; 0
	// means 0.3.
	Rise float32
	// Div is the base divided by the first rate, at least 1; 0 means 25.
	Div float32
	// FinalDiv is the first rate divided by the last one, at least 1; 0 means 10,000.
	FinalDiv float32
	// Linear changes the rate along straight lines, not along cosines.
	Linear bool
}

func (s OneCycle) withDefaults() OneCycle {
	s.Rise, s.Div, s.FinalDiv = or(s.Rise, 0.3), or(s.Div, 25), or(s.FinalDiv, 1e4)
	return s
}

// Rate implements Schedule.
func (s OneCycle) Rate(base float64, step uint64, run Run) float64 {
	s = s.withDefaults()
	first := base / exact(s.Div)
	last := first / exact(s.FinalDiv)
	peak, end := exact(s.Rise)*float64(run.Steps)-1, float64(run.Steps-1)
	switch at := float64(step); {
	case peak > 0 && at <= peak:
		return s.between(first, base, at/peak)
	case at >= end:
		return last
	default: // a rise of less than two steps begins at its end
		peak = max(peak, 0)
		return s.between(base, last, (at-peak)/(end-peak))
	}
}

// between is the rate at a part of the way from one rate to another.
func (s OneCycle) between(from, to, part float64) float64 {
	if s.Linear {
		return from + (to-from)*part
	}
	return to + (from-to)/2*(1+math.Cos(math.Pi*part))
}

// Describe implements Schedule.
func (s OneCycle) Describe(run Run) string {
	s = s.withDefaults()
	line := ""
	if s.Linear {
		line = ", linear"
	}
	return fmt.Sprintf("one cycle over %s, rise %v, div %v, final div %v%s", run.epochs(), s.Rise, s.Div, s.FinalDiv, line)
}

// Warmup raises the rate along a straight line from From to 1 times the base, and
// then follows another schedule for what is left of the run: torch.optim's LinearLR
// and that schedule in a SequentialLR.
type Warmup struct {
	// Epochs is how long the rise takes, above 0; it need not be whole.
	Epochs float32
	// From is the first rate as a multiple of the base, from 0 to 1. 0 means 0.01, as
	// in torchvision's training reference.
	From float32
	// Then follows; nil means Constant.
	Then Schedule
}

// steps is the length of the rise.
func (s Warmup) steps(run Run) int {
	return int(math.Round(exact(s.Epochs) * float64(run.StepsPerEpoch)))
}

// then is the schedule that follows, with its run.
func (s Warmup) then(run Run) (Schedule, Run) {
	run.Steps -= s.steps(run)
	if s.Then == nil {
		return Constant{}, run
	}
	return s.Then, run
}

// Rate implements Schedule.
func (s Warmup) Rate(base float64, step uint64, run Run) float64 {
	rise := uint64(max(s.steps(run), 0))
	if step < rise {
		from := exact(or(s.From, 0.01))
		return base * (from + (1-from)*float64(step)/float64(rise))
	}
	then, rest := s.then(run)
	return then.Rate(base, step-rise, rest)
}

// Describe implements Schedule.
func (s Warmup) Describe(run Run) string {
	then, rest := s.then(run)
	return fmt.Sprintf("warm-up from %v in %v epochs, then %s", or(s.From, 0.01), s.Epochs, then.Describe(rest))
}

// CheckSchedule reports settings of this package's schedules that are out of range. A
// nil schedule is right.
func CheckSchedule(s Schedule) error {
	above := func(what string, v float32) error {
		if !(v > 0 && v <= 1e30) {
			return fmt.Errorf("schedule: %s must be a number above 0, got %v", what, v)
		}
		return nil
	}
	part := func(what string, v float32) error {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("schedule: %s must be from 0 to 1, got %v", what, v)
		}
		return nil
	}
	switch s := s.(type) {
	case Step:
		if s.Every < 1 {
			return fmt.Errorf("schedule: a step every %d epochs: want at least 1", s.Every)
		}
		return above("the factor of a step", or(s.Factor, 0.1))
	case MultiStep:
		for _, epochs := range s.After {
			if epochs < 1 {
				return fmt.Errorf("schedule: a step after %d epochs: want at least 1", epochs)
			}
		}
		return above("the factor of a step", or(s.Factor, 0.1))
	case Cosine:
		return part("the minimum of the cosine", s.Min)
	case Polynomial:
		return above("the power", or(s.Power, 1))
	case Exponential:
		return above("the factor of an epoch", s.Factor)
	case OneCycle:
		s = s.withDefaults()
		if !(s.Rise > 0 && s.Rise < 1) || !(s.Div >= 1 && s.Div <= 1e30) || !(s.FinalDiv >= 1 && s.FinalDiv <= 1e30) {
			return fmt.Errorf("schedule: one cycle needs a rise above 0 and below 1 and divisors of at least 1, got %v, %v and %v", s.Rise, s.Div, s.FinalDiv)
		}
	case Warmup:
		if err := part("the beginning of the warm-up", s.From); err != nil {
			return err
		}
		if err := above("the length of the warm-up", s.Epochs); err != nil {
			return err
		}
		return CheckSchedule(s.Then)
	}
	return nil
}

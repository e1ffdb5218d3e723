package observe

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/train"
)

const (
	stepsFile = "steps.json"
	// maxPoints is the number of points from which on two are merged into one.
	maxPoints = 2048
)

// Steps are the points of the curves by step.
type Steps struct {
	// Started names the process that has written them, and Every is the number of steps of a
	// point. While both stay the same, points are only appended.
	Started int64 `json:"started"`
	Every   int   `json:"every"`
	// Batches is the number of steps in an epoch.
	Batches int `json:"batches"`
	Points
	// Now is where training stands; nil if it has ended.
	Now *Progress `json:"now,omitempty"`

	// Since the last point: the sum of the losses, and the number of steps, of images and of
	// those that were right.
	loss          float64
	steps, images int
	right         float64
}

// Points are columns of the same length, with an element for each point.
type Points struct {
	// Step is the last step of the point, from 1.
	Step []int `json:"step"`
	// Loss is the mean loss of the batches of its steps.
	Loss Column `json:"loss"`
	// Accuracy is that of the images of its steps, in training mode; NaN where it means nothing.
	Accuracy Column `json:"accuracy"`
	// Rate is the learning rate, and Speed the images per second in the epoch so far, at its last step.
	Rate  Column `json:"rate"`
	Speed Column `json:"speed"`
}

// A Column is a list of Numbers.
type Column []Number

// MarshalJSON implements json.Marshaler.
func (c Column) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 9*len(c)+2), '[')
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.append(b)
	}
	return append(b, ']'), nil
}

// Progress is where a training under way stands.
type Progress struct {
	// Epoch is the running epoch and Batch the number of its steps done, both from 1; Epochs and
	// Batches are how many there are. Step is the number of steps since the run began.
	Epoch   int `json:"epoch"`
	Epochs  int `json:"epochs"`
	Batch   int `json:"batch"`
	Batches int `json:"batches"`
	Step    int `json:"step"`
	// Loss and Accuracy are means over the epoch so far.
	Loss     Number `json:"loss"`
	Accuracy Number `json:"accuracy"`
	// Rate is the learning rate, Speed the images per second in the epoch so far.
	Rate  Number `json:"rate"`
	Speed Number `json:"speed"`
	// Tested of Tests images of the test set are done; both are 0 between tests.
	Tested int `json:"tested,omitempty"`
	Tests  int `json:"tests,omitempty"`
	// Left is the time that the rest takes, in seconds, if it goes on as so far; NaN before the first step.
	Left Number `json:"left"`
}

// Len returns the number of points.
func (p *Points) Len() int { return len(p.Step) }

// From returns the points from number i on, which share memory with p.
func (p *Points) From(i int) Points {
	return Points{p.Step[i:], p.Loss[i:], p.Accuracy[i:], p.Rate[i:], p.Speed[i:]}
}

// clone returns a copy.
func (p *Points) clone() Points {
	return Points{
		append([]int{}, p.Step...), append(Column{}, p.Loss...), append(Column{}, p.Accuracy...), append(Column{}, p.Rate...), append(Column{}, p.Speed...),
	}
}

// add adds a step, which may complete a point. It had so many images, of which right were right.
func (s *Steps) add(i train.StepInfo, images int, right float64) {
	s.loss += i.BatchLoss
	s.right += right
	s.images += images
	if s.steps++; s.steps < s.Every {
		return
	}
	s.Step = append(s.Step, i.Step)
	s.Loss = append(s.Loss, Number(s.loss/float64(s.steps)))
	s.Accuracy = append(s.Accuracy, Number(s.right/float64(s.images)))
	s.Rate = append(s.Rate, Number(i.LearningRate))
	s.Speed = append(s.Speed, Number(i.ImagesPerSecond))
	s.loss, s.steps, s.images, s.right = 0, 0, 0, 0
	if s.Len() >= maxPoints {
		s.merge()
	}
}

// merge merges two points into one.
func (s *Steps) merge() {
	n := s.Len() / 2
	for i := range n {
		s.Loss[i] = (s.Loss[2*i] + s.Loss[2*i+1]) / 2
		s.Accuracy[i] = (s.Accuracy[2*i] + s.Accuracy[2*i+1]) / 2
		s.Step[i], s.Rate[i], s.Speed[i] = s.Step[2*i+1], s.Rate[2*i+1], s.Speed[2*i+1]
	}
	s.truncate(n)
	s.Every *= 2
}

func (s *Steps) truncate(n int) {
	s.Step, s.Loss, s.Accuracy, s.Rate, s.Speed = s.Step[:n], s.Loss[:n], s.Accuracy[:n], s.Rate[:n], s.Speed[:n]
}

// goOn drops what comes after a step: a run that is resumed does it again.
func (s *Steps) goOn(step int) {
	n := s.Len()
	for n > 0 && s.Step[n-1] > step {
		n--
	}
	s.truncate(n)
}

// check rejects what add cannot have made.
func (s *Steps) check() error {
	n := s.Len()
	switch {
	case s.Every < 1 || s.Batches < 1:
		return fmt.Errorf("%d steps a point, %d an epoch", s.Every, s.Batches)
	case n > maxPoints || len(s.Loss) != n || len(s.Accuracy) != n || len(s.Rate) != n || len(s.Speed) != n:
		return errors.New("its columns differ in length")
	}
	for i := 1; i < n; i++ {
		if s.Step[i] <= s.Step[i-1] {
			return errors.New("its steps do not ascend")
		}
	}
	return nil
}

package zoo

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A Match says how well weights fit a network.
type Match struct {
	// Net is the network's name, and Library the one whose names the weights have, ""
	// if they are the network's own.
	Net, Library string
	// Fit is how many tensors of the network the weights have, with its shapes but for
	// the number of classes; Of is how many it has, and Beyond how many others the
	// weights have.
	Fit, Of, Beyond int
	// Differs is that of the Naming.
	Differs string
}

// Complete reports whether the weights have all that the network has and nothing else.
func (m Match) Complete() bool { return m.Fit == m.Of && m.Beyond == 0 }

// String says it, as a part of a sentence.
func (m Match) String() string {
	switch {
	case m.Complete() && m.Differs != "":
		return fmt.Sprintf("these are the weights that %s has for %s, which %s", m.Library, m.Net, m.Differs)
	case m.Complete():
		return fmt.Sprintf("these are the weights of %s", m.Net)
	}
	return fmt.Sprintf("of all networks %s is nearest: %d of its %d tensors are there, and %d others", m.Net, m.Fit, m.Of, m.Beyond)
}

// score is the share of the tensors on both sides that fit.
func (m Match) score() float64 { return float64(m.Fit) / float64(max(1, m.Of+m.Beyond)) }

// Recognize returns the network that weights are of, or else the nearest one. It reports
// false if less than half of the tensors fit any. It traces every network once, which
// takes some tenths of a second: it is for messages.
func Recognize(entries []tensor.Named) (best Match, ok bool) {
	for _, name := range Names() {
		if m := specs[name].match(entries); m.score() > best.score() {
			best = m
		}
	}
	return best, best.score() >= 0.5
}

// match compares weights with a network.
func (s Spec) match(entries []tensor.Named) Match {
	m := Match{Net: s.Name}
	network, err := nn.StateShapes(s.New(s.Classes), s.Input)
	if err != nil {
		return m
	}
	imported, found, _ := s.Import(entries, network)
	m.Library, m.Differs, m.Of = found.Library, found.Differs, len(network)
	for _, e := range imported {
		want, known := network[e.Name]
		switch {
		case strings.HasSuffix(e.Name, batchCount):
		case known && e.Tensor != nil && s.sameBut(e.Tensor.Shape(), want):
			m.Fit++
		default:
			m.Beyond++
		}
	}
	return m
}

// sameBut reports whether two shapes are the same but for the number of classes.
func (s Spec) sameBut(got, want tensor.Shape) bool {
	return got.Equal(want) || len(got) == len(want) && len(want) > 0 && want[0] == s.Classes && got[1:].Equal(want[1:])
}

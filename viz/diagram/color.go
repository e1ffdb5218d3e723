package diagram

import "github.com/strideml/stride/viz/diagram/internal/svg"

// A Color is one of the colours of marks, lines and bars. They can be told apart by colour-blind
// people; in line charts each also has dashes of its own.
type Color = svg.Color

// The colours.
const (
	Blue   = svg.Blue
	Orange = svg.Orange
	Green  = svg.Green
	Purple = svg.Purple
	Grey   = svg.Grey
)

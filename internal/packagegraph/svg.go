package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strings"
)

// Sizes in pixels of a picture that is shown as wide as it is. On a phone it is
// about two thirds of that, and the text still 10 pixels high.
const (
	boxWidth  = 118.0 // at least
	letter    = 9.7   // width of a letter of a name, on average, in the widest of the usual fonts
	padding   = 7.0   // on each side of a name
	boxHeight = 40.0
	gap       = 12.0 // between the boxes and arrows of a layer
	rise      = 34.0 // from layer to layer, where the arrows are
	margin    = 10.0
)

// colours of arrows, by the package from which they come: dark enough on white.
var colours = []string{"#1f6fb2", "#b2541f", "#2e8540", "#8a3fa0", "#b21f4c", "#4a6670", "#8a6d00", "#00797a"}

// svg draws the layout.
func (l *layout) svg(title string) []byte {
	left, right := math.Inf(1), math.Inf(-1)
	for _, layer := range l.layers {
		for _, n := range layer {
			left = min(left, n.x-n.width()/2)
			right = max(right, n.x+n.width()/2)
		}
	}
	width := right - left + 2*margin
	height := float64(len(l.layers))*(boxHeight+rise) - rise + 2*margin
	x := func(n *node) float64 { return n.x - left + margin }
	top := func(n *node) float64 { return margin + float64(n.layer)*(boxHeight+rise) }

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" font-family="system-ui, sans-serif" font-size="16">
<!-- Made by go run ./internal/packagegraph. -->
<title>%s</title>
<rect width="100%%" height="100%%" fill="#fff"/>
`, width, height, width, html.EscapeString(title))
	number := 0
	for _, layer := range l.layers {
		for _, n := range layer {
			if n.pkg == "" {
				continue
			}
			for _, to := range n.down {
				l.arrow(&b, n, to, colours[number%len(colours)], x, top)
			}
			number++
		}
	}
	for _, layer := range l.layers {
		for _, n := range layer {
			if n.pkg != "" {
				box(&b, n.pkg, x(n), top(n))
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// arrow draws a curve from a package, through the points where it passes layers,
// to the package at its end.
func (l *layout) arrow(b *bytes.Buffer, from *node, to [2]int, colour string, x, top func(*node) float64) {
	lastX, lastY := x(from), top(from)+boxHeight
	fmt.Fprintf(b, `<path fill="none" stroke="%s" stroke-width="1.5" stroke-opacity="0.75" d="M%.1f %.1f`, colour, lastX, lastY)
	for {
		n := l.layers[to[0]][to[1]]
		atX, atY := x(n), top(n)
		if n.pkg != "" {
			atY -= 6 // the arrow's head
		}
		bend := (atY - lastY) / 2
		fmt.Fprintf(b, ` C%.1f %.1f %.1f %.1f %.1f %.1f`, lastX, lastY+bend, atX, atY-bend, atX, atY)
		if n.pkg != "" {
			fmt.Fprintf(b, "\"/>\n<path fill=\"%s\" d=\"M%.1f %.1f l-4 0 l4 6 l4 -6 z\"/>\n", colour, atX, atY)
			return
		}
		lastX, lastY = atX, atY+boxHeight
		fmt.Fprintf(b, ` V%.1f`, lastY)
		to = n.down[0]
	}
}

// boxWidthOf is the width of a package's box, in which the last part of its name fits.
func boxWidthOf(pkg string) float64 {
	name := pkg[strings.LastIndex(pkg, "/")+1:]
	return max(boxWidth, letter*float64(len(name))+2*padding)
}

// box draws a package. The folder of a nested one is in a line of its own.
func box(b *bytes.Buffer, pkg string, x, top float64) {
	width := boxWidthOf(pkg)
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.0f" height="%.0f" rx="6" fill="#eef4fa" stroke="#5b7a99"/>`+"\n",
		x-width/2, top, width, boxHeight)
	slash := strings.LastIndex(pkg, "/")
	if slash < 0 {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" font-weight="600" fill="#111">%s</text>`+"\n", x, top+25, html.EscapeString(pkg))
		return
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" font-size="%d" fill="#445">%s</text>`+"\n", x, top+15, min(13, 190/(slash+1)), html.EscapeString(pkg[:slash+1]))
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" font-weight="600" fill="#111">%s</text>`+"\n", x, top+32, html.EscapeString(pkg[slash+1:]))
}

package svg

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Prefix begins all class names, so that a page which contains the SVG itself has none of them.
const Prefix = "sd-"

// A Color is one of the colours of marks, lines and bars. They can be told apart by colour-blind
// people; in line charts each also has dashes of its own.
type Color int

// The colours.
const (
	Blue Color = iota
	Orange
	Green
	Purple
	Grey
)

// Name is the colour in the names of classes, such as mark-blue.
func (c Color) Name() string {
	names := []string{"blue", "orange", "green", "purple", "grey"}
	return names[((int(c)%len(names))+len(names))%len(names)]
}

// Dashes are those of curves, in the order of the colours.
var Dashes = []string{"", "7 3", "2 2", "8 2 2 2", "12 3"}

// colours are written $name in rules: on light paper and on dark. All have a contrast of at least
// 4.5:1 with the paper, except those of fills.
var colours = map[string][2]string{
	"paper":  {"#fff", "#14171b"},
	"ink":    {"#1a1d21", "#e8eaed"},
	"faint":  {"#566070", "#a3acb9"},
	"edge":   {"#858e9b", "#7a8492"},
	"rule":   {"#d9dde3", "#363d47"},
	"raised": {"#f5f6f8", "#1e2329"},
	"blue":   {"#1f5fbf", "#7db0ff"},
	"orange": {"#b8480a", "#ffa05c"},
	"green":  {"#1a7a43", "#6fcf97"},
	"purple": {"#8a2f8f", "#e29be6"},
	"grey":   {"#566070", "#a3acb9"},
}

// rules is the style sheet: the declarations of each class.
var rules = map[string]string{
	"figure":   "font-family:" + fonts,
	"paper":    "fill:$paper",
	"cell":     "fill:$paper;stroke:$edge",
	"padding":  "fill:$raised;stroke:$edge;stroke-dasharray:3 2",
	"sheet":    "fill:$raised;stroke:$edge",
	"line":     "fill:none;stroke:$faint;stroke-width:1.5",
	"shortcut": "fill:none;stroke:$orange;stroke-width:2",
	"thin":     "fill:none;stroke:$edge",
	"axis":     "fill:none;stroke:$faint",
	"head":     "fill:$faint",
	"dashed":   "stroke-dasharray:5 3",
	"gridline": "fill:none;stroke:$rule",
	"top":      "fill:$blue;fill-opacity:.1;stroke:$blue;stroke-width:1.5;stroke-linejoin:round",
	"front":    "fill:$blue;fill-opacity:.22;stroke:$blue;stroke-width:1.5;stroke-linejoin:round",
	"aside":    "fill:$blue;fill-opacity:.34;stroke:$blue;stroke-width:1.5;stroke-linejoin:round",
	"box":      "fill:$raised;stroke:$edge;stroke-width:1.5",
	"frame":    "fill:none;stroke:$edge;stroke-dasharray:4 3",
}

func init() {
	for name, s := range styles {
		rules[name] = s.rule()
	}
	for c := Blue; c <= Grey; c++ {
		n := c.Name()
		rules["mark-"+n] = "fill:$" + n + ";fill-opacity:.16;stroke:$" + n + ";stroke-width:2.5"
		rules["edge-"+n] = "fill:none;stroke:$" + n + ";stroke-width:2.5"
		rules["fill-"+n] = "fill:$" + n
		rules["soft-"+n] = "fill:$" + n + ";fill-opacity:.25"
		rules["kind-"+n] = "fill:$" + n + ";fill-opacity:.14;stroke:$" + n + ";stroke-width:1.5"
		rules["curve-"+n] = "fill:none;stroke:$" + n + ";stroke-width:2;stroke-linejoin:round"
		rules["band-"+n] = "fill:$" + n + ";fill-opacity:.2"
	}
	for i, d := range Dashes {
		if d != "" {
			rules[fmt.Sprintf("dash%d", i)] = "stroke-dasharray:" + d
		}
	}
	// Shades of values, so light (or dark) that numbers can be read on them.
	for i := 1; i <= Shades; i++ {
		opacity := "fill-opacity:" + Num(0.06+0.44*float64(i-1)/(Shades-1))
		rules[ShadeClass(i)] = "fill:$blue;" + opacity
		rules[ShadeClass(-i)] = "fill:$orange;" + opacity
		opacity = "fill-opacity:" + Num(float64(i)/Shades)
		rules["ink"+ShadeClass(i)] = "fill:$ink;fill-opacity:" + Num(float64(i)/Shades)
		rules["deep"+ShadeClass(i)] = "fill:$blue;" + opacity
		rules["deep"+ShadeClass(-i)] = "fill:$orange;" + opacity
	}
}

// Shades is the number of shades of each sign.
const Shades = 8

// ShadeClass is the class of a shade, from −Shades to Shades, not 0. "deep" before it is for cells without
// numbers, "ink" for pictures.
func ShadeClass(i int) string {
	if i < 0 {
		return fmt.Sprintf("n%d", -i)
	}
	return fmt.Sprintf("v%d", i)
}

// styleSheet returns the rules of some classes, without any that is not used. Dark colours are for
// screens only: paper is white.
func styleSheet(used map[string]bool) string {
	used = maps.Clone(used)
	used["figure"] = true
	var light, dark strings.Builder
	for _, class := range slices.Sorted(maps.Keys(used)) {
		var inDark []string
		light.WriteString("." + Prefix + class + "{")
		for i, declaration := range strings.Split(rules[class], ";") {
			if i > 0 {
				light.WriteByte(';')
			}
			light.WriteString(withColours(declaration, 0))
			if strings.Contains(declaration, "$") {
				inDark = append(inDark, withColours(declaration, 1))
			}
		}
		light.WriteString("}\n")
		if inDark != nil {
			dark.WriteString("." + Prefix + class + "{" + strings.Join(inDark, ";") + "}\n")
		}
	}
	return "\n" + light.String() + "@media screen and (prefers-color-scheme:dark){\n" + dark.String() + "}\n"
}

// withColours returns a declaration with its colour on light (0) or dark (1) paper.
func withColours(declaration string, paper int) string {
	before, name, found := strings.Cut(declaration, "$")
	if !found {
		return declaration
	}
	return before + colours[name][paper]
}

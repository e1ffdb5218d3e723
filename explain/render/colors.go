package render

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"
)

// Colors names a colour map.
type Colors string

// The colour maps. All but Turbo get lighter, or darker, evenly, so that they can be read in grey, too.
const (
	// Viridis goes from dark blue over green to yellow.
	Viridis Colors = "viridis"
	// Inferno goes from black over red to pale yellow.
	Inferno Colors = "inferno"
	// Turbo goes from blue over green to red, a rainbow without false edges.
	Turbo Colors = "turbo"
	// Grey goes from black to white.
	Grey Colors = "grey"
	// Diverging goes from blue over white to red, for values of both signs: white is 0.
	Diverging Colors = "diverging"
)

// AllColors returns the colour maps.
func AllColors() []Colors { return []Colors{Viridis, Inferno, Turbo, Grey, Diverging} }

// The colours at 33 places from 0 to 1; those between are interpolated, which is off by at most 4 of 255. Viridis and
// Inferno are matplotlib's (Smith, van der Walt; CC0), Turbo is Google's (Mikhailov; Apache 2.0); Diverging was
// chosen for this package.
var tables = map[Colors][]color.RGBA{
	Viridis: table("440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d 2f6b8e 2c728e 297a8e 26828e 23898e 21918c " +
		"1f988b 1fa088 22a785 28ae80 32b67a 3fbc73 4ec36b 5ec962 70cf57 84d44b 98d83e addc30 c2df23 d8e219 ece51b fde725"),
	Inferno: table("000004 040312 0b0724 150b37 210c4a 2f0a5b 3d0965 4a0c6b 57106e 64156e 71196e 7d1e6d 8a226a 972766 a32c61 b0315b bc3754 " +
		"c73e4c d24644 db503b e45a31 eb6628 f1731d f68013 f98e09 fb9d07 fcac11 fbbc21 f9cb35 f5db4c f2ea69 f3f68a fcffa4"),
	Turbo: table("30123b 392a73 4040a2 4456c7 466be3 4680f6 4294ff 37a8fa 28bceb 1ccdd8 18ddc2 1fe9af 32f298 4ef97d 6dfe62 8bff4b a4fc3c " +
		"b9f635 cdec34 dfdf37 eecf3a f8be39 fdac34 fe962b fb7e21 f46617 eb500e df3f08 d02f05 be2102 a91601 920b01 7a0403"),
	Grey:      table("000000 ffffff"),
	Diverging: table("10408c 3f78b8 84b0da c4d9ec ffffff f3cdbc e59278 c94a3f 8c101c"),
}

func table(text string) (colours []color.RGBA) {
	for _, word := range strings.Fields(text) {
		v, err := strconv.ParseUint(word, 16, 32)
		if err != nil {
			panic(err) // a mistake in this file
		}
		colours = append(colours, color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255})
	}
	return colours
}

// ParseColors returns the colour map of a name; "" is Viridis.
func ParseColors(name string) (Colors, error) {
	if name == "" {
		return Viridis, nil
	}
	if _, ok := tables[Colors(name)]; !ok {
		return "", fmt.Errorf("render: unknown colours %q: there are %v", name, AllColors())
	}
	return Colors(name), nil
}

// At returns the colour of a number from 0 to 1; those beyond have the colour at the end, NaN that of 0.
func (c Colors) At(v float64) color.RGBA {
	t, ok := tables[c]
	if !ok {
		t = tables[Viridis]
	}
	at := min(max(v, 0), 1) * float64(len(t)-1)
	if at != at {
		at = 0
	}
	i := min(int(at), len(t)-2)
	return mix(t[i], t[i+1], at-float64(i))
}

// mix returns the colour that is the share t of the way from a to b.
func mix(a, b color.RGBA, t float64) color.RGBA {
	m := func(a, b uint8) uint8 { return uint8(float64(a) + t*(float64(b)-float64(a)) + 0.5) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 255}
}

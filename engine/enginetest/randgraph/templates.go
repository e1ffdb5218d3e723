package randgraph

import (
	"fmt"
	"math"
	"slices"
)

// templates are structures of several nodes that networks are made of and
// that single operators would rarely make.
var templates = []func(g *grower, x int){denseBlock, residual, inception, squeezeExcite, sharedWeights, nestedConcat, conjured, halves, activated, branches, gated, shuffle, splitAttention}

// image checks that x is an image.
func (g *grower) image(x int) (shape []int) {
	if len(g.shape(x)) != 4 {
		panic(invalid{fmt.Errorf("not an image")})
	}
	return g.shape(x)
}

// conv adds a convolution that keeps the size of the image, often with what
// engines fuse to it.
func (g *grower) conv(x, out, k int) int {
	s := g.image(x)
	if g.special {
		k = 1
	}
	args := []int{x, g.weight(out, s[1], k, k)}
	if g.chance(0.6) {
		args = append(args, g.weight(out))
	}
	return g.add(Step{Op: "Conv2D", Args: args, Ints: []int{1, 1, k / 2, k / 2, 1, 1, 1}})
}

// norm adds batch normalization, rarely another one, or nothing.
func (g *grower) norm(x int) int {
	switch {
	case g.chance(0.1):
		return g.add(drawLayerNorm(g, x))
	case g.chance(0.1):
		return g.add(drawGroupNorm(g, x))
	}
	if g.batch > 0 || g.chance(0.3) {
		if g.chance(0.5) {
			return x
		}
		return g.add(drawNormInference(g, x))
	}
	return g.add(drawNorm(g, x))
}

func (g *grower) activation(x int) int {
	return g.apply([]string{"ReLU", "ReLU", "ReLU6", "Sigmoid", "Tanh"}[g.r.IntN(5)], x)
}

// concat joins nodes along an axis in the given order.
func (g *grower) concat(axis int, x ...int) int {
	return g.add(Step{Op: "Concat", Args: x, Ints: []int{axis}})
}

// denseBlock is a block of DenseNet: each layer reads all before it.
func denseBlock(g *grower, x int) {
	growth := g.channels()
	for range g.between(1, 3) {
		y := g.conv(g.activation(g.norm(x)), growth, 3)
		x = g.concat(1, x, y)
	}
	if g.chance(0.5) {
		g.conv(g.activation(g.norm(x)), g.channels(), 1)
	}
}

// residual is a block of ResNet.
func residual(g *grower, x int) {
	y := g.activation(g.norm(g.conv(x, g.image(x)[1], 3)))
	if g.chance(0.5) {
		y = g.norm(g.conv(y, g.shape(x)[1], 3))
	}
	y = g.apply("Add", y, x)
	if g.chance(0.8) {
		g.activation(y)
	}
}

// branches is a sum of convolutions of an image that are one convolution, as networks
// like RepVGG, MobileOne and FastViT have them.
func branches(g *grower, x int) {
	s := g.image(x)
	depthwise, kernel, dilation := g.chance(0.4), g.between(1, 3), g.between(1, 2)
	branch := func(k int) int {
		w, groups := g.weight(s[1], s[1], k, k), 1
		if depthwise {
			w, groups = g.weight(s[1], 1, k, k), s[1]
		}
		pad := dilation * (k / 2)
		return g.norm(g.add(Step{Op: "Conv2D", Args: []int{x, w}, Ints: []int{1, 1, pad, pad, dilation, dilation, groups}}))
	}
	if kernel == 2 || g.special {
		kernel = 1
	}
	y := branch(kernel)
	for range g.between(1, 3) {
		z := x
		switch g.r.IntN(3) {
		case 0:
			z = branch(1)
		case 1:
			z = branch(kernel)
		}
		if g.chance(0.3) {
			z = g.norm(z)
		}
		if g.chance(0.3) {
			y = g.apply("Mul", y, g.weight(s[1], 1, 1))
		}
		if g.chance(0.5) {
			y, z = z, y
		}
		y = g.apply([]string{"Add", "Add", "Sub"}[g.r.IntN(3)], y, z)
	}
	if g.chance(0.5) {
		g.activation(y)
	}
}

// gated is an activation as a product of several operators.
func gated(g *grower, x int) {
	switch g.r.IntN(3) {
	case 0:
		g.apply("Mul", x, g.apply("Sigmoid", x))
	case 1:
		g.apply("Mul", g.apply("HardSigmoid", x), x)
	default:
		e := g.apply("Erf", g.apply("Div", x, g.scalar(math.Sqrt2)))
		g.apply("Mul", g.apply("Mul", x, g.apply("Add", e, g.scalar(1))), g.scalar(0.5))
	}
}

// shuffle takes groups of channels in turn, as ShuffleNet does.
func shuffle(g *grower, x int) {
	if g.chance(0.5) {
		x = g.concat(1, x, g.activation(x))
	}
	s := g.image(x)
	groups := g.divisor(s[1])
	y := g.add(Step{Op: "Reshape", Args: []int{x}, Ints: []int{s[0], groups, s[1] / groups, s[2], s[3]}})
	y = g.add(Step{Op: "Transpose", Args: []int{y}, Ints: []int{0, 2, 1, 3, 4}})
	y = g.add(Step{Op: "Reshape", Args: []int{y}, Ints: slices.Clone(s)})
	if g.chance(0.5) {
		g.add(drawSlice(g, y))
	}
}

// splitAttention adds up weighted groups of channels or images, as ResNeSt and SKNet do.
func splitAttention(g *grower, x int) {
	s := g.image(x)
	n := g.divisor(s[1])
	shape := []int{s[0], n, s[1] / n, s[2], s[3]}
	y := g.add(Step{Op: "Reshape", Args: []int{x}, Ints: shape})
	if g.chance(0.3) {
		shape = []int{s[0], 1, s[1], s[2], s[3]}
		y = g.add(Step{Op: "Reshape", Args: []int{x}, Ints: shape})
		y = g.concat(1, y, g.add(Step{Op: "Reshape", Args: []int{g.activation(x)}, Ints: shape}))
	}
	if g.chance(0.7) {
		a := g.add(Step{Op: "MeanKeep", Args: []int{y}, Ints: []int{3, 4}})
		y = g.apply("Mul", y, g.add(Step{Op: "Softmax", Args: []int{a}, Ints: []int{1}}))
	}
	g.add(Step{Op: "Sum", Args: []int{y}, Ints: []int{1}})
}

// divisor returns a divisor of n, larger than 1 if there is one.
func (g *grower) divisor(n int) int {
	var all []int
	for i := 2; i <= n; i++ {
		if n%i == 0 {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return 1
	}
	return all[g.r.IntN(len(all))]
}

// inception is a block of parallel paths.
func inception(g *grower, x int) {
	paths := []int{g.activation(g.conv(x, g.channels(), 1))}
	for range g.between(1, 3) {
		switch g.r.IntN(4) {
		case 0:
			paths = append(paths, g.activation(g.conv(g.activation(g.conv(x, g.channels(), 1)), g.channels(), 3)))
		case 1:
			p := g.add(Step{Op: "MaxPool2D", Args: []int{x}, Ints: []int{1, 1, 1, 1, 1, 1, 3, 3, 0, 0}})
			paths = append(paths, g.activation(g.conv(p, g.channels(), 1)))
		case 2:
			paths = append(paths, x)
		default:
			paths = append(paths, paths[0])
		}
	}
	g.r.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	g.concat(1, paths...)
}

// squeezeExcite scales channels by what they have on average.
func squeezeExcite(g *grower, x int) {
	c := g.image(x)[1]
	s := g.add(Step{Op: "MeanKeep", Args: []int{x}, Ints: []int{2, 3}})
	s = g.conv(g.activation(g.conv(s, g.channels(), 1)), c, 1)
	y := g.apply("Mul", x, g.apply("Sigmoid", s))
	if g.chance(0.3) {
		g.apply("Add", y, x)
	}
}

// sharedWeights uses one weight several times.
func sharedWeights(g *grower, x int) {
	s := g.shape(x)
	if len(s) == 2 {
		w := g.weight(s[1], s[1])
		for range g.between(2, 3) {
			x = g.activation(g.apply("Linear", x, w))
		}
		return
	}
	g.image(x)
	k := 3
	if g.special {
		k = 1
	}
	w := g.weight(s[1], s[1], k, k)
	for range g.between(2, 3) {
		x = g.add(Step{Op: "Conv2D", Args: []int{x, w}, Ints: []int{1, 1, k / 2, k / 2, 1, 1, 1}})
		if g.chance(0.6) {
			x = g.activation(x)
		}
	}
}

// nestedConcat joins joined nodes, along the same axis and along others.
func nestedConcat(g *grower, x int) {
	parts := []int{x, g.activation(x)}
	if y, ok := g.find(func(s []int) bool { return slices.Equal(s, g.shape(x)) }); ok {
		parts = append(parts, y)
	}
	for range g.between(2, 3) {
		axis, ok := g.axis(x)
		if !ok {
			panic(invalid{fmt.Errorf("too few axes")})
		}
		if len(g.shape(x)) == 4 && g.chance(0.6) {
			axis = 1
		}
		var chosen []int
		for range g.between(2, 3) {
			chosen = append(chosen, parts[g.r.IntN(len(parts))])
		}
		y := g.concat(axis, chosen...)
		parts = []int{y, y}
		if g.chance(0.5) {
			parts = append(parts, g.activation(y))
		}
		if z, ok := g.find(func(s []int) bool { return slices.Equal(s, g.shape(y)) }); ok {
			parts = append(parts, z)
		}
		x = y
	}
}

// conjured goes on from a new leaf by an operator that keeps its elements.
func conjured(g *grower, x int) {
	y := g.anyLeaf(g.shape(x)...)
	if g.chance(0.5) {
		y = g.add(drawSlice(g, y))
	}
	if g.chance(0.3) {
		y = g.add(drawReshape(g, y))
	}
	if len(g.shape(y)) == 4 && g.chance(0.5) {
		g.conv(y, g.channels(), 1)
	}
}

// halves goes separate ways with two parts of a node and joins them again.
func halves(g *grower, x int) {
	axis, ok := g.axis(x)
	if !ok || g.shape(x)[axis] < 2 {
		panic(invalid{fmt.Errorf("too few axes")})
	}
	n := g.shape(x)[axis]
	at := g.between(1, n-1)
	a := g.add(Step{Op: "Slice", Args: []int{x}, Ints: []int{axis, 0, at}})
	b := g.add(Step{Op: "Slice", Args: []int{x}, Ints: []int{axis, at, n}})
	if g.chance(0.7) {
		a = g.activation(a)
	}
	if g.chance(0.3) {
		b = g.activation(b)
	}
	if g.chance(0.5) {
		a, b = b, a
	}
	g.concat(axis, a, b)
}

// activated is a layer as most networks have it.
func activated(g *grower, x int) {
	if len(g.shape(x)) != 4 {
		g.activation(g.norm(g.add(operators["Linear"].draw(g, x))))
		return
	}
	y := g.activation(g.norm(g.add(drawConv(g, x))))
	if g.chance(0.4) {
		g.add(drawPool(g, y, "MaxPool2D"))
	}
}

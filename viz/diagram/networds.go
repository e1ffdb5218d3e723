package diagram

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// kindNames are the names of layers and operators, in English and Chinese, as in Dive into Deep Learning and its Chinese
// edition.
var kindNames = map[string][2]string{
	"Conv2D":            {"conv", "卷积层"},
	"ConvTranspose2D":   {"transposed conv", "转置卷积层"},
	"MaxPool2D":         {"max pooling", "最大汇聚层"},
	"AvgPool2D":         {"average pooling", "平均汇聚层"},
	"GlobalAvgPool2D":   {"global average pooling", "全局平均汇聚层"},
	"AdaptiveAvgPool2D": {"adaptive average pooling", "自适应平均汇聚层"},
	"Linear":            {"fully connected", "全连接层"},
	"BatchNorm":         {"batch norm", "批量规范化"},
	"BatchNormScratch":  {"batch norm", "批量规范化"},
	"LayerNorm":         {"layer norm", "层规范化"},
	"GroupNorm":         {"group norm", "组规范化"},
	"LRN":               {"local response norm", "局部响应规范化"},
	"LocalResponseNorm": {"local response norm", "局部响应规范化"},
	"Flatten":           {"flatten", "展平"},
	"Dropout":           {"dropout", "暂退法"},
	"Sigmoid":           {"sigmoid", "sigmoid"},
	"Tanh":              {"tanh", "tanh"},
	"Softmax":           {"softmax", "softmax"},
	"Mean":              {"mean", "均值"},
	"Concat":            {"concatenate channels", "在通道上拼接"},
	"Residual":          {"residual block", "残差块"},
	"Bottleneck":        {"bottleneck block", "瓶颈残差块"},
	"Inception":         {"Inception block", "Inception 块"},
	"DenseBlock":        {"dense block", "稠密块"},
}

// minor are the layers that stand in the box of the layer before them.
var minor = []string{"BatchNorm", "BatchNormScratch", "GroupNorm", "LayerNorm", "LRN", "LocalResponseNorm", "ReLU", "ReLU6", "LeakyReLU", "ELU",
	"GELU", "SiLU", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Softplus", "Softmax", "Dropout", "Clip", "Identity", "StochasticDepth"}

// signs are operators that are drawn as a circle.
var signs = map[string]string{"Add": "+", "Mul": "×", "Sub": "−"}

func (m *unitMaker) chinese() bool { return strings.HasPrefix(m.Language, "zh") }

func (m *unitMaker) pick(en, zh string) string {
	if m.chinese() {
		return zh
	}
	return en
}

// word is the name of a layer.
func (m *unitMaker) word(path, kind, en, zh string) string {
	if n, ok := m.Names[path]; ok {
		return n
	}
	if n, ok := m.Names[kind]; ok {
		return n
	}
	return m.pick(en, zh)
}

func (m *unitMaker) kindWord(path, kind string) string {
	names, ok := kindNames[kind]
	if !ok {
		names = [2]string{kind, kind}
	}
	return m.word(path, kind, names[0], names[1])
}

// describe fills a unit for one row, and reports whether it may stand in the box before.
func (m *unitMaker) describe(u *unit, row int) bool {
	r := m.rows[row]
	u.Shape = shapeText(r.Node.Shape())
	u.Title = m.kindWord(r.Path, r.Kind)
	if r.Operator {
		u.Title = m.kindWord("", r.Kind)
	}
	u.Class = "kind-grey"
	switch sign, ok := signs[r.Kind]; {
	case ok && r.Operator && len(r.Inputs) > 1:
		u.Sign, u.Title = sign, ""
		return false
	case r.Kind == "Concat":
		u.Concat = true
		return false
	case slices.Contains(minor, r.Kind) || ok && r.Operator:
		u.norm = strings.Contains(r.Kind, "Norm")
		return true
	}
	for _, n := range r.Nodes {
		switch op := n.Op().(type) {
		case graph.Conv2DOp:
			k := n.Inputs()[1].Shape()
			u.Class = "kind-blue"
			m.convolution(u, [2]int{k[2], k[3]}, n.Shape()[1], op.Groups, op.Window)
		case graph.MaxPool2DOp:
			u.Class = "kind-orange"
			m.windowed(u, op.Kernel, op.Window)
		case graph.AvgPool2DOp:
			u.Class = "kind-orange"
			m.windowed(u, op.Kernel, op.Window)
		}
	}
	switch r.Kind {
	case "GlobalAvgPool2D", "AdaptiveAvgPool2D":
		u.Class = "kind-orange"
	case "Linear":
		u.Class = "kind-green"
		u.Title += m.pick(", ", "，") + strconv.Itoa(r.Node.Shape()[len(r.Node.Shape())-1])
	case "Flatten":
		u.Class = "box"
	}
	return false
}

func (m *unitMaker) convolution(u *unit, kernel [2]int, channels, groups int, w graph.Window) {
	m.windowed(u, kernel, w)
	u.Title += m.pick(", ", "，") + strconv.Itoa(channels)
	if groups > 1 {
		u.Details = append(u.Details, m.pick("groups ", "分组 ")+strconv.Itoa(groups))
	}
}

// windowed writes kernel, stride and padding.
func (m *unitMaker) windowed(u *unit, kernel [2]int, w graph.Window) {
	u.Title = pair(kernel) + " " + u.Title
	for i := range w.Stride {
		w.Stride[i] = max(w.Stride[i], 1)
		w.Dilation[i] = max(w.Dilation[i], 1)
	}
	if w.Stride != [2]int{1, 1} || u.Class == "kind-orange" {
		u.Details = append(u.Details, m.pick("stride ", "步幅 ")+single(w.Stride))
	}
	if w.Pad != [2]int{} {
		u.Details = append(u.Details, m.pick("padding ", "填充 ")+single(w.Pad))
	}
	if w.Dilation != [2]int{1, 1} {
		u.Details = append(u.Details, m.pick("dilation ", "空洞 ")+single(w.Dilation))
	}
}

func pair(p [2]int) string { return fmt.Sprintf("%d×%d", p[0], p[1]) }

func single(p [2]int) string {
	if p[0] == p[1] {
		return strconv.Itoa(p[0])
	}
	return pair(p)
}

// describeBlock fills a unit for the rows of a block.
func (m *unitMaker) describeBlock(u *unit, path, kind string, first, last int) {
	u.Class, u.block = "kind-purple", true
	u.Title = m.kindWord(path, kind)
	out := m.rows[last-1].Node.Shape()
	if n, err := m.trace.OutputOf(path); err == nil {
		out = n.Shape()
	}
	u.Shape = shapeText(out)
	for _, r := range m.rows[first:last] {
		u.Inside += r.Kind
		for _, n := range r.Nodes {
			u.Inside += n.Shape().String() // of the parameters, too
		}
	}
	in := m.inputOf(first)
	if len(in) != 4 || len(out) != 4 {
		return
	}
	if out[1] != in[1] {
		u.Details = append(u.Details, fmt.Sprintf(m.pick("channels %d → %d", "通道 %d → %d"), in[1], out[1]))
	}
}

// shapeText writes a shape with the batch as people read it: 64 × 56×56.
func shapeText(s tensor.Shape) string {
	if len(s) == 4 {
		return fmt.Sprintf("%d × %d×%d", s[1], s[2], s[3])
	}
	if len(s) < 2 {
		return s.String()
	}
	return s[1:].String()
}

package site

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// A livePart has a title and a sentence that says what it does, by language. Its
// script is assets/live/parts/NAME.js.
type livePart struct {
	title, does map[string]string
}

func words(en, zh string) map[string]string { return map[string]string{"en": en, "zh": zh} }

// liveParts are those that texts can show.
var liveParts = map[string]livePart{
	"window": {words("The sliding window", "滑动的窗口"),
		words("Change the picture and the kernel, and watch how the window slides and which sum it computes.", "修改图像和卷积核，观察窗口如何滑动、算出哪个和。")},
	"sizes": {words("Output sizes", "输出的大小"),
		words("Change the sizes, and see the formula with their numbers.", "调整各个大小，查看代入数值后的公式。")},
	"channels": {words("Channels", "通道"),
		words("See how each output channel is the sum over the input channels.", "查看每个输出通道如何由各输入通道相加得到。")},
	"learn-kernel": {words("A kernel is learnt", "学习卷积核"),
		words("Watch gradient descent find the kernel of an edge detector.", "观察梯度下降如何找到边缘检测的卷积核。")},
	"pool": {words("Pooling", "汇聚"),
		words("Compare maximum and average pooling, with stride and padding.", "比较最大汇聚层和平均汇聚层，以及步幅和填充的作用。")},
	"receptive-field": {words("Receptive fields", "感受野"),
		words("Click an output, and see which pixels of the input it depends on.", "点击一个输出元素，查看它依赖输入的哪些像素。")},
	"train-lenet": {words("LeNet is trained in this page", "在本页训练 LeNet"),
		words("The library trains a network on images of Fashion-MNIST in your browser.", "在你的浏览器里，用 Fashion-MNIST 的图像训练网络。")},
	"draw": {words("Draw, and see what the network makes of it", "画一幅图，看网络如何识别"),
		words("Draw a piece of clothing with the mouse or a finger, and see the prediction and every feature map.", "用鼠标或手指画一件衣物，查看预测结果和每一层的特征映射。")},
	"augment": {words("Image augmentation", "图像增广"),
		words("Choose how an image is changed at random, and see the versions of it.", "选择如何随机改变图像，查看得到的各个版本。")},
	"blocks": {words("What a network consists of", "网络由什么组成"),
		words("Change the numbers of a block, and see shapes, parameters, multiply-adds and receptive field.", "修改块的参数，查看形状、参数量、乘加次数和感受野。")},
	"batchnorm": {words("With and without batch normalization", "有无批量规范化的对比"),
		words("Train two networks side by side, and see the distribution of each layer's values.", "同时训练两个网络，查看每一层数值的分布。")},
	"residual": {words("With and without shortcuts", "有无快捷连接的对比"),
		words("Train two deep networks side by side, and see the gradient of each layer.", "同时训练两个深层网络，查看每一层的梯度。")},
	"growth": {words("The growth rate of DenseNet", "DenseNet 的增长率"),
		words("Change the growth rate, and see channels, parameters and memory.", "修改增长率，查看通道数、参数量和内存。")},
	"machine": {words("How fast this browser computes", "浏览器的计算速度"),
		words("Measure the ways to compute a convolution, here and now.", "在当前浏览器中测量计算卷积的几种算法。")},
}

// writeLive writes the place of a live part. Its script fills it; what is written
// here is for readers whose browser runs no scripts, and for paper.
func (p *page) writeLive(w util.BufWriter, n ast.Node, name, options string) {
	part, ok := liveParts[name]
	if !ok {
		p.problem(n, "no live part is called %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(liveParts)), ", "))
		return
	}
	if options == "" {
		options = "{}"
	}
	if !json.Valid([]byte(options)) {
		p.problem(n, "the options of the live part are no JSON: %s", options)
		return
	}
	id := "live-" + name
	title := part.title[p.language]
	if p.liveNames[name]++; p.liveNames[name] > 1 { // another title for screen readers, which list them
		id += fmt.Sprintf("-%d", p.liveNames[name])
		title += fmt.Sprintf(" %d", p.liveNames[name])
	}
	why, missing := "needsScripts", ""
	if p.of.library == 0 {
		why, missing = "needsLibrary", " data-missing"
	}
	fmt.Fprintf(w, `<section class="live" id="%s" data-live="%s" data-options="%s"%s aria-labelledby="%s-title">
<p class="live-title" id="%s-title">%s</p>
<p class="live-does">%s</p>
<p class="live-off note">%s</p>
</section>
`, id, name, html.EscapeString(options), missing, id, id, html.EscapeString(title), html.EscapeString(part.does[p.language]), p.say(why))
}

package conv

import (
	"math"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// An MBConv computes two convolutions of an inverted bottleneck together: a 1×1
// convolution, the expansion, and the depthwise convolution of its result. The expanded
// image is never in memory as a whole: a task computes some channels of it, some rows at
// a time, to scratch memory that stays in the second-level cache, and from these the
// depthwise convolution. All sums have the bits that the two plans give.
type MBConv struct {
	expand    *Direct
	depthwise *Depthwise

	block, blocks int      // channels of a task, at most, and how many tasks share all channels
	strip, strips int      // output rows of a task, and how many tasks share all rows
	rows          int      // output rows that are computed at a time
	windows       [][2]int // of each output row: it reads no other expanded rows than from ≤ y < to
	buffer        int      // expanded rows in scratch memory
	compact       bool     // results are computed in scratch memory, and then copied
	piece         int      // output rows that are computed before they are copied
	pitch         int      // from pixel to pixel of the output
	aOff          []int32  // of the pixels of so many rows: where they lie in the source
	shapes        [2]mbShape
}

// An mbShape is that of tasks that have the same number of channels: panels differ by one at most.
type mbShape struct {
	pitch     int // from pixel to pixel in scratch memory: the channels, rounded up to whole panels
	depthwise *Depthwise
	cOff      []int32 // of the pixels of the rows in scratch memory: where they lie there
}

// MBOperands are those of an [MBConv].
type MBOperands struct {
	Source, Out []float32
	Expand      Filter
	Depthwise   Filter
	Clip        [2]gemm.Clip // of both results

	// Then, if it is not nil, changes some of the expanded values in place, after Clip, and Done
	// some of the result, with the rest of the scratch memory. [MBConv.SetPitch] must know of Done.
	Then, Done func(values, scratch []float32)
}

// A Filter has the weights and the bias of a convolution, packed as its plan asks for.
// Bias may be nil.
type Filter struct{ Weights, Bias []float32 }

// NewMBConv returns a plan that computes two convolutions together, given the plans of both. It is
// nil if the first is not a 1×1 convolution as direct sums, or the second no depthwise one.
func NewMBConv(first, second Plan) *MBConv {
	e, ok := first.(*Direct)
	if !ok || !e.isPointwise() || e.groups > 1 || e.transposed || e.srcStep != [2]int{1, 1} {
		return nil
	}
	d, ok := second.(*Depthwise)
	if !ok || d.problem.Kind != Output {
		return nil
	}
	m := &MBConv{expand: e, depthwise: d, pitch: d.out.Pitch}
	for i := range m.shapes {
		m.shapes[i].depthwise = newDepthwise(d.problem)
	}
	m.planWindows()
	m.planTasks()
	m.SetPitch(e.source.Pitch, m.pitch, false)
	return m
}

// maxStrips is how many tasks share the rows of an image at most.
const maxStrips = 16

// planWindows finds the expanded rows that each output row reads.
func (m *MBConv) planWindows() {
	d := m.depthwise
	vertical := axisPhases(d.problem)[0][0]
	for y := range d.out.H {
		from, to := math.MaxInt, 0
		for _, t := range vertical.taps {
			if at := t.at + y*vertical.advance; at >= 0 && at < d.src.H {
				from, to = min(from, at), max(to, at+1)
			}
		}
		m.windows = append(m.windows, [2]int{min(from, to), to})
	}
	// With a dilation, a row may read an earlier one than the row before it. What a
	// later row reads is kept.
	least := math.MaxInt
	for y := range slices.Backward(m.windows) {
		if w := &m.windows[y]; w[0] < w[1] {
			least = min(least, w[0])
			w[0] = least
		}
	}
}

// reads returns the expanded rows from ≤ y < to that the output rows first ≤ y < end read.
func (m *MBConv) reads(first, end int) (from, to int) {
	from = math.MaxInt
	for _, w := range m.windows[first:end] {
		if w[0] < w[1] {
			from, to = min(from, w[0]), max(to, w[1])
		}
	}
	return min(from, to), to
}

// planTasks chooses how many tasks share the channels and how many the rows.
func (m *MBConv) planTasks() {
	e, d := m.expand, m.depthwise
	best := math.Inf(1)
	for blocks := 1; blocks <= e.panels; blocks++ {
		for strips := 1; strips <= min(maxStrips, d.out.H); strips *= 2 {
			strip := (d.out.H + strips - 1) / strips
			if cost := m.tasksCost(blocks, strip, (d.out.H+strip-1)/strip); cost < best {
				best, m.blocks, m.strip, m.strips = cost, blocks, strip, (d.out.H+strip-1)/strip
			}
		}
	}
	m.block = (e.panels + m.blocks - 1) / m.blocks * e.nr
	m.rows, m.buffer = m.strip, m.bufferRows(m.strip)
	for m.rows > 1 && m.buffer*e.out.W*m.block > work.Limit.FrameFloats {
		m.rows = (m.rows + 1) / 2
		m.buffer = m.bufferRows(m.rows)
	}
	m.piece = min(m.rows, max(1, pieceFloats/(d.out.W*m.block)))
}

// tasksCost estimates the time of all tasks.
func (m *MBConv) tasksCost(blocks, strip, strips int) float64 {
	e, d := m.expand, m.depthwise
	first := (strips - 1) / 2 * strip // of a strip in the middle
	from, to := m.reads(first, first+strip)
	pixels, tasks := (to-from)*e.out.W, d.n*blocks*strips
	cost := float64(d.n*e.panels*e.nr) / 8 * float64(strips*pixels*e.source.C+d.out.H*d.out.W*d.taps)
	cost *= 1 + narrowCost*float64(blocks)/float64(e.panels)
	if d.n < work.Limit.MinimalTasks && cost >= float64(work.Limit.TaskFMAs)/8 { // otherwise one worker may take all
		cost *= unevenness(tasks, func(task int) int {
			block, strip0 := task%blocks, task/blocks%strips*strip
			return ((block+1)*e.panels/blocks - block*e.panels/blocks) * min(strip, d.out.H-strip0)
		})
	}
	traffic := d.n * strips * e.source.C * e.out.C
	if blocks > 1 { // other operations cut images by rows, so a core's cache has rows
		traffic += d.n * (e.source.Elements() + d.out.Elements())
	}
	if pixels*e.source.C > work.Limit.FrameFloats { // the channels are read from memory once more by each task
		traffic += tasks * pixels * e.source.C
	}
	return cost + taskCost*float64(tasks) + trafficCost*float64(traffic)
}

// bufferRows is how many expanded rows must be in scratch memory to compute a number of
// output rows at a time.
func (m *MBConv) bufferRows(rows int) (most int) {
	for first := 0; first < m.depthwise.out.H; first += m.strip {
		end := min(first+m.strip, m.depthwise.out.H)
		for y := first; y < end; y += rows {
			from, to := m.reads(y, min(y+rows, end))
			most = max(most, to-from)
		}
	}
	return most
}

// SetPitch tells in which distances the pixels of source and output lie, and whether
// the operands have a Done.
func (m *MBConv) SetPitch(source, out int, done bool) {
	m.expand.source.Pitch, m.pitch = source, out
	m.compact = done && (m.blocks > 1 || out != m.expand.out.C) // or else the result is contiguous where it is
	pixels := m.buffer * m.expand.out.W
	if m.aOff = offsets(pixels, source); m.expand.pairs {
		m.aOff = offsets(pixels, m.expand.sourcePitch())
	}
	for i := range m.shapes {
		s := &m.shapes[i]
		s.pitch = max(1, m.expand.panels/m.blocks+i) * m.expand.nr
		s.cOff = offsets(pixels, s.pitch)
		if m.compact {
			out = s.pitch
		}
		s.depthwise.SetPitch(s.pitch, out)
	}
}

// offsets returns the offsets of n pixels that are a pitch apart.
func offsets(n, pitch int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i * pitch)
	}
	return list
}

// Expand returns the plan of the expansion, which packs its weights and bias.
func (m *MBConv) Expand() ImagePlan { return m.expand }

// Depthwise returns the plan of the depthwise convolution.
func (m *MBConv) Depthwise() ImagePlan { return m.depthwise }

// Algorithm is the name of the plan in profiles.
func (m *MBConv) Algorithm() string { return "MBConv" }

// Tasks is the number of tasks: of each image, strips of rows by blocks of channels.
func (m *MBConv) Tasks() int { return m.depthwise.n * m.strips * m.blocks }

// Scratch is the scratch memory of a task.
func (m *MBConv) Scratch() int { return m.expandedSize() + m.resultSize() + m.pairsSize() }

// pairsSize is the size of the source pixels that are rounded to bfloat16 at a time.
func (m *MBConv) pairsSize() int {
	if !m.expand.pairs {
		return 0
	}
	return work.RoundUp(m.buffer*m.expand.out.W*m.expand.sourcePitch(), work.AlignFloats)
}

func (m *MBConv) expandedSize() int {
	return work.RoundUp(m.buffer*m.expand.out.W*m.block+work.SlackFloats, work.AlignFloats)
}

func (m *MBConv) resultSize() int {
	if !m.compact {
		return 0
	}
	return work.RoundUp(m.piece*m.depthwise.out.W*m.block, work.AlignFloats)
}

// mbTask is a task while it runs.
type mbTask struct {
	plan     *MBConv
	shape    *mbShape
	operands MBOperands
	source   []float32 // the image
	out      []float32 // the image, from the first channel on
	channel  int       // the first channel
	channels int
	bias     []float32 // of the depthwise convolution
	expanded []float32 // the expanded rows lo ≤ y < hi
	lo, hi   int
	result   []float32 // a piece of the result
	pairs    []float32 // source pixels in bfloat16
	scratch  []float32 // the rest
}

// Run computes one task.
func (m *MBConv) Run(task int, o MBOperands, scratch []float32) {
	e, d := m.expand, m.depthwise
	block, task := task%m.blocks, task/m.blocks
	strip, image := task%m.strips, task/m.strips
	t := mbTask{plan: m, operands: o, source: o.Source[image*e.source.Size():], bias: o.Depthwise.Bias}
	panel, panelEnd := block*e.panels/m.blocks, (block+1)*e.panels/m.blocks
	t.channel = panel * e.nr
	t.channels = min(panelEnd*e.nr, e.out.C) - t.channel
	t.shape = &m.shapes[panelEnd-panel-e.panels/m.blocks]
	t.out = o.Out[image*d.out.H*d.out.W*m.pitch+t.channel:]
	if t.bias == nil {
		t.bias = d.zeros
	}
	t.bias = t.bias[t.channel:][:t.channels]
	t.expanded, scratch = scratch[:m.expandedSize()], scratch[m.expandedSize():]
	t.result, scratch = scratch[:m.resultSize()], scratch[m.resultSize():]
	t.pairs, t.scratch = scratch[:m.pairsSize()], scratch[m.pairsSize():]
	if t.channels < t.shape.pitch && (o.Then != nil || o.Done != nil) { // they see what is between the pixels: subnormal numbers would be slow
		clear(t.expanded)
		clear(t.result)
	}
	end := min((strip+1)*m.strip, d.out.H)
	for y := strip * m.strip; y < end; y += m.rows {
		t.expand(y, min(y+m.rows, end))
		for at := y; at < min(y+m.rows, end); at += m.piece {
			t.filter(at, min(at+m.piece, y+m.rows, end))
		}
	}
}

// expand computes the expanded rows that some output rows read. Those that are there
// already move to the front.
func (t *mbTask) expand(first, end int) {
	from, to := t.plan.reads(first, end)
	width := t.plan.expand.out.W
	row := width * t.shape.pitch
	if from >= t.hi {
		t.hi = from
	} else if from > t.lo {
		copy(t.expanded, t.expanded[(from-t.lo)*row:(t.hi-t.lo)*row])
	}
	t.lo = from
	if to <= t.hi {
		return
	}
	dst, pixels := t.expanded[(t.hi-from)*row:], (to-t.hi)*width
	piece := pixels
	if t.operands.Then != nil || t.plan.expand.pairs { // while they are in the first-level cache
		piece = max(pieceTiles, pieceFloats/t.shape.pitch/matrix.NarrowRows) * matrix.NarrowRows
	}
	for at := 0; at < pixels; at += piece {
		n := min(piece, pixels-at)
		values := dst[at*t.shape.pitch:][:n*t.shape.pitch]
		t.multiply(values, t.hi*width+at, n)
		if t.operands.Then != nil {
			t.operands.Then(values, t.scratch)
		}
	}
	t.hi = to
}

// multiply expands n pixels of the source, from the given one on.
func (t *mbTask) multiply(dst []float32, pixel, n int) {
	e, o := t.plan.expand, &t.operands
	p := &e.phases[0]
	args := matrix.TileArgs{A: &t.source[pixel*e.source.Pitch], AOff: &t.plan.aOff[0], COff: &t.shape.cOff[0], Rows: n}
	if e.pairs {
		roundPixels(t.pairs, t.source[pixel*e.source.Pitch:], n, e.source.C, e.source.Pitch, e.sourcePitch())
		args.A = &t.pairs[0]
	}
	for c := 0; c < t.channels; c += e.nr {
		panel := (t.channel + c) / e.nr
		args.C, args.Cols = &dst[c], min(e.nr, t.channels-c)
		weights := o.Expand.Weights[panel*p.depth*e.nr:]
		for k := range p.blocks {
			b := &p.blocks[k]
			args.SegOff, args.Segs, args.Run = &b.segments[0], len(b.segments), b.run
			args.B, args.Accumulate, args.Bias = &weights[b.start*e.nr], k > 0, nil
			if k == 0 && o.Expand.Bias != nil {
				args.Bias = &o.Expand.Bias[panel*e.nr]
			}
			o.Clip[0].Set(&args, k == len(p.blocks)-1)
			if e.pairs {
				matrix.TilePairs(&args)
			} else {
				gemm.Tile(&args, e.nr)
			}
		}
	}
}

// filter computes the output rows first ≤ y < end.
func (t *mbTask) filter(first, end int) {
	d := t.shape.depthwise
	pitch, dst := t.plan.pitch, t.out[first*d.out.W*t.plan.pitch:]
	if t.plan.compact {
		pitch, dst = t.shape.pitch, t.result
	}
	weights, base := t.operands.Depthwise.Weights[t.channel:], t.lo*d.src.W*t.shape.pitch
	for y := first; y < end; y++ {
		d.row(y, dst[(y-first)*d.out.W*pitch:], t.expanded, base, weights, t.bias, t.operands.Clip[1])
	}
	if t.operands.Done == nil {
		return
	}
	pixels := (end - first) * d.out.W
	t.operands.Done(dst[:pixels*pitch], t.scratch)
	if !t.plan.compact {
		return
	}
	for i := range pixels {
		copy(t.out[(first*d.out.W+i)*t.plan.pitch:][:t.channels], t.result[i*t.shape.pitch:])
	}
}

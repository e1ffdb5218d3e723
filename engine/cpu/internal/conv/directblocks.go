package conv

import (
	"math"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// planBlocks cuts the work into blocks: several small images, one image, or
// some rows of a large one.
func (d *Direct) planBlocks() {
	depth := 0 // terms of all phases' sums
	for _, p := range d.phases {
		depth += p.depth
	}
	d.rows, d.images, d.split = d.gridMax, 1, 1
	for d.rows > 1 && d.frameSize(d.rows) > work.Limit.FrameFloats {
		d.rows = (d.rows + 1) / 2
	}
	if d.n < work.Limit.MinimalTasks {
		d.planFewImages(depth)
		return
	}
	if d.rows == d.gridMax {
		perImage := max(1, d.gridMax*d.phases[0].grid[1]*depth*d.out.C)
		d.images = max(1, min(work.Limit.TaskFMAs/perImage, d.n/work.Limit.MinimalTasks))
		for d.images > 1 && d.images*d.frameSize(d.rows) > work.Limit.FrameFloats {
			d.images--
		}
	}
}

// planFewImages chooses the rows of a block and how many tasks share a block's
// panels. All tasks of a block read the same pixels, and all blocks the same
// weights; a block's pixels should fill register tiles, and a few workers have
// shares of the same size.
func (d *Direct) planFewImages(depth int) {
	width, weights := d.phases[0].grid[1], depth*d.nr // of a panel
	best, most := math.Inf(1), d.rows
	for rows := most; rows >= 1; rows-- {
		blocks := (d.gridMax + rows - 1) / rows
		whole, last := d.tileTime(rows*width), d.tileTime((d.gridMax-(blocks-1)*rows)*width)
		perPanel := float64(d.n*((blocks-1)*whole+last)) * float64(d.groups*weights) / 8
		for split := 1; split <= d.panels && (split == 1 || d.groups == 1); split *= 2 {
			tasks := d.n * blocks * split
			cost := perPanel * float64(d.panels)
			traffic := float64(d.n * (blocks*d.groups*d.panels*weights + split*d.source.Elements()))
			if cost+trafficCost*traffic >= float64(work.Limit.TaskFMAs)/16 { // otherwise one worker may take all
				cost *= unevenness(tasks, func(task int) int {
					block, part := task/split%blocks, task%split
					panels := (part+1)*d.panels/split - part*d.panels/split
					if block == blocks-1 {
						return panels * last
					}
					return panels * whole
				})
			}
			if rows*d.srcStep[0]*d.source.W*d.source.C > work.Limit.FrameFloats { // each panel reads the pixels from memory
				traffic += float64(d.n * d.panels * d.source.Elements())
			}
			if cost += trafficCost*traffic + taskCost*float64(tasks); cost < best {
				best, d.rows, d.split = cost, rows, split
			}
		}
	}
}

// tileTime is the time of so many pixels, in pixels of whole register tiles.
func (d *Direct) tileTime(pixels int) int {
	tileRows, short := matrix.TileRows, 4
	if d.nr == matrix.NarrowCols {
		tileRows, short = matrix.NarrowRows, 8
	}
	rest := pixels % tileRows
	switch {
	case rest == 0:
		return pixels
	case rest <= short:
		return pixels - rest + short
	}
	return pixels - rest + tileRows
}

// manyTasks is how many tasks a few workers share evenly, whatever their sizes are.
const manyTasks = 64

// unevenness is how much longer than with even shares a few workers take for tasks of
// the given times, which they begin in order: the mean for two and for four workers.
func unevenness(tasks int, time func(task int) int) float64 {
	if tasks >= manyTasks {
		return 1
	}
	ratio := 0.0
	for _, workers := range []int{2, 4} {
		var busy [4]int // until when each worker is
		total := 0
		for task := range tasks {
			next := 0
			for w := range workers {
				if busy[w] < busy[next] {
					next = w
				}
			}
			busy[next] += time(task)
			total += time(task)
		}
		ratio += float64(slices.Max(busy[:workers])*workers) / float64(total) / 2
	}
	return ratio
}

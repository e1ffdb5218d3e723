package conv

import (
	"math"

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
// weights; a block's pixels should fill register tiles, and the tasks be a
// number that a few workers share evenly.
func (d *Direct) planFewImages(depth int) {
	tileRows, short := matrix.TileRows, 4
	if d.nr == matrix.NarrowCols {
		tileRows, short = matrix.NarrowRows, 8
	}
	tileTime := func(pixels int) int { // in rows
		rest := pixels % tileRows
		switch {
		case rest == 0:
			return pixels
		case rest <= short:
			return pixels - rest + short
		}
		return pixels - rest + tileRows
	}
	width, weights := d.phases[0].grid[1], depth*d.panels*d.nr
	best, most := math.Inf(1), d.rows
	for rows := most; rows >= 1; rows-- {
		blocks := (d.gridMax + rows - 1) / rows
		time := (blocks-1)*tileTime(rows*width) + tileTime((d.gridMax-(blocks-1)*rows)*width)
		for split := 1; split <= d.panels && (split == 1 || d.groups == 1); split *= 2 {
			tasks := d.n * blocks * split
			mults := float64(d.n*time) * float64(d.groups*weights) / 8
			uneven := float64(work.RoundUp(tasks, 4)) / float64(tasks)
			if mults < float64(work.Limit.TaskFMAs)/8 { // for one worker
				uneven = 1
			}
			traffic := float64(d.n * (blocks*d.groups*weights + split*d.source.Elements()))
			if rows*d.srcStep[0]*d.source.W*d.source.C > work.Limit.FrameFloats { // each panel reads the pixels from memory
				traffic += float64(d.n * d.panels * d.source.Elements())
			}
			if cost := mults*uneven + trafficCost*traffic + taskCost*float64(tasks); cost < best {
				best, d.rows, d.split = cost, rows, split
			}
		}
	}
}

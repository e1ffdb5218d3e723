package cpu

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/kernel"
)

// planBlocks cuts the work into blocks: several small images, one image, or
// some rows of a large one.
func (c *correlation) planBlocks() {
	depth := 0 // terms of all phases' sums
	for _, p := range c.phases {
		depth += len(p.taps) * c.src.c / c.groups
	}
	c.rows, c.images, c.split = c.gridMax, 1, 1
	for c.rows > 1 && c.frameSize(c.rows) > limit.frameFloats {
		c.rows = (c.rows + 1) / 2
	}
	if c.n < limit.minimalTasks {
		c.planFewImages(depth)
		return
	}
	if c.rows == c.gridMax {
		perImage := max(1, c.gridMax*c.phases[0].grid[1]*depth*c.out.c)
		c.images = max(1, min(limit.taskFMAs/perImage, c.n/limit.minimalTasks))
		for c.images > 1 && c.images*c.frameSize(c.rows) > limit.frameFloats {
			c.images--
		}
	}
}

// Costs of cutting up, in vectors of eight multiply-adds.
const (
	trafficCost = 0.4    // of a float from the third-level cache, most of it hidden
	taskCost    = 1000.0 // of a task
)

// planFewImages chooses the rows of a block and how many tasks share a block's
// panels. All tasks of a block read the same pixels, and all blocks the same
// weights; a block's pixels should fill register tiles, and the tasks be a
// number that a few workers share evenly.
func (c *correlation) planFewImages(depth int) {
	tileRows, short := kernel.TileRows, 4
	if c.nr == kernel.NarrowCols {
		tileRows, short = kernel.NarrowRows, 8
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
	width, weights := c.phases[0].grid[1], depth*c.panels*c.nr
	best, most := math.Inf(1), c.rows
	for rows := most; rows >= 1; rows-- {
		blocks := (c.gridMax + rows - 1) / rows
		time := (blocks-1)*tileTime(rows*width) + tileTime((c.gridMax-(blocks-1)*rows)*width)
		for split := 1; split <= c.panels && (split == 1 || c.groups == 1); split *= 2 {
			tasks := c.n * blocks * split
			work := float64(c.n*time) * float64(c.groups*weights) / 8
			uneven := float64(roundUp(tasks, 4)) / float64(tasks)
			if work < float64(limit.taskFMAs)/8 { // for one worker
				uneven = 1
			}
			traffic := float64(c.n * (blocks*c.groups*weights + split*c.src.elements()))
			if rows*c.srcStep[0]*c.src.w*c.src.c > limit.frameFloats { // each panel reads the pixels from afar
				traffic += float64(c.n * c.panels * c.src.elements())
			}
			if cost := work*uneven + trafficCost*traffic + taskCost*float64(tasks); cost < best {
				best, c.rows, c.split = cost, rows, split
			}
		}
	}
}

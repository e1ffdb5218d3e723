package summaryverb

import (
	"fmt"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train"
)

// memoryReport predicts what the network takes in memory on the cpu engine,
// in bytes, beside the program itself and a dataset.
type memoryReport struct {
	// Batch is the batch size of the first two.
	Batch     int          `json:"batch"`
	Training  memoryTotal  `json:"training"`
	Inference memoryTotal  `json:"inference"`
	OneImage  *memoryTotal `json:"inference_of_one_image,omitempty"`
	// Run is what stride train holds beside a step: batches prepared ahead
	// and copies of weights.
	Run int64 `json:"run"`
}

type memoryTotal struct {
	train.Memory
	Total int64 `json:"total"`
}

// predictMemory compiles the steps and runs none.
func predictMemory(model *nn.Model, batch int, budget int64) (r memoryReport, err error) {
	device := cpu.New(cpu.Options{})
	defer device.Close()
	stepper := train.NewStepper(model, device, optim.SGD{})
	defer stepper.Close()
	stepper.SetMemoryBudget(budget)
	m, err := stepper.Memory(batch)
	if err != nil {
		return r, err
	}
	r = memoryReport{Batch: batch, Training: memoryTotal{m, m.Total()}}
	if r.Run, err = train.RunMemory(model, device, batch); err != nil {
		return r, err
	}
	if m, err = train.InferenceMemory(model, device, batch); err != nil {
		return r, err
	}
	r.Inference = memoryTotal{m, m.Total()}
	if batch == 1 {
		return r, nil
	}
	m, err = train.InferenceMemory(model, device, 1)
	r.OneImage = &memoryTotal{m, m.Total()}
	return r, err
}

func (r memoryReport) print(a *command.App) error {
	columns := []memoryTotal{r.Training, r.Inference}
	head := []string{"memory", "training", "inference"}
	under := []string{"", fmt.Sprintf("batch %d", r.Batch), fmt.Sprintf("batch %d", r.Batch)}
	if r.OneImage != nil {
		columns = append(columns, *r.OneImage)
		head, under = append(head, "inference"), append(under, "one image")
	}
	t := terminal.NewTable(0)
	t.Add(head...)
	t.Add(under...)
	t.Rule()
	for _, row := range []struct {
		what  string
		bytes func(m memoryTotal) int64
	}{
		{"parameters", func(m memoryTotal) int64 { return m.Parameters }},
		{"activations, gradients, packed weights", func(m memoryTotal) int64 { return m.Program }},
		{"batch", func(m memoryTotal) int64 { return m.Batch }},
		{"total", func(m memoryTotal) int64 { return m.Total }},
	} {
		cells := []string{row.what}
		for _, m := range columns {
			cells = append(cells, terminal.BytesText(row.bytes(m)))
		}
		t.Add(cells...)
	}
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	again := ""
	if n := r.Training.Recomputed; n > 0 {
		again = fmt.Sprintf("\nTo fit the budget, training computes %s again in the backward pass.", terminal.Plural(n, "value"))
	}
	_, err := fmt.Fprintf(a.Stdout, "\nTo this add the program itself (about 15 MB), the images of a dataset and, in stride train,\nbatches prepared in advance and copies of weights: %s.%s\n", terminal.BytesText(r.Run), again)
	return err
}

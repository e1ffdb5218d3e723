// Command parity trains networks of the zoo for ten steps on engine/xla, on
// engine/cpu and in PyTorch, from the same weights, on the same images, with the
// same dropout, and compares the losses and the weights.
//
//	STRIDE_PJRT=plugin.so go run ./bench/xla/parity [flags] [net…]
//
// The images are small, so that it takes little; the networks are whole. How far
// the trainings may be apart is measured: engine/cpu trains again, several times, with
// relative noise of 1e-6 on images and weights before each step, and results may
// differ by three times what that does. See bench/README.md.
//
// The table goes to standard output as Markdown, progress to standard error. The
// exit status is 1 if a network differs by more.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/xla"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/efficientnetlite" // more networks
	_ "github.com/strideml/stride/zoo/torchvision"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(os.Stdout, os.Stderr).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	plugin, python, folder string
	quick                  bool
	batch                  int
}

func command(out, log io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "parity [net…]",
		Short: "Train networks on engine/xla, on engine/cpu and in PyTorch and compare",
		Example: `  STRIDE_PJRT=plugin.so go run ./bench/xla/parity lenet torchvision/mobilenet_v2
  go run ./bench/xla/parity --plugin plugin.so --python python3 --json results`,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, nets []string) error {
			if len(nets) == 0 {
				nets = zoo.Names()
			}
			return o.run(cmd.Context(), nets, out, log)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.plugin, "plugin", "", "the PJRT plugin's `file` (default: $STRIDE_PJRT)")
	f.StringVar(&o.python, "python", "", "train in PyTorch, too, with this Python `program`; it needs torchvision, and timm for EfficientNet-Lite")
	f.StringVar(&o.folder, "json", "", "keep what is measured in this `folder`; what is there already is not measured again")
	f.IntVar(&o.batch, "batch", 8, "images in a batch, at least 4 because of batch normalization")
	f.BoolVar(&o.quick, "quick", false, "let XLA optimize less, which compiles faster; CPU plugins only")
	return cmd
}

// run compares the networks one after the other.
func (o options) run(ctx context.Context, nets []string, out, log io.Writer) error {
	if o.batch < 4 {
		return fmt.Errorf("--batch %d: want at least 4", o.batch)
	}
	settings := xla.Options{Plugin: o.plugin}
	if o.quick {
		settings.Flags = pjrt.Values{"xla_backend_optimization_level": int64(0)}
	}
	device, err := xla.New(settings)
	if err != nil {
		return err
	}
	defer func() { _ = device.Close() }() // the program ends
	pytorch, err := startPyTorch(ctx, o.python, log)
	if err != nil {
		return err
	}
	if pytorch != nil {
		defer func() { _ = pytorch.Close() }() // likewise
	}
	var bad []string
	fmt.Fprintln(out, header)
	for _, name := range nets {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		began := time.Now()
		m, err := o.measurement(name, device, pytorch)
		if err == nil {
			var row string
			row, err = m.row()
			fmt.Fprintln(out, row)
		}
		fmt.Fprintf(log, "%s: %.1f s\n", name, time.Since(began).Seconds())
		if err != nil {
			fmt.Fprintf(log, "%s: %v\n", name, err)
			bad = append(bad, name)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d of %d networks: %s", len(bad), len(nets), strings.Join(bad, ", "))
	}
	return nil
}

// measurement measures a network, or reads what was kept.
func (o options) measurement(name string, device *xla.Device, pytorch *subprocess.Process) (*measurement, error) {
	path := filepath.Join(o.folder, strings.ReplaceAll(name, "/", "-")+".json")
	if o.folder != "" {
		kept, err := os.ReadFile(path)
		if err == nil {
			m := &measurement{}
			return m, json.Unmarshal(kept, m)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	s, err := subjectOf(name, o.batch)
	if err != nil {
		return nil, err
	}
	m, err := s.measure(device, cpu.Default(), pytorch)
	if err != nil || o.folder == "" {
		return m, err
	}
	text, err := json.Marshal(m) // fails if something is not finite
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.folder, 0o777); err != nil {
		return nil, err
	}
	return m, os.WriteFile(path, text, 0o666)
}

const header = `| network | image | loss | losses: xla − cpu | xla − PyTorch | weights: xla − cpu | xla − PyTorch | of what is allowed | would show |
|---|---:|---:|---:|---:|---:|---:|---:|---:|`

// row is a row of the table, and an error if the trainings are too far apart.
func (m *measurement) row() (row string, err error) {
	losses, weights, share := []string{"–", "–"}, []string{"–", "–"}, 0.0
	for i, other := range []string{onCPU, inPyTorch} {
		if m.Losses[other] == nil {
			continue
		}
		r := m.judge(onXLA, other)
		if !r.ok() {
			err = errors.Join(err, fmt.Errorf("%s and %s differ by more than rounding: %+v", onXLA, other, r))
		}
		losses[i], weights[i] = fmt.Sprintf("%.1e", r.loss), fmt.Sprintf("%.1e", r.weights)
		share = max(share, r.lossShare, r.tensorShare)
	}
	if b := m.blurred(); !(b <= mostBlurred) {
		err = errors.Join(err, fmt.Errorf("it says little: noise hides an error of %g of the movement in %.0f %% of the tensors; a smaller learning rate or larger batches may help", visibleError, 100*b))
	}
	all, blurs := m.Losses[onCPU], m.blurs()
	return fmt.Sprintf("| %s | %v | %.3f → %.3f | %s | %s | %.2f | %.1e |", m.Network, m.Input, all[0], all[len(all)-1],
		strings.Join(losses, " | "), strings.Join(weights, " | "), share, blurs[len(blurs)/2]), err
}

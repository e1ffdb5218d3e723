// Command parity trains networks of the zoo for ten steps on engine/xla and on
// engine/cpu, from the same weights, on the same images, with the same dropout,
// and compares the losses and the weights.
//
//	STRIDE_PJRT=plugin.so go run ./bench/xla/parity [flags] [net…]
//
// The images are small, so that it takes little; the networks are whole. How far
// the two may be apart is measured: engine/cpu trains again, several times, with
// relative noise of 1e-6 on images and weights before each step, and results may
// differ by three times what that does. See bench/README.md.
//
// The table goes to standard output as Markdown, progress to standard error. The
// exit status is 1 if a network differs by more.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/xla"
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

func command(out, log io.Writer) *cobra.Command {
	var plugin string
	var quick bool
	cmd := &cobra.Command{
		Use:   "parity [net…]",
		Short: "Train networks on engine/xla and engine/cpu and compare",
		Example: `  STRIDE_PJRT=plugin.so go run ./bench/xla/parity lenet torchvision/mobilenet_v2
  go run ./bench/xla/parity --plugin plugin.so`,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, nets []string) error {
			options := xla.Options{Plugin: plugin}
			if quick {
				options.Flags = pjrt.Values{"xla_backend_optimization_level": int64(0)}
			}
			device, err := xla.New(options)
			if err != nil {
				return err
			}
			defer func() { _ = device.Close() }() // the program ends
			if len(nets) == 0 {
				nets = zoo.Names()
			}
			return run(cmd.Context(), nets, device, cpu.Default(), out, log)
		},
	}
	cmd.Flags().StringVar(&plugin, "plugin", "", "the PJRT plugin's `file` (default: $STRIDE_PJRT)")
	cmd.Flags().BoolVar(&quick, "quick", false, "let XLA optimize less, which compiles faster; CPU plugins only")
	return cmd
}

// run compares the networks one after the other.
func run(ctx context.Context, nets []string, got, want engine.Device, out, log io.Writer) error {
	var bad []string
	fmt.Fprintln(out, "| network | image | loss | losses differ by | allowed | weights differ by | allowed | worst tensor, of what is allowed |")
	fmt.Fprintln(out, "|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, name := range nets {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		began := time.Now()
		s, err := subjectOf(name)
		if err == nil {
			var r result
			if r, err = s.compareOn(got, want); err == nil {
				fmt.Fprintf(out, "| %s | %v | %.3f → %.3f | %.1e | %.1e | %.1e | %.1e | %.2f |\n",
					name, s.input, r.first, r.last, r.loss.off, r.loss.allowed, r.weights.off, r.weights.allowed, r.worstShare)
				if !r.ok() {
					err = fmt.Errorf("they differ by more than rounding: %+v", r)
				}
			}
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

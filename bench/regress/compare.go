package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/strideml/stride/bench/internal/stats"
)

// A comparison measures two builds side by side.
type comparison struct {
	*options
	builds         [2]build // old and new
	stdout, stderr io.Writer
	width          int // of the longest case's name
	headed         bool
}

// A sample is what one run of stride bench measured.
type sample struct {
	Net             string  `json:"net"`
	Mode            string  `json:"mode"`
	Batch           int     `json:"batch"`
	ImagesPerSecond float64 `json:"images_per_second"`
	PeakRSSBytes    float64 `json:"peak_rss_bytes"` // 0 where the system does not tell
}

// run measures all cases, and those beyond a limit again. It prints each case
// when it is measured. The second measurement of a case replaces the first.
func (c *comparison) run(ctx context.Context) error {
	cases := c.plan.cases()
	for _, bc := range cases {
		c.width = max(c.width, utf8.RuneCountInString(bc.String()))
	}
	fmt.Fprintf(c.stderr, "old: %s\nnew: %s\n", c.builds[0], c.builds[1])
	var suspects []*result
	var all []*result
	for _, bc := range cases {
		r := &result{benchCase: bc}
		if err := c.measure(ctx, r); err != nil {
			return err
		}
		if r.judge(c.options); r.Verdict != good {
			suspects = append(suspects, r)
		}
		all = append(all, r)
		if err := c.print(r); err != nil {
			return err
		}
	}
	if len(suspects) > 0 {
		fmt.Fprintf(c.stderr, "measuring %s again\n", plural(len(suspects), "case"))
	}
	failed := 0
	for _, r := range suspects {
		*r = result{benchCase: r.benchCase}
		if err := c.measure(ctx, r); err != nil {
			return err
		}
		r.judge(c.options)
		if r.Verdict != good {
			failed++
		}
		if err := c.print(r); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.stderr, conclusion(all, failed))
	if failed > 0 {
		return errRegressed
	}
	return nil
}

// measure adds the rounds of one case to its result. Every second round begins
// with the new build, so that neither is always the first.
func (c *comparison) measure(ctx context.Context, r *result) error {
	for range c.rounds {
		order := []int{0, 1}
		if len(r.speeds[0])%2 == 1 {
			order = []int{1, 0}
		}
		for _, side := range order {
			s, err := c.bench(ctx, side, r.benchCase)
			if err != nil {
				return err
			}
			r.speeds[side] = append(r.speeds[side], s.ImagesPerSecond)
			r.peaks[side] = append(r.peaks[side], s.PeakRSSBytes)
		}
	}
	return nil
}

// bench runs one build's stride bench once.
func (c *comparison) bench(ctx context.Context, side int, bc benchCase) (sample, error) {
	b := c.builds[side]
	args := []string{"bench", bc.net, "--mode", bc.mode, "--batch", strconv.Itoa(bc.batch), "--time", c.time.String(), "--json"}
	if c.threads > 0 {
		args = append(args, "--threads", strconv.Itoa(c.threads))
	}
	out, err := output(ctx, "", b.binary, args...)
	if err != nil {
		return sample{}, fmt.Errorf("%s cannot measure %s: %w", b.name, bc, err)
	}
	var s sample
	if err := json.Unmarshal(out, &s); err != nil {
		return sample{}, fmt.Errorf("%s printed for %s what is not one JSON object: %w", b.name, bc, err)
	}
	if got := (benchCase{s.Net, s.Mode, s.Batch}); got != bc {
		return sample{}, fmt.Errorf("%s measured %s where %s was wanted", b.name, got, bc)
	}
	if !(s.ImagesPerSecond > 0) || math.IsInf(s.ImagesPerSecond, 0) || !(s.PeakRSSBytes >= 0) {
		return sample{}, fmt.Errorf("%s reports for %s a speed of %v images/s and %v bytes", b.name, bc, s.ImagesPerSecond, s.PeakRSSBytes)
	}
	return s, nil
}

// A verdict says which limits a case is beyond.
type verdict string

const (
	good   verdict = "ok"
	slower verdict = "SLOWER"
	larger verdict = "MORE MEMORY"
	both   verdict = "SLOWER, MORE MEMORY"
)

// A result is a case with its rounds.
type result struct {
	benchCase
	speeds, peaks [2][]float64 // of old and new, a round each
	Speed         spread       // new / old, of images a second
	Memory        spread       // new / old, of peak memory; zero where unknown
	Verdict       verdict
}

// A spread is a median with the quartiles.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"lower_quartile"`
	High   float64 `json:"upper_quartile"`
}

// judge sets what follows from the rounds.
func (r *result) judge(o *options) {
	r.Speed, r.Memory = ratios(r.speeds), spread{}
	if slices.Min(slices.Concat(r.peaks[0], r.peaks[1])) > 0 {
		r.Memory = ratios(r.peaks)
	}
	// The limits include their bound, whatever rounding does to it.
	const rounding = 1e-9
	slow := r.Speed.Median <= 1-o.maxLoss/100+rounding
	large := r.Memory.Median >= 1+o.maxGrow/100-rounding
	switch {
	case slow && large:
		r.Verdict = both
	case slow:
		r.Verdict = slower
	case large:
		r.Verdict = larger
	default:
		r.Verdict = good
	}
}

// ratios divides new by old, round by round.
func ratios(values [2][]float64) spread {
	quotients := make([]float64, len(values[0]))
	for i := range quotients {
		quotients[i] = values[1][i] / values[0][i]
	}
	slices.Sort(quotients)
	return spread{stats.Quantile(quotients, .5), stats.Quantile(quotients, .25), stats.Quantile(quotients, .75)}
}

// print writes a case as a line of the table or as JSON.
func (c *comparison) print(r *result) error {
	if c.json {
		return json.NewEncoder(c.stdout).Encode(r.object())
	}
	if !c.headed {
		c.headed = true
		head := fmt.Sprintf("%-*s  %12s  %12s  %7s  %15s  %7s", c.width, "case", "old images/s", "new images/s", "new/old", "quartiles", "memory")
		if _, err := fmt.Fprintln(c.stdout, head); err != nil {
			return err
		}
	}
	memory := "?"
	if r.Memory.Median > 0 {
		memory = fmt.Sprintf("%.3f", r.Memory.Median)
	}
	line := fmt.Sprintf("%-*s  %12.5g  %12.5g  %7.3f  %15s  %7s  %s", c.width, r.benchCase, stats.Median(r.speeds[0]), stats.Median(r.speeds[1]),
		r.Speed.Median, fmt.Sprintf("%.3f – %.3f", r.Speed.Low, r.Speed.High), memory, r.Verdict)
	_, err := fmt.Fprintln(c.stdout, line)
	return err
}

// object is the result as JSON; a case that is measured again has two.
func (r *result) object() any {
	type side struct {
		ImagesPerSecond []float64 `json:"images_per_second"`
		PeakRSSBytes    []float64 `json:"peak_rss_bytes"`
	}
	return struct {
		Net     string  `json:"net"`
		Mode    string  `json:"mode"`
		Batch   int     `json:"batch"`
		Rounds  int     `json:"rounds"`
		Old     side    `json:"old"`
		New     side    `json:"new"`
		Speed   spread  `json:"speed_ratio"`
		Memory  spread  `json:"memory_ratio"`
		Verdict verdict `json:"verdict"`
	}{r.net, r.mode, r.batch, len(r.speeds[0]), side{r.speeds[0], r.peaks[0]}, side{r.speeds[1], r.peaks[1]}, r.Speed, r.Memory, r.Verdict}
}

// conclusion is the last line: the mean of all ratios and the worst.
func conclusion(all []*result, failed int) string {
	sum, worst := 0.0, all[0]
	for _, r := range all {
		sum += math.Log(r.Speed.Median)
		if r.Speed.Median < worst.Speed.Median {
			worst = r
		}
	}
	text := fmt.Sprintf("speed new/old: geometric mean %.3f, worst %.3f (%s)", math.Exp(sum/float64(len(all))), worst.Speed.Median, worst.benchCase)
	if failed > 0 {
		return fmt.Sprintf("%s; %s of %d beyond a limit", text, plural(failed, "case"), len(all))
	}
	return text + "; all within the limits"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

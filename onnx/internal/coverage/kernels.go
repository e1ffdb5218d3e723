package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/coverage"
	"slices"
	"strings"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/tensor"
)

// kernelPackages have all assembly of the CPU engine, and computing has loops over elements that
// have none.
const kernelPackages = "github.com/strideml/stride/engine/cpu/internal/kernel/"

var computing = []string{
	"github.com/strideml/stride/engine/cpu/internal/conv", "github.com/strideml/stride/engine/cpu/internal/gemm",
	"github.com/strideml/stride/engine/cpu/internal/lower", "github.com/strideml/stride/engine/cpu/internal/pool",
}

// sets are the kernels of amd64 that are looked at, as STRIDE_KERNELS names them.
var sets = []string{"avx2", "avx512"}

// What computes an operator, in the table.
const (
	assembly = "assembly"
	partly   = "partly" // assembly, and a loop in Go over all elements
	pureGo   = "Go"
	nothing  = "–"
)

// folded are the operators whose results are known when a file is read, or, of GatherND,
// depend on weights only in practice: programs do not compute them again.
var folded = strings.Fields("ConstantOfShape EyeLike GatherND NonZero Range Shape Size")

// moves are the files of kernels that copy. Copies into another layout surround many
// operators, so they do not count, except where an operator does nothing else.
var moves = []string{"pack.go", "transpose.go"}

// writeKernels writes the file that says of each operator what computes it with AVX2 and with
// AVX-512: a line of three words each. On a processor that lacks one of them it leaves the file as
// it is.
//
// It builds this program with counters in the packages of kernels and in those that call them, and
// lets that compute each operator. Assembly are the functions that Go declares without a body.
func writeKernels(path string) (err error) {
	if !strings.Contains(cpu.Default().Description(), sets[len(sets)-1]) {
		fmt.Fprintln(os.Stderr, "this processor has no AVX-512:", path, "stays as it is")
		return nil
	}
	dir, err := os.MkdirTemp("", "coverage")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	calls, packages, err := assemblyCalls()
	if err != nil {
		return err
	}
	program := filepath.Join(dir, "program")
	counted := strings.Join(slices.Concat(packages, computing, []string{"."}), ",") // without the program itself there is no mode
	if err := command("go", "build", "-cover", "-covermode=atomic", "-coverpkg="+counted, "-o", program, "."); err != nil {
		return err
	}
	for _, set := range sets {
		if err := os.Setenv("STRIDE_KERNELS", set); err != nil {
			return err
		}
		if err := command(program, countArgument, filepath.Join(dir, set)); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	b.WriteString("# What computes each operator with the kernels of AVX2 and of AVX-512, written by go generate ./onnx/internal/coverage\n")
	for _, op := range operators.All() {
		b.WriteString(op.Name)
		for _, set := range sets {
			how, err := kernel(filepath.Join(dir, set, op.Name), calls)
			if err != nil {
				return fmt.Errorf("%s with %s: %w", op.Name, set, err)
			}
			b.WriteString(" " + how)
		}
		b.WriteString("\n")
	}
	return atomicfile.WriteBytes(path, b.Bytes())
}

// readKernels reads that file: what computes an operator, by its name. Where the sets differ, it
// is what both do.
func readKernels(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	kernels := map[string]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) != 1+len(sets) {
			return nil, fmt.Errorf("%s: %q: want an operator and what computes it with each of %v", path, line, sets)
		}
		kernels[words[0]] = words[1]
		if words[1] != words[2] {
			kernels[words[0]] = fmt.Sprintf("AVX2: %s, AVX-512: %s", words[1], words[2])
		}
	}
	return kernels, nil
}

// A call is where a function in assembly is called.
type call struct {
	file         string // import path and name
	line, column int
}

// assemblyCalls finds all calls of functions without a body, and the packages they are in.
func assemblyCalls() (calls []call, packages []string, err error) {
	out, err := exec.Command("go", "list", "-f", `{{$p := .}}{{range .GoFiles}}{{$p.ImportPath}}{{"\t"}}{{$p.Dir}}{{"\t"}}{{.}}{{"\n"}}{{end}}`, kernelPackages+"...").Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w", err)
	}
	files, parsed := token.NewFileSet(), map[string]*ast.File{}
	bodyless := map[string]bool{} // import path and name
	for line := range strings.Lines(string(out)) {
		words := strings.Split(strings.TrimSpace(line), "\t")
		f, err := parser.ParseFile(files, filepath.Join(words[1], words[2]), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		parsed[words[0]+"/"+words[2]] = f
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Body == nil {
				bodyless[words[0]+"/"+d.Name.Name] = true
				if !slices.Contains(packages, words[0]) {
					packages = append(packages, words[0])
				}
			}
		}
	}
	for file, f := range parsed {
		in := file[:strings.LastIndexByte(file, '/')+1]
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				if name, ok := c.Fun.(*ast.Ident); ok && bodyless[in+name.Name] {
					at := files.Position(c.Pos())
					calls = append(calls, call{file, at.Line, at.Column})
				}
			}
			return true
		})
	}
	if len(calls) == 0 {
		return nil, nil, errors.New("no calls of assembly: are there functions without a body?")
	}
	return calls, packages, nil
}

// kernel says what has computed an operator, by the counters in a folder.
func kernel(dir string, calls []call) (string, error) {
	steps, err := os.ReadFile(filepath.Join(dir, "steps"))
	if err != nil {
		return "", err
	}
	kinds := strings.Fields(string(steps))
	if len(kinds) == 0 {
		return nothing, nil
	}
	onlyCopies := !slices.ContainsFunc(kinds, func(kind string) bool { return kind != "copies" })
	text := filepath.Join(dir, "text")
	if err := command("go", "tool", "covdata", "textfmt", "-i="+dir, "-o="+text); err != nil {
		return "", err
	}
	f, err := os.Open(text)
	if err != nil {
		return "", err
	}
	defer f.Close()
	how, loops := pureGo, false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		file, block, _ := strings.Cut(lines.Text(), ":")
		var line, column, endLine, endColumn, statements, count int
		if _, err := fmt.Sscanf(block, "%d.%d,%d.%d %d %d", &line, &column, &endLine, &endColumn, &statements, &count); err != nil || count == 0 {
			continue // it is the first line, or the block has not run
		}
		calls := slices.ContainsFunc(calls, func(c call) bool {
			after := c.line > line || c.line == line && c.column >= column
			before := c.line < endLine || c.line == endLine && c.column < endColumn
			return c.file == file && after && before
		})
		switch {
		case !onlyCopies && slices.Contains(moves, filepath.Base(file)), strings.Contains(file, "/internal/coverage/"):
		case calls:
			how = assembly
		case count >= elements:
			loops = true
		}
	}
	if how == assembly && loops {
		how = partly
	}
	return how, lines.Err()
}

// command runs a program, which writes to standard error only.
func command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	c.Env = append(c.Environ(), "GOCOVERDIR="+os.TempDir())
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return nil
}

// countArgument makes the program the one with counters.
const countArgument = "count"

// count computes a node of each operator once and writes into a folder of its name the
// counters, and the kinds of the steps.
func count(dir string) error {
	if err := errors.Join(cpu.KernelsError(), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	for _, op := range operators.All() {
		to := filepath.Join(dir, op.Name)
		if err := os.Mkdir(to, 0o755); err != nil {
			return err
		}
		if slices.Contains(folded, op.Name) {
			if err := os.WriteFile(filepath.Join(to, "steps"), nil, 0o644); err != nil {
				return err
			}
			continue
		}
		var errs []error
		for _, p := range typicalOf(op) {
			err := p.count(to)
			if err == nil {
				errs = nil
				break
			}
			errs = append(errs, err)
		}
		if errs != nil {
			return fmt.Errorf("%s cannot be computed: %w", op.Name, errors.Join(errs...))
		}
	}
	return nil
}

// count computes the node.
func (p probe) count(dir string) error {
	net, err := p.read()
	if err != nil {
		return err
	}
	model, err := nn.New(net, net.Input(), nn.Options{})
	if err != nil {
		return err
	}
	trace, err := model.Trace(2, nn.Eval)
	if err != nil { // its indices are for one image
		if trace, err = model.Trace(1, nn.Eval); err != nil {
			return err
		}
	}
	program, err := cpu.Default().Compile(trace.Graph, trace.Output)
	if err != nil {
		return err
	}
	defer program.Close()
	feeds := engine.Feeds{trace.Input: tensor.Randn(tensor.Seed(1), trace.Input.Shape()...)}
	outputs := []*tensor.Tensor{tensor.New(trace.Output.Shape()...)}
	if err := program.Run(feeds, outputs); err != nil { // packs weights
		return err
	}
	stop, err := engine.StartProfile(program)
	if err != nil {
		return err
	}
	if err := errors.Join(coverage.ClearCounters(), program.Run(feeds, outputs), coverage.WriteMetaDir(dir), coverage.WriteCountersDir(dir)); err != nil {
		return err
	}
	var kinds []string
	for _, s := range stop().Stages {
		kinds = append(kinds, strings.ReplaceAll(s.Kind, " ", "-"))
	}
	return os.WriteFile(filepath.Join(dir, "steps"), []byte(strings.Join(kinds, "\n")), 0o644)
}

package main

import (
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// evil is a name that clears the screen, rings, starts a line of its own, and
// reverses letters; evilShown is how it is shown.
const (
	evil      = "a\x1b[2J\x07\u009b31m\nFORGED\r\tb\u202e"
	evilShown = `a\u001b[2J\u0007\u009b31m\nFORGED\r\tb\u202e`
)

// Names that files and users give are escaped wherever they are shown. These are
// all places: path names as arguments and flags; unknown words as arguments and
// flags; the names of classes, networks, data and tensors, and other metadata,
// in model files, model folders and run folders; the folder of the data.
func TestNamesAreShownEscaped(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("file names cannot have control characters")
	}
	root := t.TempDir()
	in := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	copied := func(from, name string) string {
		if err := os.CopyFS(in(name), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return in(name)
	}
	run := copied(finishedRun(t), "run"+evil)
	images := copied(fixture.data, "data"+evil)
	digits := copied(idxFolder(t, 32), "digits"+evil)
	shirt := copied(filepath.Dir(picture(t)), "pictures"+evil) + "/picture.png"
	bright := copied(filepath.Dir(encode(t, evil+".png", photo(testImage(t, 0)), png.Encode)), "bright") + "/" + evil + ".png"
	_, model := folderOf(t, preprocess.Config{})
	for i := range model.Classes {
		model.Classes[i] += evil
	}
	model.Data = evil
	if err := model.Save(in("classes")); err != nil {
		t.Fatal(err)
	}
	file := func(name, tensorName string, metadata map[string]string) string {
		f := safetensors.File{Entries: []safetensors.Entry{{Name: tensorName, Tensor: tensor.New(2)}}, Metadata: metadata}
		if err := f.Save(in(name)); err != nil {
			t.Fatal(err)
		}
		return in(name)
	}
	tensors := file("tensors.safetensors", evil, nil)
	network := file("network.safetensors", "x", map[string]string{"net": evil})
	input := file("input.safetensors", "x", map[string]string{"net": "lenet", "input": evil})
	classes := file("classes.safetensors", "x", map[string]string{"net": "lenet", "classes": evil})
	damaged := copied(finishedRun(t), "damaged")
	config := in("damaged", "config.json")
	writeFile(t, config, []byte(strings.Replace(readFile(t, config), `"net": "lenet"`, `"net": "`+strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`, "\x1b", `\u001b`, "\x07", `\u0007`).Replace(evil)+`"`, 1)))
	text := writeFile(t, in("text.png"), []byte(evil))
	notModel := writeFile(t, in("text.safetensors"), []byte(evil+strings.Repeat(evil, 9)))
	for _, c := range []struct {
		args   []string
		status int
		silent bool // if nothing of the name is shown
	}{
		{args: []string{"eval", run, "--limit", "10", "--data", images}},
		{args: []string{"eval", in("classes"), "--limit", "10", "--data", images, "--confusion"}, silent: true}, // the classes are those of the data
		{args: []string{"predict", run, shirt}},
		{args: []string{"predict", run, bright}},
		{args: []string{"predict", in("classes"), shirt}},
		{args: []string{"summary", run}, silent: true},
		{args: []string{"data", "list", "--data", images}},
		{args: []string{"data", "show", "--data", images, "--out", in(evil + ".png")}},
		{args: quick("--data", images, "--out", in("new"+evil))},
		{args: []string{"train", "lenet", "--data", digits, "--epochs", "1", "--batch", "16", "--out", in("new"+evil, "digits")}},
		{args: []string{"eval", in("new"+evil, "digits")}},
		{args: []string{"train", "--resume", in("new" + evil), "--epochs", "3"}},

		{args: []string{"train", evil}, status: misused},
		{args: []string{"train", "lenet", evil}, status: misused},
		{args: []string{"train", "lenet", "--epochs", evil}, status: misused},
		{args: []string{"train", "lenet", "--" + evil}, status: misused},
		{args: []string{"train", "lenet", "--augment", evil}, status: misused},
		{args: []string{"train", "lenet", "--weights", in(evil)}, status: failed},
		{args: []string{"train", "--resume", in(evil, evil)}, status: failed},
		{args: []string{"train", "lenet", "--out", run}, status: failed},
		{args: []string{"train", "lenet", "--data", fixture.data, "--weights", tensors, "--out", in("unborn")}, status: failed},
		{args: []string{"eval", in(evil)}, status: failed},
		{args: []string{"eval", run, "--data", in(evil)}, status: failed},
		{args: []string{"eval", tensors, "--net", "lenet"}, status: failed},
		{args: []string{"eval", tensors, "--net", evil}, status: misused},
		{args: []string{"eval", network}, status: failed},
		{args: []string{"eval", input}, status: failed},
		{args: []string{"eval", classes}, status: failed, silent: true},
		{args: []string{"eval", damaged}, status: failed},
		{args: []string{"train", "--resume", damaged}, status: failed},
		{args: []string{"eval", notModel}, status: failed, silent: true},
		{args: []string{"predict", run, in(evil)}, status: failed},
		{args: []string{"predict", run, text}, status: failed, silent: true},
		{args: []string{"summary", evil}, status: misused},
		{args: []string{"summary", damaged}, status: failed},
		{args: []string{"bench", evil}, status: misused},
		{args: []string{"data", "get", evil}, status: misused},
		{args: []string{"data", "show", "--out", evil}, status: misused},
		{args: []string{"data", evil}, status: misused},
		{args: []string{"help", evil}, status: misused},
		{args: []string{evil}, status: misused},
	} {
		for _, json := range []bool{false, true} {
			args := c.args
			if json {
				args = append(append([]string{}, args...), "--json")
			}
			if strings.Contains(strings.Join(args, " "), "new"+evil) && json {
				continue // the run is there by now
			}
			stdout, stderr, status := stride(t, args...)
			if status != c.status && !json {
				t.Errorf("stride %q: status %d: %s", args, status, stderr)
			}
			for line := range strings.Lines(stdout + stderr) {
				line = strings.TrimSuffix(line, "\n")
				if strings.HasPrefix(line, "FORGED") || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' }) {
					t.Errorf("stride %q shows %q", args, line)
				}
			}
			// Where a name is quoted, and in a word for the shell, it has another form.
			shown := strings.Contains(stdout+stderr, evilShown) || strings.Contains(stderr, `FORGED\r\tb`) || strings.Contains(stdout, `FORGED\015\011b`)
			if !json && !c.silent && !shown {
				t.Errorf("stride %q does not show the name: %s%s", args, stdout, stderr)
			}
		}
	}
	// What names have come into the log is escaped, too.
	log := readFile(t, in("new"+evil, "digits", "log.txt"))
	if !strings.Contains(log, evilShown) || strings.ContainsFunc(strings.ReplaceAll(log, "\n", ""), unicode.IsControl) || strings.Contains(log, "\nFORGED") {
		t.Errorf("log.txt: %q", log)
	}
}

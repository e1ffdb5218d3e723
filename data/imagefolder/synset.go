package imagefolder

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// synset is the form of the names of ImageNet's classes, those of WordNet.
var synset = regexp.MustCompile(`^n\d{8}$`)

// synsetFiles are the files in which ImageNet and its relatives have readable
// names: a synset and its words on each line, separated by a space or a tab.
var synsetFiles = []string{"LOC_synset_mapping.txt", "synset_words.txt", "synsets.txt", "words.txt"}

// above is how many folders above the root may have such a file: ImageNet's
// pictures are in ILSVRC/Data/CLS-LOC below the folder that has it.
const above = 3

// nameClasses gives the classes readable names where all labels are synsets. A file
// that is not as expected is as none.
func (s *Sets) nameClasses() error {
	s.Classes = slices.Clone(s.Labels)
	if len(s.Labels) == 0 || slices.ContainsFunc(s.Labels, func(label string) bool { return !synset.MatchString(label) }) {
		return nil
	}
	dir, err := filepath.Abs(s.Root)
	if err != nil {
		return err
	}
	for range above + 1 {
		for _, name := range synsetFiles {
			words := readSynsets(filepath.Join(dir, name), s.Labels)
			if len(words) == 0 {
				continue
			}
			count := map[string]int{}
			for _, word := range words {
				count[word]++
			}
			for i, label := range s.Labels {
				switch word := words[label]; {
				case word == "":
				case count[word] > 1: // ImageNet has two cranes: a bird and a machine
					s.Classes[i] = fmt.Sprintf("%s (%s)", word, label)
				default:
					s.Classes[i] = word
				}
			}
			return nil
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

// readSynsets returns the first word of each label that a file has.
func readSynsets(path string, labels []string) map[string]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	wanted := map[string]bool{}
	for _, label := range labels {
		wanted[label] = true
	}
	words := map[string]string{}
	lines := bufio.NewScanner(f) // a line longer than 64 KiB ends it: that is no such file
	for lines.Scan() {
		label, rest, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(lines.Text()), "\t", " "), " ")
		if !wanted[label] {
			continue
		}
		word, _, _ := strings.Cut(rest, ",")
		if word = strings.TrimSpace(word); word != "" {
			words[label] = word
		}
	}
	return words
}

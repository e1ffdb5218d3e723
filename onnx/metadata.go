package onnx

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// readMetadata reads what the metadata say about classes and pictures. Metadata that cannot be
// read are no error: anybody may write there.
func (n *Network) readMetadata() {
	n.labels = n.findLabels()
	text, ok := n.metadata["stride.preprocessing"]
	if !ok || json.Unmarshal([]byte(text), &n.preprocessing) != nil || n.preprocessing.Check() != nil ||
		!slices.Equal(n.preprocessing.InputSize, n.input) {
		n.preprocessing.InputSize = nil
	}
}

// findLabels returns the names of the classes: those that Save has written, a JSON list or
// object under a usual name, or the dictionary of ultralytics.
func (n *Network) findLabels() []string {
	for _, key := range []string{"stride.classes", "labels", "classes", "class_names", "label_names", "names"} {
		if labels := parseLabels(n.metadata[key]); labels != nil && len(labels) == n.Classes() {
			return labels
		}
	}
	return nil
}

// parseLabels reads a list of names or a dictionary from numbers, from 0 on, to names, in JSON
// or as Python prints it; nil for all else.
func parseLabels(text string) []string {
	var list []string
	if json.Unmarshal([]byte(text), &list) == nil {
		return list
	}
	var numbered map[string]string
	if json.Unmarshal([]byte(text), &numbered) != nil {
		var ok bool
		if numbered, ok = parseDict(text); !ok {
			return nil
		}
	}
	list = make([]string, len(numbered))
	for key, name := range numbered {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(list) || key != strconv.Itoa(i) {
			return nil
		}
		list[i] = name
	}
	return list
}

// parseDict reads a dictionary from numbers to strings as Python prints it:
// {0: 'tench', 1: "crow's nest"}.
func parseDict(text string) (map[string]string, bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(text), "{")
	if !ok {
		return nil, false
	}
	dict := map[string]string{}
	for {
		text = strings.TrimLeft(text, " \n")
		if text == "}" {
			return dict, len(dict) > 0
		}
		key, rest, ok := strings.Cut(text, ":")
		if !ok {
			return nil, false
		}
		rest = strings.TrimLeft(rest, " ")
		value, rest, ok := parsePythonString(rest)
		if !ok {
			return nil, false
		}
		if _, twice := dict[key]; twice {
			return nil, false
		}
		dict[key] = value
		if text = strings.TrimLeft(rest, " "); text != "}" {
			if text, ok = strings.CutPrefix(text, ","); !ok {
				return nil, false
			}
		}
	}
}

// parsePythonString reads the string literal that text begins with.
func parsePythonString(text string) (value, rest string, ok bool) {
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == text[0]:
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`\'"`, text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

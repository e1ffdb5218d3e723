package runs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Difference is a setting in which some runs differ.
type Difference struct {
	// Setting is the name of its field in config.json, such as "learning_rate",
	// with those of the objects around it: "options.momentum".
	Setting string `json:"setting"`
	// Values are those of the runs, in their order, as JSON; a text is without
	// quotation marks. "" means that a run has no such setting.
	Values []string `json:"values"`
}

// Compare returns the settings in which runs differ, in the order of config.json.
// None of the runs may be damaged.
func Compare(runs ...*Run) ([]Difference, error) {
	var order []string
	values := map[string][]string{}
	for i, r := range runs {
		if r.Err != nil {
			return nil, fmt.Errorf("compare %s: %w", r.Name, r.Err)
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // "a<b" is shown as it is
		if err := e.Encode(r.Settings); err != nil {
			return nil, fmt.Errorf("compare %s: %w", r.Name, err)
		}
		last := "" // before what this run adds
		err := walk(b.Bytes(), "", func(name, value string) {
			if values[name] == nil {
				values[name] = make([]string, len(runs))
				order = slices.Insert(order, slices.Index(order, last)+1, name)
			}
			values[name][i] = value
			last = name
		})
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", r.Name, err)
		}
	}
	var differences []Difference
	for _, name := range order {
		v := values[name]
		if slices.ContainsFunc(v, func(s string) bool { return s != v[0] }) {
			differences = append(differences, Difference{name, v})
		}
	}
	return differences, nil
}

// walk calls f for each value of a JSON object that is no object itself, in order.
func walk(object []byte, path string, f func(name, value string)) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // the brace
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		name := path + fmt.Sprint(key)
		if strings.HasPrefix(string(value), "{") {
			if err := walk(value, name+".", f); err != nil {
				return err
			}
			continue
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		f(name, text)
	}
	return nil
}

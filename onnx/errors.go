package onnx

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/onnx/internal/importer"
)

// An UnsupportedError lists what Stride does not support of a file.
type UnsupportedError struct {
	// Nodes are all of them, in the order of the file.
	Nodes []Unsupported
}

// An Unsupported is a node of a file that Stride does not support.
type Unsupported struct {
	// Node is its name, which may be "", and Operator is what it computes: "Conv".
	Node, Operator string
	// Domain is the operator's domain, "" for those of ONNX itself.
	Domain string
	// Attribute is the attribute or argument whose Value is not supported; "" if it is the
	// operator as a whole.
	Attribute, Value string
	// Reason says more; it may be "".
	Reason string
}

// String is like "conv1 (Conv): auto_pad = X is not supported".
func (u Unsupported) String() string {
	var b strings.Builder
	operator := u.Operator
	if u.Domain != "" {
		operator = u.Domain + "." + operator
	}
	if u.Node == "" {
		b.WriteString(operator)
	} else {
		fmt.Fprintf(&b, "%s (%s)", u.Node, operator)
	}
	if u.Attribute != "" {
		fmt.Fprintf(&b, ": %s = %s", u.Attribute, u.Value)
	}
	b.WriteString(" is not supported")
	if u.Reason != "" {
		b.WriteString(": " + u.Reason)
	}
	return b.String()
}

// Error has a line for each node if there are several.
func (e *UnsupportedError) Error() string {
	if len(e.Nodes) == 1 {
		return e.Nodes[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d nodes are not supported:", len(e.Nodes))
	for _, n := range e.Nodes {
		b.WriteString("\n  " + n.String())
	}
	return b.String()
}

// unsupported makes an error of issues, nil if there are none.
func unsupported(issues []importer.Issue) error {
	if len(issues) == 0 {
		return nil
	}
	e := &UnsupportedError{}
	for _, i := range issues {
		e.Nodes = append(e.Nodes, Unsupported{i.Node, i.Operator, i.Domain, i.Attribute, i.Value, i.Reason})
	}
	return e
}

package proto

import "fmt"

// String describes the value for messages, a long one not in full.
func (a *Attribute) String() string {
	var s string
	switch a.Type {
	case AttributeFloat:
		return fmt.Sprint(a.F)
	case AttributeInt:
		return fmt.Sprint(a.I)
	case AttributeString:
		s = fmt.Sprintf("%q", a.S)
	case AttributeFloats:
		s = fmt.Sprint(a.Floats[:min(len(a.Floats), 20)])
	case AttributeInts:
		s = fmt.Sprint(a.Ints[:min(len(a.Ints), 20)])
	case AttributeStrings:
		s = fmt.Sprintf("%q", a.Strings[:min(len(a.Strings), 5)])
	case AttributeTensor, AttributeTensors:
		return "a tensor"
	case AttributeGraph, AttributeGraphs:
		return "a graph"
	default:
		return "a value of another type"
	}
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return s
}

// Attribute returns the attribute of a name, or nil. Of several with one name, which is an
// error in the file, it is the first.
func (n *Node) Attribute(name string) *Attribute {
	for _, a := range n.Attributes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Int returns an attribute of type int, or the default where there is none.
func (n *Node) Int(name string, otherwise int64) int64 {
	if a := n.Attribute(name); a != nil && a.Type == AttributeInt {
		return a.I
	}
	return otherwise
}

// Float is Int for float.
func (n *Node) Float(name string, otherwise float32) float32 {
	if a := n.Attribute(name); a != nil && a.Type == AttributeFloat {
		return a.F
	}
	return otherwise
}

// Text is Int for string.
func (n *Node) Text(name, otherwise string) string {
	if a := n.Attribute(name); a != nil && a.Type == AttributeString {
		return a.S
	}
	return otherwise
}

// Ints returns an attribute of type ints; ok says that it is there.
func (n *Node) Ints(name string) (ints []int64, ok bool) {
	if a := n.Attribute(name); a != nil && a.Type == AttributeInts {
		return a.Ints, true
	}
	return nil, false
}

// Input returns the name of input i, "" if it is absent.
func (n *Node) Input(i int) string {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return ""
}

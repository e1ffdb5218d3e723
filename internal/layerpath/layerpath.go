// Package layerpath compares paths of layers and names of parameters.
package layerpath

import "strings"

// In reports whether a layer, or a parameter of a layer, lies in the layers at a
// path: "features.3.weight" lies in "features.3" and in "features", but not in
// "feat" nor in "features.30". Everything lies in "", which is the whole network.
func In(name, layers string) bool {
	rest, ok := strings.CutPrefix(name, layers)
	return ok && (layers == "" || rest == "" || rest[0] == '.')
}

// Of returns the path of the layer that has a parameter or buffer: its name
// without the last part.
func Of(name string) string { return name[:max(0, strings.LastIndexByte(name, '.'))] }

package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"testing"
)

// The imports of this module: packages are placed below all that import them, side
// by side without overlap, and each arrow ends at the package that is imported.
func TestArrange(t *testing.T) {
	imports, err := list("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		shown := map[string][]string{}
		for pkg := range imports {
			if p.shows(pkg) {
				shown[pkg] = through(imports, pkg, p.shows)
			}
		}
		less := reduce(shown)
		l := arrange(less, p.columns)
		layer, drawn := map[string]int{}, 0
		for i, nodes := range l.layers {
			boxes := 0
			for j, n := range nodes {
				if n.layer != i {
					t.Errorf("%s: %q is in layer %d and says %d", p.file, n.pkg, i, n.layer)
				}
				if j > 0 && n.x-nodes[j-1].x < distance(nodes[j-1], n)-1e-6 {
					t.Errorf("%s: %q and %q overlap", p.file, nodes[j-1].pkg, n.pkg)
				}
				if n.pkg == "" {
					if len(n.down) != 1 {
						t.Errorf("%s: an arrow has %d ends", p.file, len(n.down))
					}
					continue
				}
				boxes++
				layer[n.pkg] = i
				var ends []string
				for _, to := range n.down {
					at := l.layers[to[0]][to[1]]
					for at.pkg == "" {
						at = l.layers[at.down[0][0]][at.down[0][1]]
					}
					ends = append(ends, at.pkg)
				}
				slices.Sort(ends)
				if !slices.Equal(ends, less[n.pkg]) {
					t.Errorf("%s: arrows lead from %s to %v, want %v", p.file, n.pkg, ends, less[n.pkg])
				}
				drawn++
			}
			if boxes > p.columns {
				t.Errorf("%s: %d packages in a layer", p.file, boxes)
			}
		}
		if drawn != len(shown) || drawn < 5 {
			t.Errorf("%s: %d packages drawn of %d", p.file, drawn, len(shown))
		}
		for pkg, list := range shown {
			for _, to := range list {
				if layer[to] <= layer[pkg] {
					t.Errorf("%s: %s imports %s, which is not below it", p.file, pkg, to)
				}
			}
		}
	}
}

func TestReduce(t *testing.T) {
	got := reduce(map[string][]string{"a": {"d", "b", "c"}, "b": {"d"}, "c": {}, "d": {"c"}})
	want := map[string][]string{"a": {"b"}, "b": {"d"}, "c": {}, "d": {"c"}}
	for pkg := range want {
		if !slices.Equal(got[pkg], want[pkg]) {
			t.Errorf("%s imports %v, want %v", pkg, got[pkg], want[pkg])
		}
	}
}

// Two packages that import two others the other way round need no crossing.
func TestOrder(t *testing.T) {
	l := arrange(map[string][]string{"a": {"z"}, "b": {"y"}, "y": nil, "z": nil}, 2)
	if len(l.layers) != 2 {
		t.Fatalf("%d layers, want 2", len(l.layers))
	}
	for _, n := range l.layers[0] {
		if below := l.layers[1][n.down[0][1]]; (n.x < 0) != (below.x < 0) {
			t.Errorf("the arrow from %s to %s crosses the other one", n.pkg, below.pkg)
		}
	}
}

func TestSVG(t *testing.T) {
	svg := arrange(map[string][]string{"a": {"b/c"}, "b/c": nil}, 2).svg("a & b")
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">a</text>", ">b/</text>", ">c</text>", "a &amp; b"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("%s is missing in\n%s", want, svg)
		}
	}
}

// The name of a package fits in its box, however long it is.
func TestLongNames(t *testing.T) {
	if w := boxWidthOf("tensor"); w != boxWidth {
		t.Errorf("a short name gets %v pixels", w)
	}
	if w := boxWidthOf("weights/efficientnetlite0"); w < 160 {
		t.Errorf("17 letters get %v pixels", w)
	}
}

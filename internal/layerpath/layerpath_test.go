package layerpath

import "testing"

func TestIn(t *testing.T) {
	for _, c := range []struct {
		name, layers string
		want         bool
	}{
		{"features.3.weight", "features.3", true},
		{"features.3.weight", "features", true},
		{"features.3.weight", "", true},
		{"features.3", "features.3", true},
		{"features.30.weight", "features.3", false},
		{"features.3.weight", "feat", false},
		{"features", "features.3", false},
	} {
		if got := In(c.name, c.layers); got != c.want {
			t.Errorf("In(%q, %q) is %v", c.name, c.layers, got)
		}
	}
}

func TestOf(t *testing.T) {
	for name, want := range map[string]string{"features.3.weight": "features.3", "gamma": ""} {
		if got := Of(name); got != want {
			t.Errorf("Of(%q) is %q, want %q", name, got, want)
		}
	}
}

package weights

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/tensor"
)

func TestUnwrap(t *testing.T) {
	network := strings.Fields("conv1.weight model.weight model.module.bias fc.weight")
	known := func(name string) bool { return slices.Contains(network, name) }
	for _, c := range []struct{ given, want, prefix string }{
		{"conv1.weight fc.weight", "conv1.weight fc.weight", ""},
		{"module.conv1.weight module.fc.weight", "conv1.weight fc.weight", "module."},
		{"_orig_mod.conv1.weight _orig_mod.fc.weight", "conv1.weight fc.weight", "_orig_mod."},
		{"_orig_mod.module.conv1.weight _orig_mod.module.fc.weight", "conv1.weight fc.weight", "_orig_mod.module."},
		{"module._orig_mod.fc.weight", "fc.weight", "_orig_mod.module."},
		{"state_dict.backbone.conv1.weight state_dict.backbone.other", "conv1.weight other", "state_dict.backbone."},
		// Parts of the network, wrapped on their own.
		{"model._orig_mod.weight model.module._fsdp_wrapped_module.bias", "model.weight model.module.bias", "_orig_mod."},
		// The network's own names begin like a wrapper's.
		{"model.weight model.module.bias", "model.weight model.module.bias", ""},
		{"model.model.weight model.model.module.bias", "model.weight model.module.bias", "model."},
		// Not common, or no name of the network: as they are.
		{"module.conv1.weight queue", "module.conv1.weight queue", ""},
		{"module.a module.b", "module.a module.b", ""},
		{"xconv1.weight", "xconv1.weight", ""},
		{"x_orig_mod.conv1.weight", "conv1.weight", "x_orig_mod."},
		{"", "", ""},
	} {
		var given []tensor.Named
		for _, name := range strings.Fields(c.given) {
			given = append(given, tensor.Named{Name: name})
		}
		unwrapped, prefix := Unwrap(given, known)
		var names []string
		for _, e := range unwrapped {
			names = append(names, e.Name)
		}
		if got := strings.Join(names, " "); got != c.want || prefix != c.prefix {
			t.Errorf("%s: got %s without %q, want %s without %q", c.given, got, prefix, c.want, c.prefix)
		}
		for i, name := range strings.Fields(c.given) {
			if given[i].Name != name {
				t.Errorf("%s: the caller's names were changed", c.given)
			}
		}
	}
}

func TestCheckFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	named := func(name string, values ...float32) tensor.Named {
		return tensor.Named{Name: name, Tensor: tensor.Must(tensor.FromSlice(values, len(values)))}
	}
	good := named("good", 1, -math.MaxFloat32, 0, math.SmallestNonzeroFloat32)
	for want, entries := range map[string][]tensor.Named{
		"": {good, {Name: "nil"}},
		"the weights are damaged: tensor a has 2 NaN among 3 values":                                          {good, named("a", nan, 1, nan)},
		"the weights are damaged: tensor a has 1 Inf among 1 values, and another tensor has some":             {named("a", inf), good, named("b", nan)},
		"the weights are damaged: tensor a has 1 NaN and 2 Inf among 4 values, and 2 other tensors have some": {named("a", -inf, 1, nan, inf), named("b", nan), named("c", inf)},
	} {
		if err := CheckFinite(entries); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

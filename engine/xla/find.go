package xla

import (
	"errors"
	"fmt"
	"strings"

	"github.com/strideml/stride/pjrt/plugins"
)

// ErrNoPlugin says that there is no plugin for the hardware of this machine.
var ErrNoPlugin = errors.New("no PJRT plugin was found")

// FindPlugin returns the plugin that New takes if none is named. An error that says where
// it looked wraps ErrNoPlugin.
func FindPlugin() (plugins.Plugin, error) { return firstUsable(plugins.Find(), plugins.Places()) }

// firstUsable takes the first plugin whose hardware is there, or that is named.
func firstUsable(found []plugins.Plugin, places []string) (plugins.Plugin, error) {
	var without []string
	for _, p := range found {
		if p.Named || p.Hardware() {
			return p, nil
		}
		without = append(without, fmt.Sprintf("%s is for %s, and this machine has no such device", p.Path, p.Platform))
	}
	if len(without) > 0 {
		return plugins.Plugin{}, fmt.Errorf("%w for this machine: %s", ErrNoPlugin, strings.Join(without, "; "))
	}
	return plugins.Plugin{}, fmt.Errorf("%w: $STRIDE_PJRT does not name one, and there is none in %s; pip installs them: 'jax[cuda12]' for NVIDIA, jax-rocm7-pjrt for AMD, libtpu for TPUs",
		ErrNoPlugin, placesText(places))
}

func placesText(places []string) string {
	if len(places) == 0 {
		return "Python's packages, as there is no Python"
	}
	const most = 3
	if len(places) > most+1 {
		return fmt.Sprintf("%s and %d more folders of Python packages", strings.Join(places[:most], ", "), len(places)-most)
	}
	return strings.Join(places, ", ")
}

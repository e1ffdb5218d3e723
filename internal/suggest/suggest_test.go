package suggest_test

import (
	"fmt"
	"testing"

	"github.com/strideml/stride/internal/suggest"
)

func ExampleNearest() {
	fmt.Println(suggest.Nearest("lennet", []string{"alexnet", "lenet", "vgg11"}))
	// Output: lenet
}

func TestNearest(t *testing.T) {
	names := []string{"train", "eval", "predict", "momentum"}
	for typed, want := range map[string]string{
		"trian": "train", "evl": "eval", "eva": "eval", "momemtun": "momentum",
		"eavl": "eval", "pridct": "predict", "trani": "train", "trains": "train", "momentum": "momentum",
		"net": "", "vaal": "", // two edits of a short word
		"": "", "x": "", "xy": "", "serve": "", "résumé": "",
	} {
		if got := suggest.Nearest(typed, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
	if got := suggest.Nearest("train", nil); got != "" {
		t.Errorf("got %q out of nothing", got)
	}
}

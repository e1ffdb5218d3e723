package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/weights/imagenet"
	"github.com/strideml/stride/zoo"
)

// A network by name means its pretrained weights.
func TestPredictPretrained(t *testing.T) {
	t.Parallel()
	picture := filepath.Join("..", "..", "weights", "efficientnetlite0", "testdata", "signal.png")
	got := objects(t, mustStride(t, "predict", "efficientnet-lite0", picture, "--json", "--top", "1"))[0]
	class := got["classes"].([]any)[0].(map[string]any)
	if got["file"] != picture || class["class"] != "traffic light" || class["index"] != 920. || class["probability"].(float64) < 0.2 {
		t.Errorf("got %v", got)
	}
	fails(t, failed, []string{"predict", "lenet-bn", picture}, "lenet-bn is a network that has no weights yet")
	fails(t, failed, []string{"predict", "torchvision/vgg11", picture}, "whose weights are not here yet", "stride weights get torchvision/vgg11")
	fails(t, failed, []string{"predict", "efficientnet-lite0", picture, "--net", "lenet"}, `efficientnet-lite0 is a model of the network "efficientnet-lite0", not of "lenet"`)
}

func TestWeightsList(t *testing.T) {
	t.Parallel()
	list := objects(t, mustStride(t, "weights", "list", "--json"))
	if first := list[0]; first["net"] != "efficientnet-lite0" || first["embedded"] != true {
		t.Errorf("%v", first)
	}
	if out := mustStride(t, "weights", "list"); !strings.Contains(out, "timm/resnet18.tv_in1k") || !strings.Contains(out, "in this program") {
		t.Errorf("got %s", out)
	}
}

// serveHub serves a model folder as the weights of MobileNetV2 on a hub.
func serveHub(t *testing.T, dir string) string {
	t.Helper()
	const prefix = "/timm/mobilenetv2_100.ra_in1k/resolve/main/"
	s := httptest.NewServer(http.StripPrefix(prefix, http.FileServer(http.Dir(dir))))
	t.Cleanup(s.Close)
	return s.URL
}

// Weights that were downloaded are found by the name of the network, with the
// names of ImageNet's classes.
func TestWeightsGet(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("HOME", home)
	t.Setenv("LocalAppData", home)
	spec, err := zoo.Get("torchvision/mobilenet_v2")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(1000), spec.Input, nn.Options{Init: nn.Constant(0.01)})
	if err != nil {
		t.Fatal(err)
	}
	bias, err := net.Param("classifier.1.bias")
	if err != nil {
		t.Fatal(err)
	}
	bias.Value.Data()[7] = 30
	classes := make([]string, 1000)
	for i, name := range imagenet.Classes() {
		classes[i] = "x" + name
	}
	if err := (&modelfolder.Model{Net: net, Spec: spec, Classes: classes, Preprocessing: spec.Preprocessing}).Save(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_ENDPOINT", serveHub(t, dir))
	picture := filepath.Join("..", "..", "weights", "efficientnetlite0", "testdata", "signal.png")
	got := objects(t, mustStride(t, "weights", "get", "torchvision/mobilenet_v2", "--json"))[0]
	if folder, ok := got["folder"].(string); !ok || !strings.HasPrefix(folder, home) {
		t.Errorf("got %v", got)
	}
	class := objects(t, mustStride(t, "predict", "torchvision/mobilenet_v2", picture, "--json"))[0]["classes"].([]any)[0].(map[string]any)
	if class["index"] != 7. || class["class"] != imagenet.Classes()[7] {
		t.Errorf("got %v", class)
	}

	// Weights of another network do not stay.
	other := t.TempDir()
	lenet, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	if net, err = lenet.Model(0); err != nil {
		t.Fatal(err)
	}
	if err := (&modelfolder.Model{Net: net, Spec: lenet, Classes: classes[:10], Preprocessing: preprocess.Plain(lenet.Input)}).Save(other); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_ENDPOINT", serveHub(t, other))
	into := filepath.Join(home, "other")
	fails(t, failed, []string{"weights", "get", "torchvision/mobilenet_v2", "--dir", into}, "what the hub has for torchvision/mobilenet_v2 does not fit it")
	if source.Exists(filepath.Join(into, "model.safetensors")) {
		t.Error("weights that do not fit were kept")
	}

	fails(t, misused, []string{"weights", "get", "resnet18"}, "no weights are known for resnet18, but for torchvision/resnet18")
	fails(t, misused, []string{"weights", "get", "lenet"}, "no weights are known for lenet; train it with stride train lenet")
	fails(t, misused, []string{"weights", "get", "torchvision/resnet19"}, "torchvision/resnet19", "did you mean")
	fails(t, misused, []string{"weights", "get"}, "needs the name of a network")
}

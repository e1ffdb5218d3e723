package deploycheck

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The parts of KServe's types that the example uses; KServe's own module needs several hundred others.
type (
	servingRuntime struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Annotations           map[string]string `json:"annotations"`
			SupportedModelFormats []struct {
				Name       string `json:"name"`
				Version    string `json:"version"`
				AutoSelect *bool  `json:"autoSelect"`
			} `json:"supportedModelFormats"`
			ProtocolVersions []string           `json:"protocolVersions"`
			Containers       []corev1.Container `json:"containers"`
		} `json:"spec"`
	}
	inferenceService struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Predictor struct {
				Model struct {
					ModelFormat struct {
						Name string `json:"name"`
					} `json:"modelFormat"`
					Runtime         string `json:"runtime"`
					ProtocolVersion string `json:"protocolVersion"`
					StorageURI      string `json:"storageUri"`
				} `json:"model"`
			} `json:"predictor"`
		} `json:"spec"`
	}
)

// objects decodes a file of manifests, in which there is no unknown field.
func objects(t *testing.T, name string) (all map[string]any) {
	t.Helper()
	all = map[string]any{}
	for _, text := range strings.Split(string(read(t, name)), "\n---\n") {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
			t.Fatal(err)
		}
		into, ok := map[string]any{
			"apps/v1 Deployment": &appsv1.Deployment{}, "v1 Service": &corev1.Service{}, "v1 PersistentVolumeClaim": &corev1.PersistentVolumeClaim{},
			"policy/v1 PodDisruptionBudget":             &policyv1.PodDisruptionBudget{},
			"serving.kserve.io/v1alpha1 ServingRuntime": &servingRuntime{}, "serving.kserve.io/v1beta1 InferenceService": &inferenceService{},
		}[kind.APIVersion+" "+kind.Kind]
		if !ok {
			t.Errorf("%s: %s %s is not known", name, kind.APIVersion, kind.Kind)
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			t.Errorf("%s: %s: %v", name, kind.Kind, err)
		}
		all[kind.Kind] = into
	}
	return all
}

// What refers to something by its name finds it.
func TestKubernetes(t *testing.T) {
	all := objects(t, "kubernetes.yaml")
	d, s := all["Deployment"].(*appsv1.Deployment), all["Service"].(*corev1.Service)
	pod := d.Spec.Template
	c := pod.Spec.Containers[0]
	for _, selector := range []map[string]string{d.Spec.Selector.MatchLabels, s.Spec.Selector, all["PodDisruptionBudget"].(*policyv1.PodDisruptionBudget).Spec.Selector.MatchLabels} {
		for key, value := range selector {
			if pod.Labels[key] != value {
				t.Errorf("the pods have no label %s=%s", key, value)
			}
		}
	}
	ports := func(name string) bool {
		return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == name })
	}
	for _, p := range s.Spec.Ports {
		if !ports(p.TargetPort.StrVal) {
			t.Errorf("no port %s", p.TargetPort.StrVal)
		}
	}
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if !ports(p.HTTPGet.Port.StrVal) || !strings.HasPrefix(p.HTTPGet.Path, "/v2/health/") {
			t.Errorf("probe %+v", p.HTTPGet)
		}
	}
	for _, m := range c.VolumeMounts {
		if !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) {
			t.Errorf("no volume %s", m.Name)
		}
	}
	if claim := all["PersistentVolumeClaim"].(*corev1.PersistentVolumeClaim).Name; pod.Spec.Volumes[0].PersistentVolumeClaim.ClaimName != claim {
		t.Errorf("the claim is called %s", claim)
	}
}

func TestKServe(t *testing.T) {
	all := objects(t, "kserve.yaml")
	r, s := all["ServingRuntime"].(*servingRuntime), all["InferenceService"].(*inferenceService)
	if s.Spec.Predictor.Model.Runtime != r.Name || !slices.Contains(r.Spec.ProtocolVersions, s.Spec.Predictor.Model.ProtocolVersion) {
		t.Errorf("%+v, %+v", s, r)
	}
}

func TestDockerfile(t *testing.T) {
	parsed, err := parser.Parse(bytes.NewReader(read(t, "Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(stages); n != 2 || stages[n-1].BaseName != "scratch" {
		t.Errorf("%d stages, the last from %s", n, stages[n-1].BaseName)
	}
	for _, w := range parsed.Warnings {
		t.Error(w.Short)
	}
}

func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	// The program need not be installed.
	unit := filepath.Join(t.TempDir(), "stride.service")
	if err := os.WriteFile(unit, bytes.ReplaceAll(read(t, "stride.service"), []byte("/usr/local/bin/stride"), []byte("/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

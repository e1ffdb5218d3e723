package deploycheck

import (
	"bytes"
	"fmt"
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

// The parts of the MPI Operator's type that the example uses.
type mpiJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SlotsPerWorker   int32  `json:"slotsPerWorker"`
		SSHAuthMountPath string `json:"sshAuthMountPath"`
		RunPolicy        struct {
			CleanPodPolicy string `json:"cleanPodPolicy"`
			BackoffLimit   int32  `json:"backoffLimit"`
		} `json:"runPolicy"`
		MPIReplicaSpecs map[string]struct {
			Replicas int32                  `json:"replicas"`
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"mpiReplicaSpecs"`
	} `json:"spec"`
}

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
			"kubeflow.org/v2beta1 MPIJob":               &mpiJob{},
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

// The launcher starts a rank on each worker, as the user whose key the image knows.
func TestMPIJob(t *testing.T) {
	spec := objects(t, "mpijob.yaml")["MPIJob"].(*mpiJob).Spec
	launcher, worker := spec.MPIReplicaSpecs["Launcher"], spec.MPIReplicaSpecs["Worker"]
	if launcher.Replicas != 1 || worker.Replicas < 2 {
		t.Errorf("%d launchers, %d workers", launcher.Replicas, worker.Replicas)
	}
	command := launcher.Template.Spec.Containers[0].Args[0]
	if want := fmt.Sprintf("mpirun -n %d ", worker.Replicas*spec.SlotsPerWorker); !strings.Contains(command, want) {
		t.Errorf("the launcher does not run %q: %s", want, command)
	}
	image := string(read(t, "Dockerfile.mpi"))
	if !strings.Contains(image, spec.SSHAuthMountPath) {
		t.Errorf("the image does not look for keys in %s", spec.SSHAuthMountPath)
	}
	for _, pod := range []corev1.PodTemplateSpec{launcher.Template, worker.Template} {
		for _, m := range pod.Spec.Containers[0].VolumeMounts {
			if !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) {
				t.Errorf("no volume %s", m.Name)
			}
		}
	}
}

// Scripts are those of bash, and have no mistakes of syntax.
func TestScripts(t *testing.T) {
	for _, name := range []string{"train-mpirun.sh", "slurm.sbatch"} {
		if !bytes.HasPrefix(read(t, name), []byte("#!/usr/bin/env bash\n")) {
			t.Errorf("%s is no script of bash", name)
		}
		if out, err := exec.Command("bash", "-n", filepath.Join("../../deploy", name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

func TestDockerfile(t *testing.T) {
	for name, last := range map[string]string{"Dockerfile": "scratch", "Dockerfile.mpi": "debian:bookworm-slim"} {
		testDockerfile(t, name, last)
	}
}

// testDockerfile: last is what the last of the two stages is made from.
func testDockerfile(t *testing.T, name, last string) {
	t.Helper()
	parsed, err := parser.Parse(bytes.NewReader(read(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(stages); n != 2 || stages[n-1].BaseName != last {
		t.Errorf("%s: %d stages, the last from %s", name, n, stages[n-1].BaseName)
	}
	for _, w := range parsed.Warnings {
		t.Error(name, w.Short)
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

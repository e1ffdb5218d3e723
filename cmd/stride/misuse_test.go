package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Command lines that make no sense: one sentence, status 2, nothing written.
func TestMisuse(t *testing.T) {
	t.Parallel()
	run := finishedRun(t)
	before := contents(t, run)
	for _, c := range []struct {
		line  string
		parts []string
	}{
		{"trian lenet", []string{"no command trian", "did you mean train?"}},
		{"frobnicate", []string{"no command frobnicate", "summary"}},
		{"help frobnicate", []string{"no command frobnicate", "summary"}},
		{"help train lenet", []string{"name of a command", "lenet after stride train"}},
		{"trian --help", []string{"no command trian"}},
		{"data shwo --help", []string{"stride data has no command shwo"}},
		{"completion tcsh", []string{"no command tcsh", "bash, fish, powershell, zsh"}},
		{"completion bash x", []string{"accepts no arguments"}},
		{"help data shwo", []string{"stride data has no command shwo", "did you mean show?"}},
		{"data shwo", []string{"did you mean show?"}},
		{"train", []string{"needs a folder of photos or the name of a network", "lenet"}},
		{"train lenett", []string{"unknown network lenett", "did you mean lenet?"}},
		{"train transformer", []string{"unknown network transformer", "lenet-bn", "vgg"}},
		{"train lenet vgg", []string{"takes one network", "lenet and vgg"}},
		{"train lenet --lr-find --out NEW", []string{"--out has no effect"}},
		{"train lenet --lr-scale cubic", []string{"--lr-scale cubic", "want linear or sqrt"}},
		{"train lenet --lr-scale linear=0", []string{"want linear or sqrt"}},
		{"train --resume --lr-scale linear", []string{"--lr-scale is for a new run"}},
		{"train lenet --sync-bn", []string{"--sync-bn is for --dist"}},
		{"train lenet --dist-compress bf16", []string{"--dist-compress is for --dist"}},
		{"train lenet --dist-timeout 5m", []string{"--dist-timeout is for --dist"}},
		{"train lenet --dist-timeout soon", []string{"want a time from 1s to 24h"}},
		{"train lenet --dist gloo", []string{"--dist gloo", "want mpi"}},
		{"train lenet --dist-exact --tune", []string{"--dist-exact and --tune exclude each other"}},
		{"train lenet --dist-exact --sync-bn", []string{"--dist-exact and --sync-bn exclude each other"}},
		{"train lenet --head-epochs 2", []string{"--head-epochs is for folders of photos"}},
		{"train lenet --optimizer adam --momentum 0.9", []string{"--momentum is for", "not for adam"}},
		{"train lenet --schedule cosin", []string{"want constant, cosine"}},
		{"train lenet --clip 0", []string{"a number above 0"}},
		{"train RUN", []string{"RUN is a run folder", "--resume"}},
		{"train lenet --foo", []string{"no flag --foo", "stride train --help"}},
		{"train lenet -x", []string{"no flag -x"}},
		{"train lenet --epoch 3", []string{"did you mean --epochs?"}},
		{"train lenet --epochs", []string{"--epochs needs a value"}},
		{"train lenet --epochs 0", []string{"--epochs 0", "from 1 to"}},
		{"train lenet --epochs many", []string{"--epochs many", "whole number"}},
		{"train lenet --batch 0", []string{"--batch 0", "from 1 to"}},
		{"train lenet --batch 1e9", []string{"--batch 1e9"}},
		{"train lenet --batch 99999999999999999999", []string{"--batch 999"}},
		{"train lenet --lr NaN", []string{"--lr NaN", "above 0"}},
		{"train lenet --lr 0", []string{"--lr 0", "above 0"}},
		{"train lenet --lr -1", []string{"--lr -1"}},
		{"train lenet --lr Inf", []string{"--lr Inf"}},
		{"train lenet --momentum 1", []string{"--momentum 1", "not including, 1"}},
		{"train lenet --nesterov", []string{"--nesterov needs a --momentum"}},
		{"train lenet --weight-decay -1", []string{"--weight-decay -1"}},
		{"train lenet --seed -1", []string{"--seed -1"}},
		{"train lenet --resize 0", []string{"--resize 0"}},
		{"train lenet --device gpu", []string{"--device gpu", "cpu"}},
		{"train lenet --device xla:", []string{"--device xla:", "numbers of devices"}},
		{"train lenet --device xla:-1", []string{"numbers of devices"}},
		{"train lenet --device xla:0,0", []string{"numbers of devices"}},
		{"train lenet --device cpu:1", []string{"--device cpu:1", "want auto, cpu, reference or xla"}},
		{"train lenet --plugin plugin.so", []string{"--plugin is for --device xla"}},
		{"train lenet --math bf16 --device reference", []string{"--math bf16 is for other engines"}},
		{"train lenet --math exact", []string{"--math exact", "strict"}},
		{"train lenet --threads -1", []string{"--threads -1"}},
		{"train lenet --json=maybe", []string{"--json maybe", "true or false"}},
		{"train lenet --augment mirror", []string{"--augment mirror", "hflip"}},
		{"train lenet --augment mixup", []string{"--augment mixup", "works on batches"}},
		{"train lenet --augment crop=4000", []string{"--augment crop=4000", "4000×4000"}},
		{"train lenet --augment normalize=0:1", []string{"--augment", "test images"}},
		{"train lenet --lr-find --ui", []string{"--ui has no effect"}},
		{"train lenet --ui=here", []string{"--ui here", "host:port"}},
		{"train lenet --ui=127.0.0.1:", []string{"--ui 127.0.0.1:", "host:port"}},
		{"train lenet --ui 127.0.0.1:0", []string{"--ui takes its address after an equals sign: --ui=127.0.0.1:0"}},
		{"ui runs other", []string{"takes one folder, found runs and other"}},
		{"ui --addr 8090", []string{"--addr 8090", "host:port"}},
		{"book covn", []string{"no chapter covn", "did you mean conv?"}},
		{"book 12345", []string{"no chapter 12345", "there are "}},
		{"book conv lenet", []string{"takes one chapter, found conv and lenet"}},
		{"book --addr 8095", []string{"--addr 8095", "host:port"}},
		{"book --lang de", []string{"--lang de", "en or zh"}},
		{"book --out=", []string{"--out \"\""}},
		{"book conv --out public", []string{"--out writes all chapters"}},
		{"book --out public --lang zh", []string{"--lang has no effect"}},
		{"book --out public --addr auto", []string{"--addr has no effect"}},
		{"train RUN --resume --weights x", []string{"--weights is for a new run"}},
		{"eval", []string{"needs a run folder, a model file or a network"}},
		{"eval RUN RUN", []string{"accepts one argument"}},
		{"eval RUN --report page.pdf", []string{"--report page.pdf", ".html file, or none"}},
		{"eval RUN --net lenett", []string{"--net: unknown network lenett", "did you mean lenet?"}},
		{"eval nowhere --net transformer", []string{"--net: unknown network transformer"}},
		{"eval RUN --threads 2 --device reference", []string{"--threads is for the cpu engine"}},
		{"predict RUN - x.png -", []string{"standard input", "once"}},
		{"predict RUN x.png --tune --math strict", []string{"--tune", "--math strict"}},
		{"explain", []string{"needs a run folder, a model file or a network, and pictures"}},
		{"explain RUN", []string{"needs at least one picture"}},
		{"explain RUN - x.png -", []string{"standard input", "once"}},
		{"explain RUN x.png --method gradcm", []string{"--method gradcm", "did you mean gradcam?"}},
		{"explain RUN x.png --method occlusion --layer 3", []string{"--layer is for gradcam", "not for occlusion"}},
		{"explain RUN x.png --steps 9", []string{"--steps is for --method integrated-gradients, not for gradcam"}},
		{"explain RUN x.png --method smoothgrad --sigma 2", []string{"--sigma 2", "up to 1"}},
		{"explain RUN x.png --method smoothgrad --samples 0", []string{"--samples 0", "from 1 to 1,000"}},
		{"explain RUN x.png y.png --out z.png", []string{"--out z.png is one file for 2 pictures"}},
		{"explain RUN x.png --out=", []string{"--out \"\""}},
		{"explain RUN x.png --colors jet", []string{"--colors jet", "viridis"}},
		{"look", []string{"needs a run folder, a model file or a network"}},
		{"look RUN --features 0", []string{"--features needs a --picture"}},
		{"look RUN --features 0 --filters", []string{"--features and --filters are two things"}},
		{"look RUN --filters 0", []string{"--filters=0"}},
		{"look RUN --picture x.png", []string{"--picture is for --features and --receptive-field"}},
		{"look RUN --out x.png", []string{"--out has no effect"}},
		{"look RUN --filters --times", []string{"--times is for the list of layers"}},
		{"look RUN --filters --unit 1,2", []string{"--unit is for --receptive-field"}},
		{"look RUN --receptive-field 3 --unit 4", []string{"--unit 4", "such as 3,5"}},
		{"look RUN --receptive-field 3 --channel 4", []string{"--channel has no effect without a --picture"}},
		{"look RUN --exciting 3", []string{"--exciting 3: want a layer and a channel"}},
		{"serve", []string{"needs a run folder, a model file or a network, or --models"}},
		{"serve RUN --addr here", []string{"--addr here", "host:port"}},
		{"serve RUN --grpc-addr 8081", []string{"--grpc-addr 8081", "host:port"}},
		{"serve RUN --max-batch 0", []string{"--max-batch 0", "from 1 to"}},
		{"serve RUN --max-delay 2", []string{"--max-delay 2"}},
		{"serve RUN --max-delay -1s", []string{"--max-delay -1s", "at most an hour"}},
		{"serve RUN --timeout 0s", []string{"--timeout 0s"}},
		{"serve RUN --max-body 0", []string{"--max-body 0", "800MB"}},
		{"serve RUN --log-level loud", []string{"--log-level loud", "debug"}},
		{"serve RUN --tls-cert x.pem", []string{"--tls-cert and --tls-key belong together"}},
		{"serve RUN --tls-key x.pem", []string{"--tls-cert and --tls-key belong together"}},
		{"serve RUN --token-file=", []string{"--token-file \"\""}},
		{"serve RUN --public-health", []string{"--public-health has no effect", "--token-file"}},
		{"serve RUN --host http://a.example", []string{"--host", "without a port"}},
		{"serve RUN --host a.example --host b:80", []string{"--host \"b:80\""}},
		{"serve RUN --cors-origin example.com", []string{"--cors-origin \"example.com\"", "https://example.com"}},
		{"serve RUN --max-connections 0", []string{"--max-connections 0", "from 1 to"}},
		{"serve RUN --read-timeout 0s", []string{"--read-timeout 0s"}},
		{"serve RUN --idle-timeout 2h", []string{"--idle-timeout 2h", "at most an hour"}},
		{"serve RUN --models=", []string{"--models \"\""}},
		{"summary lenet --net vgg", []string{"lenet and --net vgg are two networks"}},
		{"summary lenet --input 1x4x4", []string{"smaller than the kernel", "3 (Conv2D 5×5"}},
		{"train vgg11 --resize 8 --data DATA", []string{"smaller than the kernel"}},
		{"train lenet --data=", []string{"--data \"\": want the name of a file or folder"}},
		{"train lenet --out=", []string{"--out \"\""}},
		{"train lenet --device reference --memory-budget 1GB", []string{"--memory-budget is for the cpu engine"}},
		{"train RUN --resume --out other", []string{"takes one run to resume", "--out other"}},
		{"eval RUN --split most", []string{"--split most", "train, validation, test or all"}},
		{"eval RUN --weights first", []string{"--weights first", "best or last"}},
		{"predict", []string{"needs a run folder, a model file or a network, and pictures"}},
		{"predict RUN", []string{"needs at least one picture"}},
		{"predict RUN x.png --top 0", []string{"--top 0"}},
		{"predict RUN x.png --fit squeeze", []string{"--fit squeeze", "stretch or crop"}},
		{"predict RUN x.png --mean 0.5,0.5", []string{"--mean 0.5,0.5: want three numbers from 0 to 1, such as 0.485,0.456,0.406, or one"}},
		{"predict RUN x.png --mean 123.7", []string{"--mean 123.7: want three numbers from 0 to 1"}},
		{"predict RUN x.png --mean NaN", []string{"--mean NaN: want three numbers from 0 to 1"}},
		{"eval RUN --std 0.2,0,0.2", []string{"--std 0.2,0,0.2: want three numbers above 0"}},
		{"convert RUN x.onnx --std=", []string{"--std \"\": want three numbers above 0"}},
		{"eval RUN --interpolation lanczos", []string{"--interpolation lanczos: want bilinear or bicubic"}},
		{"predict RUN x.png --crop-pct 87.5", []string{"--crop-pct 87.5: want a number from 0.05 to 1"}},
		{"predict RUN x.png --crop-pct 0.9 --fit stretch", []string{"--crop-pct has no effect"}},
		{"convert --check RUN --mean 0.5", []string{"--check writes nothing: --mean has no effect"}},
		{"train lenet --mean 0.5", []string{"--mean is for folders of photos"}},
		{"train RUN --resume --std 0.5", []string{"--std is for a new run"}},
		{"summary", []string{"needs a network, a run folder or a model file"}},
		{"summary lenett", []string{"did you mean lenet?"}},
		{"summary torchvision/transformer", []string{"unknown network torchvision/transformer"}},
		{"summary torchvision/resnet1", []string{"did you mean torchvision/resnet18?"}},
		{"summary lenet --input 28", []string{"--input 28", "3x96x96"}},
		{"summary lenet --input 1x0x28", []string{"--input 1x0x28"}},
		{"summary lenet --input 1x99999x28", []string{"--input 1x99999x28"}},
		{"bench all lenett", []string{"did you mean lenet?"}},
		{"bench --peak --profile", []string{"--profile is for networks"}},
		{"bench --kernels --threads 2", []string{"--threads is not for --kernels"}},
		{"bench --memory-budget 1GB --mode infer", []string{"--memory-budget is for training"}},
		{"bench --memory-budget 1GB --device reference", []string{"--memory-budget is for the cpu engine"}},
		{"bench --plan --time 1s", []string{"--plan measures nothing"}},
		{"bench --plan --mode both", []string{"--plan prints one program"}},
		{"bench --trace x.json --mode both", []string{"--trace records one program"}},
		{"bench vgg11 --resolution 8", []string{"vgg11, train: ", "smaller than the kernel"}},
		{"bench lenett", []string{"did you mean lenet?"}},
		{"bench --mode think", []string{"--mode think", "train, infer or both"}},
		{"bench --time 0s", []string{"--time 0s"}},
		{"bench --time soon", []string{"--time soon"}},
		{"bench --device reference --profile", []string{"--profile is for the cpu engine"}},
		{"bench --device reference --memory", []string{"--memory is for the cpu engine"}},
		{"bench --device reference --trace x.json", []string{"--trace is for the cpu engine"}},
		{"bench lenet lenet-bn --trace x.json", []string{"--trace records one network, found 2"}},
		{"train lenet --memory-budget lots", []string{"--memory-budget", "want a size such as 800MB"}},
		{"train lenet --memory-budget 0MB", []string{"--memory-budget", "want a size such as 800MB"}},
		{"train lenet --memory-budget 5XB", []string{"--memory-budget", "want a size such as 800MB"}},
		{"data get", []string{"needs the name of a dataset"}},
		{"data get mnist", []string{"unknown dataset mnist"}},
		{"data show --out sheet.jpg", []string{"--out sheet.jpg", ".png"}},
		{"data show --count 0", []string{"--count 0"}},
		{"data show --versions 3", []string{"--versions is for --augment"}},
		{"data show --augment hflip --columns 3", []string{"--columns"}},
		{"data list x y", []string{"takes one folder, found x and y"}},
		{"data list x --data y", []string{"--data cannot be combined with the folder x"}},
		{"data show ./x --data y", []string{"--data cannot be combined with the folder ./x"}},
		{"data show --split validation", []string{"--split validation is for folders"}},
		{"devices x", []string{"accepts no arguments"}},
		{"version --jsno", []string{"did you mean --json?"}},
	} {
		var args, parts []string
		for _, word := range strings.Fields(c.line) {
			args = append(args, strings.NewReplacer("RUN", run, "DATA", fixture.data).Replace(word))
		}
		for _, part := range c.parts {
			parts = append(parts, strings.ReplaceAll(part, "RUN", run))
		}
		fails(t, misused, args, parts...)
	}
	unchanged(t, run, before)
	for _, name := range []string{"runs", "sheet.jpg", "fashion-mnist.png"} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

func unchanged(t testing.TB, dir string, before map[string]string) {
	t.Helper()
	now := contents(t, dir)
	for name, content := range before {
		if now[name] != content {
			t.Errorf("%s was changed", filepath.Join(dir, name))
		}
		delete(now, name)
	}
	for name := range now {
		t.Errorf("%s is new", filepath.Join(dir, name))
	}
}

// An environment variable that asks for kernels which do not exist, or which the
// processor lacks, is an error: the bits of results differ between kernels.
func TestUnknownKernels(t *testing.T) {
	cmd := child(t, "bench", "lenet", "--time", "1ms")
	cmd.Env = append(cmd.Env, "STRIDE_KERNELS=sse")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != failed || !strings.Contains(string(out), "STRIDE_KERNELS") {
		t.Errorf("%v: %s", err, out)
	}
}

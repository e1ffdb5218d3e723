package trainverb

import (
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/cluster"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/dist/local"
)

// Ranks that do not see the folder of a run get what they need of it.
func TestCopyRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"config.json": "{}", "state.json": "[1]", "model.safetensors": "weights", "net.onnx": "", "optimizer-3.safetensors": "no", "log.txt": "no"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := filesOfRun(dir)
	if len(files) != 4 {
		t.Fatalf("the files are %v", files)
	}
	var wait sync.WaitGroup
	for rank, comm := range local.New(3, local.Options{}) {
		wait.Go(func() {
			var flags cluster.Flags
			cmd := &cobra.Command{}
			flags.AddFlags(cmd)
			a := &command.App{Stdout: t.Output(), Stderr: t.Output()}
			err := cmd.ParseFlags([]string{"--dist", "mpi"})
			if err == nil {
				err = flags.Run(cluster.WithComm(t.Context(), comm), a, nil, func(c *cluster.Cluster, _ *command.App) error {
					v := &trainVerb{cluster: c, out: dir}
					if err := v.copyRun(sharedRun{Folder: dir, Files: files}); err != nil {
						return err
					}
					if got := filesOfRun(v.out); (v.out == dir) != (rank == 0) || !reflect.DeepEqual(got, files) {
						t.Errorf("rank %d has %v in %s", rank, got, v.out)
					}
					v.removeScratch()
					if _, err := os.Stat(v.out); (err == nil) != (rank == 0) {
						t.Errorf("rank %d: %v", rank, err)
					}
					return nil
				})
			}
			if err != nil {
				t.Errorf("rank %d: %v", rank, err)
			}
		})
	}
	wait.Wait()
}

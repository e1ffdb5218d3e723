package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/train"
)

// A Cluster is the ranks that run a verb together. Its methods work on a nil *Cluster,
// which is a verb in a single process.
type Cluster struct {
	comm   dist.Comm
	group  *dist.Group
	peers  []dist.Peer
	app    *command.App // which prints, on all ranks
	shared bool         // ranks are goroutines of one process
}

// Run runs a verb as one of the ranks, if the flags say so: run is given the ranks and, but
// for rank 0, an App that prints nothing. However it ends, all ranks end, and one of them
// says why. plan is what all ranks must agree on before they do anything.
func (f *Flags) Run(ctx context.Context, a *command.App, plan []dist.Field, run func(c *Cluster, a *command.App) error) error {
	if !f.On() {
		return run(nil, a)
	}
	return f.together(ctx, a, plan, nil, run)
}

// together is Run with --dist. misuse is what is wrong with the command line of this rank.
func (f *Flags) together(ctx context.Context, a *command.App, plan []dist.Field, misuse error, run func(c *Cluster, a *command.App) error) error {
	c := &Cluster{app: a}
	var err error
	if known, ok := ctx.Value(commKey{}).(dist.Comm); ok {
		c.comm, c.shared = known, true
	} else if c.comm, err = open(f); err != nil {
		return err
	}
	wire := dist.Float32
	if f.compress == "bf16" {
		wire = dist.BFloat16
	}
	c.group = dist.NewGroup(c.comm, wire)
	if c.peers, err = dist.Peers(c.comm); err == nil { // at once: other versions may go on in another way
		v := command.NewVersion()
		err = c.CheckPlan(dist.Field{Name: "the version of the program", Value: v.Program()}, dist.Field{Name: "the file of the program", Value: programHash()})
	}
	if err == nil {
		err = c.Agree(misuse)
	}
	if err == nil {
		err = c.CheckPlan(plan...)
	}
	if err == nil {
		quiet := a
		if !c.Root() {
			quiet = &command.App{Stdout: io.Discard, Stderr: io.Discard}
		}
		err = run(c, quiet)
	}
	return c.end(a, err)
}

type commKey struct{}

// WithComm makes a verb with --dist one of the ranks of comm, in place of those that a
// launcher has started: for tests, in which the ranks are goroutines.
func WithComm(ctx context.Context, comm dist.Comm) context.Context {
	return context.WithValue(ctx, commKey{}, comm)
}

// end ends the ranks and returns the error without what another rank says.
func (c *Cluster) end(a *command.App, err error) error {
	var known *dist.RankError
	interrupted := errors.Is(err, train.ErrInterrupted)
	if interrupted {
		err = &interruption{err}
	}
	if err != nil && !interrupted && !errors.As(err, &known) { // the others do not know of it
		command.Report(a, fmt.Errorf("%v: %w", c.me(), err))
		c.comm.Abort(1)
		return &reported{err}
	}
	if err != nil && c.Root() { // before mpirun learns that a process has failed, and ends all
		command.Report(a, err)
	}
	if failed := errors.Join(c.group.Close(), c.comm.Close()); failed != nil && err == nil {
		command.Report(a, fmt.Errorf("%v: %w", c.me(), failed))
		return &reported{failed}
	}
	if err != nil {
		return &reported{err}
	}
	return nil
}

// TellOthers prints on rank 0 the lines that ranks have kept for it, each once and but for
// those that rank 0 has itself.
func (c *Cluster) TellOthers(own []string) error {
	if c == nil {
		return nil
	}
	text, err := json.Marshal(own)
	if err != nil {
		return err
	}
	texts, err := dist.GatherBytes(c.comm, text)
	if err != nil || !c.Root() {
		return err
	}
	told := map[string]bool{}
	for rank, text := range texts {
		var lines []string
		if err := json.Unmarshal(text, &lines); err != nil {
			return err
		}
		for _, line := range lines {
			if !told[line] && rank > 0 {
				c.app.Notice(fmt.Sprintf("%v: %s", c.peers[rank], line))
			}
			told[line] = true
		}
	}
	return nil
}

// Prefix is how a command line begins that starts as many ranks again; "" in a single
// process.
func (c *Cluster) Prefix() string {
	if c == nil || len(c.peers) == 1 {
		return ""
	}
	return fmt.Sprintf("mpirun -n %d ", len(c.peers))
}

// Suffix is how such a command line ends.
func (c *Cluster) Suffix() string {
	if c == nil {
		return ""
	}
	return " --dist " + mpiKind
}

// me is this rank.
func (c *Cluster) me() dist.Peer {
	if c.peers == nil {
		return dist.Peer{Rank: c.comm.Rank()}
	}
	return c.peers[c.comm.Rank()]
}

// reported is an error that was told, or that another rank tells.
type reported struct{ error }

func (e *reported) Unwrap() []error { return []error{e.error, command.ErrReported} }

// interruption is that of a run whose ranks were asked to stop, wherever that was.
type interruption struct{ error }

func (e *interruption) Unwrap() []error { return []error{e.error, command.ErrInterrupted} }

// Root reports whether this process prints and writes.
func (c *Cluster) Root() bool { return c == nil || c.comm.Rank() == 0 }

// Agree makes an error of one rank that of all.
func (c *Cluster) Agree(err error) error {
	if c == nil {
		return err
	}
	return dist.Agree(c.comm, c.peers, err)
}

// CheckPlan refuses ranks that have other values than rank 0.
func (c *Cluster) CheckPlan(plan ...dist.Field) error {
	if c == nil {
		return nil
	}
	return dist.Shared(dist.CheckPlan(c.comm, c.peers, plan))
}

// Any reports whether a rank says yes.
func (c *Cluster) Any(yes bool) (bool, error) {
	if c == nil {
		return yes, nil
	}
	send := []byte{0}
	if yes {
		send[0] = 1
	}
	all := make([]byte, len(c.peers))
	err := c.comm.AllGather(send, all)
	return bytes.Contains(all, []byte{1}), err
}

// FromRoot returns on all ranks what make returns on rank 0, where it is called.
func (c *Cluster) FromRoot(make func() ([]byte, error)) (text []byte, err error) {
	if c.Root() {
		text, err = make()
	}
	if c == nil {
		return text, err
	}
	if err = c.Agree(err); err != nil {
		return nil, err
	}
	return dist.Broadcast(c.comm, text)
}

// RootFirst calls f on rank 0 and then on all others, which may need what it leaves on a
// disk that they share.
func (c *Cluster) RootFirst(f func() error) error {
	if c == nil {
		return f()
	}
	var err error
	if c.Root() {
		err = f()
	}
	if err = c.Agree(err); err == nil && !c.Root() {
		err = f()
	}
	return err
}

// Threads returns how many threads to compute with, where asked is 0, and lets the runtime
// have one more, for the communication.
func (c *Cluster) Threads(asked int) int {
	if c == nil {
		return asked
	}
	if asked == 0 {
		asked = dist.Threads(c.peers, c.comm.Rank())
	}
	if !c.shared {
		runtime.GOMAXPROCS(asked + 1)
	}
	return asked
}

// Group returns what adds up gradients; nil in a single process.
func (c *Cluster) Group() *dist.Group {
	if c == nil {
		return nil
	}
	return c.group
}

// Describe says who trains, for people; "" in a single process.
func (c *Cluster) Describe() string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", describe(c.peers), c.comm.Description())
}

// Dist returns the settings of a training; nil for one in a single process that does not
// need any. plan is what the verb knows beside what train knows.
func (f *Flags) Dist(c *Cluster, plan ...dist.Field) *train.Dist {
	if c == nil && !f.exact {
		return nil
	}
	d := &train.Dist{SyncBatchNorm: f.syncBN}
	if f.exact {
		d.Shards = Shards
	}
	if c != nil {
		d.Comm, d.Reducer = c.comm, c.group
		d.Plan = append([]dist.Field{{Name: "the form in which gradients are sent", Value: f.compress}}, plan...)
	}
	return d
}

// programHash is a hash of this program's file.
func programHash() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	file, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "unknown"
	}
	return "one with the SHA-256 " + hex.EncodeToString(h.Sum(nil)[:8])
}

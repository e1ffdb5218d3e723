package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/pflag"
)

// A Profile is where to write profiles of this program itself; the flags are
// hidden, for they are for those who work on it.
type Profile struct{ cpu, memory string }

// AddFlags adds the flags, which are hidden.
func (p *Profile) AddFlags(flags *pflag.FlagSet) {
	AddPlace(flags, &p.cpu, "cpuprofile", "write a profile of the processor's time to this `file`")
	AddPlace(flags, &p.memory, "memprofile", "write a profile of the heap to this `file`")
	for _, name := range []string{"cpuprofile", "memprofile"} {
		if err := flags.MarkHidden(name); err != nil {
			panic(err) // there is no such flag: a mistake in this program
		}
	}
}

// Around does work and writes the profiles of it that are wanted.
func (p *Profile) Around(work func() error) (err error) {
	if p.memory != "" { // before the work
		if err := CheckParent(p.memory); err != nil {
			return err
		}
	}
	if p.cpu != "" {
		f, err := os.Create(p.cpu)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if err := work(); err != nil || p.memory == "" {
		return err
	}
	f, err := os.Create(p.memory)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

// CheckParent reports a file that cannot be written because its folder does not
// exist.
func CheckParent(path string) error {
	dir := filepath.Dir(path)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write %s: there is no folder %s", path, dir)
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	case !info.IsDir():
		return fmt.Errorf("write %s: %s is not a folder", path, dir)
	}
	return nil
}

package runfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lockFile is held by the process that writes the run folder, and removed by it
// at the end. The operating system releases the lock of a process that dies, so
// the file alone says nothing.
const lockFile = ".lock"

// lockPatience is how long a lock is waited for: a reader that asks who has the
// folder holds the lock for an instant, and a process that ends may still have it.
const lockPatience = 200 * time.Millisecond

var (
	// errLocked says that another open file has the lock.
	errLocked = errors.New("locked")
	// errNoLocks says that the system or the file system has no locks.
	errNoLocks = errors.New("no locks")
)

// A Process is a process that writes a run folder, as its lock file says.
type Process struct {
	// PID is its number on the machine Host; 0 if the lock file does not say it.
	PID  int    `json:"pid"`
	Host string `json:"host"`
	// Since is when it began to write the folder.
	Since time.Time `json:"since"`
}

// String is "process 17", with the host where that is not this machine.
func (p Process) String() string {
	if p.PID == 0 {
		return "another process"
	}
	who := fmt.Sprintf("process %d", p.PID)
	if host, err := os.Hostname(); err != nil || host != p.Host {
		who += fmt.Sprintf(" on %q", p.Host)
	}
	return who
}

// takeLock takes the lock of a run folder, which must exist. The error wraps
// ErrInUse if another process has it. Where there are no locks, the file is
// written all the same, but keeps nobody out.
func takeLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	for until := time.Now().Add(lockPatience); ; time.Sleep(lockPatience / 20) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("lock the run folder: %w", err)
		}
		err = lock(f, true)
		switch {
		case (err == nil || errors.Is(err, errNoLocks)) && isAt(f, path):
			describeHolder(f)
			return f, nil
		case err == nil || errors.Is(err, errNoLocks): // removed by the process that had it
		case !errors.Is(err, errLocked):
			f.Close()
			return nil, fmt.Errorf("lock the run folder %s: %w", dir, err)
		case time.Now().After(until):
			defer f.Close()
			return nil, inUse(dir, f)
		}
		f.Close()
	}
}

// Lock keeps other processes from writing a run folder, which must exist, until unlock
// is called. The error wraps ErrInUse if one is writing it.
func Lock(dir string) (unlock func() error, err error) {
	f, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	return func() error { return dropLock(f) }, nil
}

// dropLock removes the lock file and releases the lock. Where open files cannot
// be removed, the file is removed after it is closed: that fails if the next
// process has opened it by then.
func dropLock(f *os.File) error {
	removed := os.Remove(f.Name())
	err := f.Close()
	if removed != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// CheckFree reports that a process is writing the run folder: the error wraps
// ErrInUse and says which process. It is nil for a folder that does not exist.
func CheckFree(dir string) error {
	for until := time.Now().Add(lockPatience); ; time.Sleep(lockPatience / 20) {
		f, err := os.Open(filepath.Join(dir, lockFile))
		if err != nil {
			return nil // no lock, or one that the training itself will report
		}
		err = lock(f, false)
		if errors.Is(err, errLocked) && time.Now().After(until) {
			err = inUse(dir, f)
			f.Close()
			return err
		}
		f.Close()
		if !errors.Is(err, errLocked) {
			return nil
		}
	}
}

// isAt says whether the open file is still the one at the path.
func isAt(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(open, now)
}

// describeHolder writes this process into the lock file. The lock holds without
// it, so that a full disk does not matter here.
func describeHolder(f *os.File) {
	host, _ := os.Hostname()
	b, err := json.Marshal(Process{os.Getpid(), host, time.Now().Round(0)})
	if err == nil && f.Truncate(0) == nil {
		_, _ = f.WriteAt(append(b, '\n'), 0)
	}
}

// holder reads what the lock file says about the process that has the lock.
func holder(f *os.File) (p Process) {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	if err != nil || json.Unmarshal(b, &p) != nil {
		return Process{}
	}
	return p
}

// inUse is the ErrInUse that names the process that has the lock.
func inUse(dir string, f *os.File) error {
	p := holder(f)
	if p.PID == 0 {
		return fmt.Errorf("%w: another process writes %s", ErrInUse, dir)
	}
	return fmt.Errorf("%w: %v has been writing %s since %s", ErrInUse, p, dir, p.Since.Local().Format(time.DateTime))
}

// WrittenBy returns the process that is writing a run folder; nil if there is none,
// or no folder, or if the file system has no locks. It does not wait, and other
// readers do not disturb it.
func WrittenBy(dir string) *Process {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if err != nil {
		return nil
	}
	defer f.Close()
	if !errors.Is(lock(f, false), errLocked) {
		return nil
	}
	p := holder(f)
	return &p
}

// isLeftover says whether a new run may take no notice of a file: the lock, or
// the first file of a run that was killed while it was written.
func isLeftover(name string) bool {
	half, _ := filepath.Match("."+configFile+".*.tmp", name)
	return name == lockFile || half
}

// checkEmpty returns an error that wraps ErrNotEmpty if the folder holds files
// other than leftovers.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("open the run folder: %w", err)
	}
	for _, e := range entries {
		if !isLeftover(e.Name()) {
			return notEmpty(dir)
		}
	}
	return nil
}

// LastWritten returns when the run in a folder was last written to: its settings,
// its log or a checkpoint.
func LastWritten(dir string) (time.Time, error) {
	var last time.Time
	for _, name := range []string{configFile, logFile, stateFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != configFile:
		case err != nil:
			return last, err
		case info.ModTime().After(last):
			last = info.ModTime()
		}
	}
	return last, nil
}

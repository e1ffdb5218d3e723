package train

import (
	"fmt"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/train/runfolder"
)

// takeUp continues the run in the folder from where it stands; nil is before the
// first checkpoint.
func (f *fitter) takeUp(at *runfolder.Position) (err error) {
	if at != nil {
		if f.saved, err = f.folder.Load(at, f.model, &f.training.State); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		f.swapAverage() // the model file has the average
		f.at = *at
	}
	if err := f.folder.Begin(); err != nil {
		return err
	}
	if at == nil {
		f.log("resume: the run stopped before its first checkpoint, so it starts from the beginning")
		return nil
	}
	if f.folder.Renamed != "" {
		f.log("resume: the images are the same, but " + f.folder.Renamed)
	}
	f.log(fmt.Sprintf("resume: going on after %s and %s", count(at.Epoch, "epoch"), count(at.Step, "step")))
	if was := f.folder.Settings.Device; was != f.config.Device.Name() {
		f.log(fmt.Sprintf("resume: the run was started on device %s, so its last bits may differ on %s", was, f.config.Device.Name()))
	}
	return nil
}

// complete writes what is missing in the folder of a run that was killed after
// its last step.
func (f *fitter) complete() error {
	f.swapAverage()
	defer f.swapAverage()
	if f.folder == nil { // another rank has it
		return nil
	}
	if err := f.folder.Complete(&f.at, f.model, &f.training.State); err != nil {
		return err
	}
	return f.record(true)
}

// save writes a checkpoint and returns its path.
func (f *fitter) save() (string, error) {
	f.swapAverage()
	defer f.swapAverage()
	return f.folder.Save(&f.at, f.model, &f.training.State)
}

// saveBetween writes a checkpoint that somebody has asked for. If that fails, the one
// before still counts.
func (f *fitter) saveBetween() (string, error) {
	if name := notFinite(f.model.State()); name != "" {
		return "", fmt.Errorf("%s holds a value that is not finite", name)
	}
	before := f.at
	path, err := f.save()
	if err != nil {
		f.at = before
		return "", err
	}
	f.saved = path
	f.log("saved " + path)
	return path, nil
}

// saveIfAsked writes a checkpoint if somebody has asked for one. Its error is that of a
// step; one of saving is told to whoever has asked.
func (f *fitter) saveIfAsked(clock func()) error {
	select {
	case done := <-f.config.Save:
		if err := f.settle(); err != nil {
			done("", err)
			return err
		}
		clock()
		done(f.saveBetween())
	default:
	}
	return nil
}

// diverged is the error for a loss or a weight that is not finite.
func (f *fitter) diverged(step int, what string) error {
	epoch := min((step-1)/f.batches, f.config.Epochs-1) + 1
	err := fmt.Errorf("%w in epoch %d at step %d: %s (a smaller learning rate may help)%s", ErrDiverged, epoch, step, what, f.kept())
	if f.ranks != nil {
		return dist.Shared(err)
	}
	return err
}

// kept says which checkpoint there is, to be appended to an error.
func (f *fitter) kept() string {
	switch {
	case f.saved != "":
		return "; the last good checkpoint is kept: " + f.saved
	case f.folder != nil:
		return "; there was no checkpoint yet"
	}
	return ""
}

// interrupted saves a checkpoint and returns the error that says so.
func (f *fitter) interrupted(cause error) error {
	at := fmt.Sprintf("%v in epoch %d after step %d", ErrInterrupted, f.at.Epoch+1, f.at.Step)
	if f.folder == nil && f.ranks == nil {
		return &interruption{at, cause}
	}
	if name := notFinite(f.model.State()); name != "" {
		return f.diverged(f.at.Step, name+" holds a value that is not finite"+f.explain(f.at.Step, true))
	}
	if f.folder == nil {
		return &interruption{at, cause}
	}
	path, err := f.save()
	if err == nil {
		err = f.record(true)
	}
	if err != nil {
		return fmt.Errorf("%s, and saving failed: %w", at, err)
	}
	return &interruption{at + "; saved " + path, cause}
}

// interruption is an ErrInterrupted that also wraps the context's cause.
type interruption struct {
	message string
	cause   error
}

func (e *interruption) Error() string   { return e.message }
func (e *interruption) Unwrap() []error { return []error{ErrInterrupted, e.cause} }

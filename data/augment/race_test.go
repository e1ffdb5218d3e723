//go:build race

package augment

func init() { raceDetector = true }

//go:build race

package step

func init() { raceDetector = true }

//go:build race

package preprocess_test

func init() { raceDetector = true }

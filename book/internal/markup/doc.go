// Package markup reads what the chapters of the book are made of: Go files with
// regions, and Markdown files whose blocks repeat regions and printed values.
//
// A region of a Go file is what stands between two comments. Editors fold them:
//
//	//region corr2d
//	y, err := d2l.Corr2D(x, k)
//	//endregion
//
// A block of a Markdown file repeats a region, or what a section of the program
// has printed. Its info string says which:
//
//	```go region=corr2d                 the region, without its indentation
//	```python region=corr2d             a region of a Python file, # region and # endregion
//	```text output=edges                what section edges prints, character by character
//	```text output=train approx=0.02    numbers may differ by 2 % (of a training, between processors),
//	                                    and those before s, ms, µs, images/s, examples/sec at will
//	```text output=gemm measured        numbers may differ (times), the words may not
//
// So the Markdown can be read as it is, and a test can say what is out of date.
package markup

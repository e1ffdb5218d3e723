// Package browsertest drives the pages of Stride with Chromium, as a person does. It is a Go module of its own, so
// that nobody downloads what drives a browser with the library.
//
//	go build -o stride ../../cmd/stride
//	STRIDE=./stride go test .
//
// Without STRIDE or without Chromium the tests are skipped. AXE names the file axe.min.js of the npm package
// axe-core, with which pages are then checked for what keeps people from using them; SHOTS names a folder for
// screenshots.
package browsertest

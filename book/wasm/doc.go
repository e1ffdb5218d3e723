// Command wasm is the library as the pages of the book load it: package book/live
// for JavaScript. It does something for GOOS=js and GOARCH=wasm only; package
// book/internal/wasmbuild builds it. book/site/assets/live/worker.js runs it, and
// gives it an object stride with the functions
//
//	ready({ call(id, name, args), cancel(id) })   says that calls may come
//	post(id, kind, value, transfer)               hands on an event, a result or an error of a call
//	fetch(name)                                   a Promise of a file's bytes
//	turn()                                        a Promise that lets messages in
//
// Arguments and results cross over as objects whose keys are the json tags of the
// structs of book/live, slices of float32 and uint8 as typed arrays.
package main

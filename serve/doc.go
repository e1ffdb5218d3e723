// Package serve answers requests for predictions over HTTP.
//
//	models, err := serve.NewModels(serve.Options{})
//	…
//	err = models.Open("shirts", "runs/shirts")
//	…
//	http.ListenAndServe("127.0.0.1:8080", serve.Handler(models, serve.HandlerOptions{}))
//
// [Handler] is an http.Handler, to be mounted in any server; [NewServer] is an http.Server
// with time-outs that suit it, and [Run] runs that until it is told to stop and then answers
// what is under way. The command stride serve is these three.
//
// # Protocols
//
// The routes under /v2 are those of the Open Inference Protocol, version 2, which KServe and
// Triton speak, in JSON and with the binary extension; and Triton's for statistics and for
// loading models. A model has one input, its pictures as N×C×H×W numbers, and one output,
// N×K logits, a score for each class before softmax; one from an ONNX file has those of the file. Any numeric type is taken for the input and
// converted to float32: UINT8 makes a request a quarter as long. An input of the type BYTES
// holds N picture files, which are decoded and preprocessed as the model says. With the
// parameter "classification": k an output is the names of the k classes with the highest scores.
//
// POST /v1/predict takes picture files and returns classes with their probabilities. The
// route /openapi.json describes all routes.
//
// # Batches
//
// Requests that wait while a batch of their model is computed make the next batch; see
// Options.MaxBatch, MaxDelay and QueueLimit. All batches, whatever their size, are
// computed with one copy of the weights. The scores of a picture agree within float32
// rounding whatever the batch; with Options.BatchInvariant they have the same bits.
//
// # Limits
//
// A request is refused, with a JSON object {"error": "…"}, if it is longer than
// HandlerOptions.MaxBody, if a picture has more than MaxPixels pixels, which is checked before
// it is decoded, or if it has more than MaxImages samples. If too many samples wait, or there is no
// memory for it for too long (BodyMemory), the answer is 429 with the header Retry-After.
package serve

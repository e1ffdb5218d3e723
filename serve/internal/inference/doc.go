// Package inference carries out requests for models, whatever protocol they came by: it checks
// them, decodes pictures, waits for the queue and makes the answer. HTTP (package serve) and
// gRPC (serve/grpc) only convert messages.
//
// What failed has the status that HTTP has for it; see [StatusOf].
package inference

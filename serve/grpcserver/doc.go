// Package grpcserver answers the Open Inference Protocol, version 2, over gRPC, with a
// serve.Service, which has the models and the limits.
//
//	service := serve.NewService(models, serve.HandlerOptions{})
//	server := grpcserver.New(service, grpcserver.Options{})
//	err := server.Run(ctx, listener, 30*time.Second)
//
// It converts messages; all else is what HTTP does: the same checks, queue, log, metrics and
// errors. Beside inference.GRPCInferenceService it has grpc.health.v1.Health, for probes, and
// server reflection, for tools such as grpcurl.
//
// Errors have the code that fits the status of HTTP: INVALID_ARGUMENT for 400 and 413,
// NOT_FOUND for 404, RESOURCE_EXHAUSTED for a full queue (429), with the trailer
// grpc-retry-pushback-ms, UNAVAILABLE for 503, DEADLINE_EXCEEDED for 504, CANCELLED for a
// client that has gone, and INTERNAL. A message longer than the limit is RESOURCE_EXHAUSTED.
package grpcserver

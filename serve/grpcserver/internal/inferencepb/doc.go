// Package inferencepb has the messages and the service of the Open Inference Protocol over gRPC,
// generated from inference.proto.
package inferencepb

//go:generate go run -C gen ./protogen -proto ../inference.proto

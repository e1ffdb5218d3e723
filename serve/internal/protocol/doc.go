// Package protocol reads and writes the messages of the Open Inference Protocol, version
// 2, that KServe, Triton and others speak over HTTP: JSON, and the extension in which
// tensors follow the JSON as bytes ("binary_tensor_data").
//
// It knows neither HTTP nor models. A tensor is its raw form throughout, little-endian and
// row by row, which is also what the protocol has over gRPC: data in JSON is converted
// when it is read and when it is written.
//
// The protocol: https://github.com/kserve/open-inference-protocol. The binary extension:
// https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md.
package protocol

// Package onnx reads and writes networks as ONNX files.
package onnx

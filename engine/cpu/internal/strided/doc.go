// Package strided copies elements that are not side by side in memory: boxes of
// any strides ([Box]), rows that are a pitch apart ([GatherRows],
// [ScatterRows]), and NHWC images with zeros around them ([Image]).
package strided

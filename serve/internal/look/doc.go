// Package look answers what the page of a server asks about the inside of a network: the
// network as a graph, explanations of a score, feature maps, filters, receptive fields, and the
// training pictures that excite a channel. Package explain computes them; here they become messages
// in JSON with pictures in them, and are kept from disturbing predictions.
//
// A [Looker] computes one thing at a time, on half of the threads, on a device of its own; some
// more wait. What a picture is given as is decoded by the caller. Nothing of a picture is kept.
package look

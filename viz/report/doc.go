// Package report writes what is known of a trained classifier as one HTML file:
// its metrics, the curves of its training, the confusion matrix, its calibration,
// and its worst mistakes as pictures.
//
// Fill in a [Page] and call [WriteFile]. The file needs nothing but a browser: it
// has no scripts and loads nothing, and its pictures are part of it. It is made for
// telephones and large screens, light and dark, for printing, for the keyboard and
// for screen readers.
//
// Its size is bounded: at most 100 thumbnails of at most 192 pixels; of more than
// 50 classes, the tables show those with the lowest numbers; of more than 100
// classes, the confusion matrix shows those with the most mistakes. A note says so.
package report

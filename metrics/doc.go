// Package metrics measures how good predictions are.
//
// [Accuracy] and [TopK] compare a batch of scores with labels.
// [ConfusionMatrix] collects (label, prediction) pairs over a whole dataset
// and derives accuracy and, for each class, precision, recall and F1.
//
// Scores may be logits or probabilities: only their order matters. Among equal
// scores the class with the smaller index wins, and NaN counts as greatest, as
// in graph.ArgMax.
//
// A ratio whose denominator is zero, such as the recall of a class that never
// occurs, is reported as 0, as scikit-learn does by default.
package metrics

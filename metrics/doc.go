// Package metrics measures how good predictions are.
//
// A [Collector] takes the logits or probabilities of one image after the other
// with its label, and its [Summary] has everything: accuracy, top-k accuracy, the
// confusion matrix, precision, recall and F1, ROC-AUC and average precision,
// log-loss, Brier score, calibration, and the worst mistakes.
//
// [Accuracy] and [TopK] compare a batch of scores with labels.
// [ConfusionMatrix] collects (label, prediction) pairs and derives accuracy, the
// metrics of each class and their means, and the most confused pairs.
// [Reliability] compares confidence with accuracy: calibration. [ROCAUC] and
// [AveragePrecision] judge the order of scores.
//
// Where only the order of scores matters, they may be logits or probabilities.
// Among equal scores the class with the smaller index wins, and NaN counts as
// greatest, as in graph.ArgMax.
//
// A ratio whose denominator is zero, such as the recall of a class that never
// occurs, is reported as 0, as scikit-learn does by default. ROC-AUC and average
// precision of such a class are NaN.
package metrics

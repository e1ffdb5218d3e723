#!/usr/bin/env python3
"""Makes golden.json: predictions of images and what scikit-learn says about them,
for the tests of package metrics. Needs NumPy and scikit-learn (made with 2.4 and
1.9). Calibration, which scikit-learn lacks, is computed here by its definition.

Probabilities are multiples of 1/16, so that many are equal. In the last case the
last class never occurs, and one is never predicted. scikit-learn bounds losses of
single images by 36, which none of these reaches.
"""
import json
import os
import warnings

import numpy as np
from sklearn import metrics as sk

warnings.simplefilter("ignore")
rng = np.random.default_rng(3)


def calibration(p, labels, bins):
    confidence, correct = p.max(1), p.argmax(1) == labels
    rows, ece, mce = [], 0.0, 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        n = int(inside.sum())
        gap = abs(correct[inside].mean() - confidence[inside].mean()) if n else 0.0
        rows.append([n, int(correct[inside].sum())])
        ece, mce = ece + gap * n / len(labels), max(mce, gap)
    return rows, ece, mce


def none(v):
    return None if np.isnan(v) else float(v)


def case(name, scores, labels, logits, bins=15, top=(1, 2)):
    n, k = scores.shape
    if logits:
        e = np.exp(scores - scores.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
    else:
        p = scores.astype(np.float64)
    guess = p.argmax(1)
    classes = range(k)
    prf = {a: [float(v) for v in sk.precision_recall_fscore_support(labels, guess, labels=classes, average=a, zero_division=0)[:3]] for a in ("macro", "weighted")}
    each = sk.precision_recall_fscore_support(labels, guess, labels=classes, average=None, zero_division=0)
    ranked = p.astype(np.float32)
    auc, ap = [], []
    for j in classes:
        is_j = labels == j
        both = is_j.any() and not is_j.all()
        auc.append(none(sk.roc_auc_score(is_j, ranked[:, j])) if both else None)
        ap.append(none(sk.average_precision_score(is_j, ranked[:, j])) if is_j.any() else None)
    rows, ece, mce = calibration(p, labels, bins)
    one_hot = np.eye(k)[labels]
    return {
        "name": name, "logits": logits, "classes": k, "scores": scores.tolist(), "labels": labels.tolist(),
        "accuracy": float(sk.accuracy_score(labels, guess)),
        "top_k": [[t, float(sk.top_k_accuracy_score(labels, order(p), k=t, labels=list(classes))) if k > 2 else None] for t in top],
        "confusion": sk.confusion_matrix(labels, guess, labels=list(classes)).tolist(),
        "precision": each[0].tolist(), "recall": each[1].tolist(), "f1": each[2].tolist(),
        "macro": prf["macro"], "weighted": prf["weighted"],
        "roc_auc": auc, "average_precision": ap,
        "log_loss": float(sk.log_loss(labels, p, labels=list(classes))),
        "brier": float(np.mean(((p - one_hot) ** 2).sum(1))),
        "brier_binary": float(sk.brier_score_loss(labels, p[:, 1])) if k == 2 else None,
        "bins": rows, "ece": float(ece), "mce": float(mce),
    }


def order(p):
    # scikit-learn breaks ties by the highest index, Stride by the lowest: prefer low ones.
    return p - 1e-9 * np.arange(p.shape[1])


def sixteenths(n, k):
    p = rng.multinomial(16, np.ones(k) / k, size=n)
    return p / 16


def right(scores, share):
    """Draws labels that agree with the scores for about a share of the images."""
    n, k = scores.shape
    return np.where(rng.random(n) < share, scores.argmax(1), rng.integers(0, k, n))


s1 = np.round(rng.normal(0, 2, (60, 4)) * 8) / 8
s2 = sixteenths(60, 3)
s3 = sixteenths(40, 2)
s4 = np.round(rng.normal(0, 6, (40, 7)) * 4) / 4
s4[:, 2] -= 15
cases = [
    case("logits", s1, right(s1, 0.6), True),
    case("ties", s2, right(s2, 0.3), False),
    case("binary", s3, right(s3, 0.7), False, bins=10, top=(1,)),
    case("absent", s4, np.minimum(right(s4, 0.5), 5), True, bins=4, top=(1, 3, 6)),
]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as f:
    json.dump(cases, f, indent=None, separators=(",", ":"))
    f.write("\n")

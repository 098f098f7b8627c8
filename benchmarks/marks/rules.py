"""Rules that make a direction of a text and of marks: (text, good, bad, background, sample).

`sample` are embeddings of the archive, of which only some rules make use.
"""

import numpy as np

from harma.index.refine import refine

# Of the archive, as weak negatives of the logistic rule of SERVE section 8.
NUM_WEAK, WEAK_WEIGHT = 300, 0.1


def text_only(text, good, bad, background, sample):
    """Marks are not used."""
    return text


def sums(text, good, bad, background, sample):
    """HarMA before: text + Σ good - ½ Σ bad."""
    return text + good.sum(axis=0) - 0.5 * bad.sum(axis=0)


def rocchio(text, good, bad, background, sample):
    """Rocchio with the usual weights 1, 0.75, 0.15."""
    return text + 0.75 * _mean(good) - 0.15 * _mean(bad)


def twice_good(text, good, bad, background, sample):
    """GeoVibes: 2 x mean of the good - mean of the bad; the text until there is a good one."""
    if not len(good):
        return text - _mean(bad)
    return 2 * _mean(good) - _mean(bad)


def nearest(text, good, bad, background, sample):
    """1-NN: how much nearer the nearest good one is than the nearest bad one; not a direction."""
    if not len(good):
        return text

    def scores(rows):
        near = (rows @ good.T).max(axis=1)
        if len(bad):
            near = near - (rows @ bad.T).max(axis=1)
        return near

    return scores


def svm(text, good, bad, background, sample):
    """Linear SVM on the marks alone; the text until there are both kinds."""
    from sklearn.svm import LinearSVC

    return _fitted(LinearSVC(class_weight="balanced"), text, good, bad)


def logistic(text, good, bad, background, sample):
    """Logistic regression on the marks alone; the text until there are both kinds."""
    from sklearn.linear_model import LogisticRegression

    return _fitted(LogisticRegression(C=10.0, max_iter=1000), text, good, bad)


def logistic_with_archive(text, good, bad, background, sample):
    """Logistic regression with the text as a feature, and archive chips as weak negatives."""
    from sklearn.linear_model import LogisticRegression

    if not len(good):
        return text
    rng = np.random.default_rng(0)
    weak = sample[rng.permutation(len(sample))[:NUM_WEAK]]
    rows = np.concatenate([good, bad, weak]) - background.mean
    labels = np.arange(len(rows)) < len(good)
    weights = np.ones(len(rows))
    weights[len(good) + len(bad) :] = WEAK_WEIGHT
    spread = background.spread(text)
    inputs = np.column_stack([rows, rows @ text / spread])
    fitted = LogisticRegression(max_iter=1000).fit(inputs, labels, sample_weight=weights)
    return fitted.coef_[0][:-1] + fitted.coef_[0][-1] * text / spread


def whitened_means(text, good, bad, background, sample):
    """Means whitened by the archive's covariance (LDA), beside the text; both vary by 1."""
    centre = background.mean
    if len(good) and len(bad):
        difference = _mean(good) - _mean(bad)
    elif len(good):
        difference = _mean(good) - centre
    else:
        difference = centre - _mean(bad)
    shrunk = 0.9 * background.variances + 0.1 * background.variances.mean()
    learnt = background.axes @ ((background.axes.T @ difference) / shrunk)
    return text / background.spread(text) + learnt / background.spread(learnt)


def ours(text, good, bad, background, sample):
    """`harma.index.refine`."""
    return refine(text, good, bad, background)


def _mean(rows):
    return rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])


def _fitted(classifier, text, good, bad):
    if not len(good) or not len(bad):
        return text
    rows = np.concatenate([good, bad])
    return classifier.fit(rows, np.arange(len(rows)) < len(good)).coef_[0]


RULES = {
    "text only": text_only,
    "sums (before)": sums,
    "Rocchio": rocchio,
    "2 good - bad": twice_good,
    "1-NN": nearest,
    "SVM on marks": svm,
    "logistic on marks": logistic,
    "logistic, text, archive": logistic_with_archive,
    "whitened means + text": whitened_means,
    "HarMA": ours,
}

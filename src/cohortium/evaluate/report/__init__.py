"""The evidence report: the same findings as a page, in print, as a data card, and as a document for programs.

``html``, ``pdf``, ``card`` and ``to_json`` take an ``Evidence``, a ``Decision`` and the ``Schema``; ``from_json`` reads
what ``to_json`` wrote.

What the report draws comes from ``Evidence.plots``. Every key is optional, what is missing is left out, and everything
is aggregate: whoever fills them must bin so that no bin tells of a single person (its edges included)::

    marginals    {column: {"kind": "numeric", "edges": [k + 1 numbers], "real": [k], "synthetic": [k],
                           "missing": [real share, synthetic share], "score": number}}
                 {column: {"kind": "nominal", "labels": [k names], and the same without edges}}
                 real and synthetic are counts or shares; dates are days, datetimes seconds, since 1970-01-01
    correlations {"names": [p], "real": [p lists of p], "synthetic": [p lists of p]}; -1 to 1, None where undefined
    pca          {"x": [a + 1 edges], "y": [b + 1 edges], "real": [a lists of b], "synthetic": [a lists of b],
                  "explained": [share of the first, of the second]}
    survival     {"unit": text, "real": curve, "synthetic": curve, "holdout": curve}
                 curve is {"time": [k], "survival": [k], "low": [k], "high": [k]}; low and high may be left out
    roc          {attack: {"fpr": [k], "tpr": [k]}}, both rising from 0 to 1
    subgroups    [{"column", "level", "share_real", "share_synthetic", "trend", "tstr_gap", "mia"}]
                 the last three may be None
    gives_away   [{"column", "gain"}]

A finding's limit is shown as the policy words it; ``limits`` says which words a chart can also draw.
"""

from cohortium.evaluate.report.card import card
from cohortium.evaluate.report.decision import Decision, RecordedDecision
from cohortium.evaluate.report.evidence_json import from_json, to_json
from cohortium.evaluate.report.page import html
from cohortium.evaluate.report.print_form import pdf

__all__ = ["Decision", "RecordedDecision", "card", "from_json", "html", "pdf", "to_json"]

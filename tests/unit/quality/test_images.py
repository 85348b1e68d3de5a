"""Columns of images in a profile and under the checks: counted, and looked at no further."""

from __future__ import annotations

from tests.conformance.examples.neural import pictured

from cohortium.quality import profile, run_checks
from cohortium.quality.page import html


def test_images_are_counted_and_no_more() -> None:
    table = pictured(200)
    found = profile(table)
    scans = next(column for column in found.columns if column.name == "scan")
    assert (scans.missing, scans.distinct, scans.partners) == (10, 190, ())
    results = run_checks(table)
    assert not [result for result in results if "scan" in str(result) and result.status == "fail"]
    assert "scan" in html(found, results, "Scans")


def test_the_same_patients_twice_are_found_by_their_images_too() -> None:
    table = pictured(200)
    twice = table.take([*range(200), 5, 6])
    failed = {result.check: result.failed for result in run_checks(twice) if not result.subject}
    assert failed["repeated_rows"] == 2

"""The file of an attribute policy: what is wrong with it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohortium.anonymise.views import Precision, load_attribute_policy
from cohortium.errors import InvalidRequest, SourceUnreadable

LABELS = 'title = "x"\n[labels]\nage = "demographic"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "x"', "were expected"),
        (LABELS, "were expected"),
        (LABELS + "[[view]]\nrole = 'a'", "needs shows"),
        (LABELS + "[[view]]\nrole = 'a'\nshows = {demographic = 'blurred'}", "'blurred' is no way"),
        (LABELS + "[[view]]\nrole = 3\nshows = {demographic = 'exact'}", "'role' must be"),
        (LABELS + "[[view]]\nroel = 'a'\nshows = {demographic = 'exact'}", "roel"),
        (LABELS + "[[view]]\nshows = {medical = 'exact'}", "medical"),
        (LABELS + "[[veiw]]\nshows = {demographic = 'exact'}", "veiw"),
        ("[labels]\nage = 'demographic'\n[[view]]\nshows = {demographic = 'exact'}", "title"),
        ("title = 'x'\n[labels]\nage = 3\n[[view]]\nshows = {demographic = 'exact'}", "'labels' must be"),
        ("title = ", "not TOML"),
    ],
)
def test_mistakes_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        load_attribute_policy(tmp_path / "a.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        load_attribute_policy(tmp_path / "none.toml")


@pytest.mark.parametrize("text", ["", "exact:1", "level", "level:-1", "level:x", "band", "band:0", "band:x", "month:2"])
def test_words_that_are_no_way_to_show_a_column(text: str) -> None:
    with pytest.raises(InvalidRequest, match="known are"):
        Precision.of(text)


@pytest.mark.parametrize("text", ["exact", "year", "level:0", "band:2.5", "hidden"])
def test_ways_are_written_as_they_were_read(text: str) -> None:
    assert str(Precision.of(text)) == text

"""Levels that have an order: ranges such as [0-10), and the words of common scales."""

from __future__ import annotations

import re

from cohortium.sources.inference.names import ORDERED, says

_SCALES: tuple[tuple[str, ...], ...] = tuple(
    tuple(scale.split(","))
    for scale in (
        "very low,low,medium,high,very high",
        "very low,low,moderate,high,very high",
        "low,intermediate,high,very high",
        "low,intermediate-1,intermediate-2,high",
        "low,normal,high,very high",
        "none,minimal,mild,moderate,severe,very severe,critical",
        "no,minimal,mild,moderate,severe",
        "absent,mild,moderate,severe",
        "none,slight,moderate,severe,extreme",
        "small,medium,large,very large",
        "never,rarely,sometimes,often,very often,always",
        "never,seldom,sometimes,usually,always",
        "never,monthly or less,2-4 times a month,2-3 times a week,4 or more times a week",
        "not at all,several days,more than half the days,nearly every day",
        "not at all,a little,somewhat,moderately,quite a bit,very much,extremely",
        "not at all,slightly,moderately,very,extremely",
        "strongly disagree,disagree,neither agree nor disagree,agree,strongly agree",
        "strongly disagree,disagree,neutral,agree,strongly agree",
        "very dissatisfied,dissatisfied,neutral,satisfied,very satisfied",
        "very poor,poor,fair,good,very good,excellent",
        "poor,fair,good,vgood,excellent",
        "very bad,bad,fair,good,very good",
        "unlikely,possible,probable,definite",
        "well,moderate,poor",
        "well,moderately,poorly,undifferentiated",
        "well differentiated,moderately differentiated,poorly differentiated,undifferentiated",
        "underweight,normal,overweight,obese",
        "underweight,normweight,overweight,obese",
        "underweight,normal weight,overweight,obese",
        "none,several,most",
        "none,some,most,all",
        "i,ii,iii,iv,v,vi",
        "first,second,third,fourth,fifth",
        "primary,secondary,tertiary",
        "benign,borderline,malignant",
        "localised,regional,distant",
        "localized,regional,distant",
        "niedrig,mittel,hoch",
        "leicht,mittel,schwer",
        "keine,leicht,mittel,schwer",
        "nie,selten,manchmal,oft,immer",
        "faible,moyen,élevé",
        "léger,modéré,sévère",
        "jamais,rarement,parfois,souvent,toujours",
        "bajo,medio,alto",
        "leve,moderado,grave",
        "nunca,raramente,a veces,a menudo,siempre",
        "basso,medio,alto",
        "lieve,moderato,grave",
        "laag,midden,hoog",
    )
)
_NUMBER = r"\d+(?:\.\d+)?"
_ABOVE = re.compile(r">=?|≥|\+|\b(?:more|over|above|plus|older|greater|at least|and up|up$|und mehr|et plus|y más)\b")
_BELOW = re.compile(r"<=?|≤|\b(?:less|under|below|younger|up to|at most|unter|moins)\b")
_JOINING = re.compile(
    r">=?|<=?|≥|≤|\+|\b(?:more|than|over|above|plus|older|greater|at|least|and|or|up|less|under|below|younger|most|to|"
    r"bis|von|und|mehr|unter|et|de|à|a|y|más)\b|[\[\]()\-–—_,./ ]"
)


def ordered_by_scale(levels: list[str]) -> tuple[str, ...] | None:
    """``levels`` in the order of a known scale that has all of them, at least three; else None."""
    spelled = {re.sub(r"[\s_]+", " ", level.casefold().strip(" .")): level for level in levels}
    if len(spelled) != len(levels) or len(levels) < 3:
        return None
    for scale in _SCALES:
        if set(spelled) <= set(scale):
            return tuple(spelled[step] for step in scale if step in spelled)
    return None


def ordered_by_range(levels: list[str]) -> tuple[str, ...] | None:
    """``levels`` in the order of the ranges that they write, at least three; else None.

    Understands [0-10), 10–19, <=20, >50, 80+, 18.5_to_24.9, More_4_hr, "2 copies", " 0-4999".
    """
    parsed = [_parsed(level) for level in levels]
    if len(levels) < 3 or any(entry is None for entry in parsed):
        return None
    bounds = [(entry[0], entry[1]) for entry in parsed if entry is not None]
    rests = {entry[2] for entry in parsed if entry is not None} - {""}
    ranged = sum(low != high for low, high in bounds)
    if len(rests) > 1 or len(set(bounds)) != len(bounds) or not (ranged or rests):
        return None
    return tuple(level for _, level in sorted(zip(bounds, levels, strict=True)))


def _parsed(level: str) -> tuple[float, float, str] | None:
    """Bounds that a level writes, and the word (unit) that remains."""
    folded = level.casefold().replace("_", " ").strip()
    numbers = [float(text) for text in re.findall(_NUMBER, folded)]
    if not 1 <= len(numbers) <= 2 or re.search(r"\d[a-z]+\d|[a-z]\d", folded):
        return None
    rest = _JOINING.sub("", re.sub(_NUMBER, "", folded)).rstrip("s")
    if len(rest) > 12 or not (rest.isalpha() or not rest):
        return None
    low, high = numbers[0], numbers[-1]
    if len(numbers) == 1 and _ABOVE.search(folded):
        # "> 3" follows "3": the bound itself is left out, so that both may be levels of one column.
        return low + (1e-9 if re.search(r">(?!=)|more|over|above", folded) else 0), float("inf"), rest
    if len(numbers) == 1 and _BELOW.search(folded):
        return float("-inf"), high, rest
    return (low, high, rest) if low <= high else None


def ordered_by_number(name: str, levels: list[str]) -> tuple[str, ...] | None:
    """Levels such as T1a, T1b, T2 or IIA, IIB in their natural order, where the name says stage, grade or the like."""
    if not says(name, ORDERED) or len(levels) < 3:
        return None
    keys = []
    for level in levels:
        match = re.fullmatch(
            r"(?:stage|grade|class|level)?\s*([a-z]{0,2}?)(\d+|[ivx]+)\s*([a-d]{0,3})\+?", level.casefold()
        )
        if match is None:
            return None
        number = int(match.group(2)) if match.group(2).isdigit() else _ROMAN.get(match.group(2), 0)
        keys.append((match.group(1), number, match.group(3)))
    if len({prefix for prefix, _, _ in keys}) > 1 or len(set(keys)) < len(keys):
        return None
    return tuple(level for _, level in sorted(zip(keys, levels, strict=True)))


_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}

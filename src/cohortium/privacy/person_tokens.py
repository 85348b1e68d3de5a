"""Tokens of persons: keyed hashes under which a node remembers who stood behind an answer, without their names.

A plain or salted hash of a patient number can be undone by trying all numbers. These are keyed (BLAKE2b, RFC 7693) with
a secret that lies beside the node's certificate and not in its database, so the database alone tells nobody who was in
a cohort, and the tokens of two nodes, or of two datasets, have nothing in common. They are exact rather than a sketch:
the rules ask whether two cohorts differ by one person, which no compact sketch answers.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Role, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY_BYTES = 32
TOKEN_BYTES = 8
"""Two of a million persons share a token with probability 3e-8, and would then count as one."""


def node_key(path: Path) -> bytes:
    """The node's secret in the file at ``path``, made there, readable by its owner alone, where there is none yet.

    Raises : InvalidRequest where the file holds something else.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
    else:
        key = os.urandom(KEY_BYTES)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key)
            stream.flush()
            os.fsync(stream.fileno())
    if len(key) != KEY_BYTES:
        raise InvalidRequest(f"{path} is no node key of {KEY_BYTES} bytes. Without the old one, histories start anew.")
    return key


@dataclass(frozen=True, slots=True)
class RowTokens:
    """The different rows (k,) of a part of the records without a person key, and how often each stands there.

    tokens : those that the first of each row has.
    """

    tokens: NDArray[np.uint64]
    times: NDArray[np.int64]


def person_tokens(
    records: Table, dataset: str, key: bytes, earlier: Mapping[int, int] | None = None
) -> NDArray[np.uint64]:
    """Sorted tokens (persons,) of the persons whose rows these are.

    records : with every column that the dataset has: without a person key, a person is who has such a row (equal rows
              are told apart by how many there are), so a row that was corrected counts as another person.
    earlier : first token of a row -> how many such rows stand in earlier parts, where the records are one of several.
    """
    column = records.schema.only(Role.PERSON_KEY)
    if column is not None:
        texts = pc.unique(records.arrow.column(column.name).cast(pa.string())).to_pylist()
        return np.unique(_hashed(texts, dataset, key))
    counted = _counted_rows(records)
    before = dict.fromkeys(counted, 0)
    if earlier:
        firsts = _hashed((_numbered(row, 1) for row in counted), dataset, key).tolist()
        before = {row: earlier.get(first, 0) for row, first in zip(counted, firsts, strict=True)}
    numbered = (_numbered(row, before[row] + 1 + k) for row, times in counted.items() for k in range(times))
    return np.unique(_hashed(numbered, dataset, key))


def row_tokens(records: Table, dataset: str, key: bytes) -> RowTokens:
    """The different rows of one part of the records."""
    counted = _counted_rows(records)
    tokens = _hashed((_numbered(row, 1) for row in counted), dataset, key)
    return RowTokens(tokens, np.fromiter(counted.values(), np.int64, len(counted)))


def rows_before(parts: Sequence[RowTokens]) -> list[dict[int, int]]:
    """For each part, how many of its rows stand in the parts before it, by token; rows that stand in none do not count.

    So equal rows in different parts are numbered on, and the tokens are those of the records in one piece.
    """
    tokens, first = np.unique(np.concatenate([one.tokens for one in parts]), return_inverse=True)
    several = np.bincount(first.ravel(), minlength=len(tokens)) > 1
    seen: Counter[int] = Counter()
    found = []
    for one in parts:
        shared = several[np.searchsorted(tokens, one.tokens)]
        own = dict(zip(one.tokens[shared].tolist(), one.times[shared].tolist(), strict=True))
        found.append({token: seen[token] for token in own if seen[token]})
        seen.update(own)
    return found


def _counted_rows(records: Table) -> Counter[str]:
    if not records.schema.names:
        return Counter()
    parts = [_texts(records, column).fill_null("\x00") for column in records.schema.columns]
    return Counter(pc.binary_join_element_wise(*parts, "\x1f").to_pylist())


def _texts(records: Table, column: Column) -> pa.ChunkedArray:
    """The cells of a column as texts; of an image a digest stands for its pixels."""
    cells = records.arrow.column(column.name)
    if column.kind is not Kind.IMAGE:
        return cells.cast(pa.string())
    digests = [hashlib.blake2b(cell, digest_size=16).hexdigest() if cell else None for cell in cells.to_pylist()]
    return pa.chunked_array([pa.array(digests, pa.string())])


def _numbered(row: str, number: int) -> str:
    return f"{row}\x1f{number}"


def _hashed(texts: Iterable[str], dataset: str, key: bytes) -> NDArray[np.uint64]:
    salt = hashlib.blake2b(dataset.encode(), key=key, digest_size=KEY_BYTES).digest()  # a key for each dataset
    joined = b"".join(hashlib.blake2b(text.encode(), key=salt, digest_size=TOKEN_BYTES).digest() for text in texts)
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)

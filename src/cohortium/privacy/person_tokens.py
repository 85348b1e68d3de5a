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
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import InvalidRequest
from cohortium.records import Role, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def person_tokens(records: Table, dataset: str, key: bytes) -> NDArray[np.uint64]:
    """Sorted tokens (persons,) of the persons whose rows these are.

    records : with every column that the dataset has: without a person key, a person is who has such a row (equal rows
              are told apart by how many there are), so a row that was corrected counts as another person.
    """
    column = records.schema.only(Role.PERSON_KEY)
    if column is not None:
        texts = pc.unique(records.arrow.column(column.name).cast(pa.string())).to_pylist()
        return _sorted(texts, dataset, key)
    if not records.schema.names:
        return np.zeros(0, dtype=np.uint64)
    parts = [records.arrow.column(name).cast(pa.string()).fill_null("\x00") for name in records.schema.names]
    rows = pc.binary_join_element_wise(*parts, "\x1f").to_pylist()
    seen: Counter[str] = Counter()
    numbered = []
    for row in rows:
        seen[row] += 1
        numbered.append(f"{row}\x1f{seen[row]}")
    return _sorted(numbered, dataset, key)


def _sorted(texts: Iterable[str], dataset: str, key: bytes) -> NDArray[np.uint64]:
    salt = hashlib.blake2b(dataset.encode(), key=key, digest_size=KEY_BYTES).digest()  # a key for each dataset
    joined = b"".join(
        hashlib.blake2b(text.encode(), key=salt, digest_size=TOKEN_BYTES).digest() for text in sorted(texts)
    )
    return np.unique(np.frombuffer(joined, dtype="<u8").astype(np.uint64))

"""Rows from a fitted model: as many as are wanted, of the kinds that are wanted, straight to a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from cohortium.errors import InvalidRequest, TargetUnwritable
from cohortium.records import Condition, Table, concat, parse_condition
from cohortium.synthesise.protocol import Fitted, Progress, silent

BATCH_ROWS = 262_144
_PLAIN = re.compile(r"^[\w.-]+$")


def batches(fitted: Fitted, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Iterator[Table]:
    """``n`` rows in tables of at most 262,144, so that memory does not grow with ``n``."""
    for start in range(0, n, BATCH_ROWS):
        yield fitted.sample(min(BATCH_ROWS, n - start), rng=rng, where=where)


def sample_subgroups(fitted: Fitted, wanted: Mapping[str, int], *, rng: np.random.Generator) -> Table:
    """For each condition as many rows as it asks for, shuffled together.

    wanted : condition -> rows, such as ``{"sex = F": 500, "sex = M": 500}``.
    """
    parts = [fitted.sample(rows, rng=rng, where=parse_condition(text, fitted.schema)) for text, rows in wanted.items()]
    together = concat(parts)
    return together.take(rng.permutation(len(together)))


def equal_shares(fitted: Fitted, column: str, n: int, *, rng: np.random.Generator) -> dict[str, int]:
    """Conditions that give ``n`` rows in equal shares over the levels of ``column`` that the model makes.

    Raises : InvalidRequest where the column has no levels.
    """
    if not fitted.schema[column].kind.is_nominal:
        raise InvalidRequest(f"Rows can be balanced over levels; column '{column}' is {fitted.schema[column].kind}.")
    codes, levels = fitted.sample(20_000, rng=rng).codes(column)
    made = [levels[code] for code in np.unique(codes[codes >= 0])]
    shares = np.full(len(made), n // len(made))
    shares[: n % len(made)] += 1
    return {f"{_quoted(column)} = {_quoted(level)}": int(rows) for level, rows in zip(made, shares, strict=True)}


def generate(
    fitted: Fitted,
    n: int,
    path: Path,
    *,
    rng: np.random.Generator,
    where: Condition | None = None,
    balance: str | None = None,
    progress: Progress = silent,
) -> int:
    """Write ``n`` rows to a Parquet or CSV file, whole or not at all; memory stays bounded.

    Returns : rows written.
    Raises  : InvalidRequest for another ending, or a condition beside a balance; TargetUnwritable.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise InvalidRequest(f"{path.name} should end in .parquet or .csv.")
    if balance is not None and where is not None:
        raise InvalidRequest("A condition and a balance cannot be combined; balance the rows of one condition by hand.")
    if balance is not None:
        shares = equal_shares(fitted, balance, n, rng=rng)
        tables: Iterator[Table] = iter([sample_subgroups(fitted, shares, rng=rng)])
    else:
        tables = batches(fitted, n, rng=rng, where=where)
    unfinished = path.with_name(f".{path.name}.unfinished")
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = None
        for table in tables:
            plain = _plain(table.arrow)
            if writer is None:
                writer = _writer(unfinished, path.suffix, plain.schema)
            writer.write_table(plain)
            written += len(table)
            progress(f"{written:,} of {n:,} rows", written / n)
        if writer is not None:
            writer.close()
        unfinished.replace(path)
    except OSError as error:
        raise TargetUnwritable(
            f"{path} could not be written: {error.strerror or type(error).__name__}. Nothing was left behind."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _writer(path: Path, suffix: str, schema: pa.Schema) -> arrow_csv.CSVWriter | arrow_parquet.ParquetWriter:
    if suffix == ".csv":
        return arrow_csv.CSVWriter(path, schema)
    return arrow_parquet.ParquetWriter(path, schema, compression="zstd")


def _plain(arrow: pa.Table) -> pa.Table:
    columns = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in arrow.columns]
    return pa.Table.from_arrays(columns, names=arrow.column_names)


def _quoted(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in ("and", "or", "not", "in", "between", "is", "missing"):
        return text
    return f'"{text}"' if '"' not in text else f"'{text}'"

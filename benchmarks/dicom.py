"""DICOM files with planted persons: what survives our profile and other people's tools, and CPU seconds a file.

``python -m benchmarks.dicom --peers FOLDER`` measures everything and keeps it in ``results/dicom.json``; ``--show``
prints what was kept. FOLDER is a virtual environment with ``pip install dicognito==0.19.0 deid==0.4.13
dicom-anonymizer==2.1.0`` in it; each tool runs there
with its defaults, by this same file (``--run TOOL SOURCE TARGET``).
Persons are planted in the files that come with pydicom, and in $COHORTIUM_DATA/imaging where that is set. Where the
extra 'ocr' is installed, names are also drawn into pictures, and what our reader leaves of them is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread

KEPT = Path(__file__).parent / "results" / "dicom.json"
PEERS = ("dicognito", "deid", "dicom_anonymizer")
OWN = ("cohortium_basic", "cohortium_research")
SPEED_FILES, SPEED_ROUNDS = 200, 5
LETTERS, PICTURES = (8, 10, 12, 16, 24), 10
"""Sizes of the font that names are drawn with, in pixels, and how many pictures have each."""


def run(tool: str, source: Path, target: Path) -> dict[str, float]:
    """De-identify a folder with one tool; CPU seconds, and how many files it gave up on."""
    warnings.simplefilter("ignore")
    work = _own(tool) if tool in OWN else globals()[f"_{tool}"]()
    began = time.process_time()
    failed = work(source, target)
    return {"cpu_s": time.process_time() - began, "failed": failed}


def _own(tool: str) -> Any:
    from cohortium.anonymise.dicom import Settings, deidentify_folder, load_profile
    from cohortium.anonymise.pseudonyms import KeyRing

    settings = Settings(load_profile(tool.removeprefix("cohortium_")), KeyRing.generate())

    def work(source: Path, target: Path) -> int:
        deidentify_folder(source, target, settings)
        return 0

    return work


def _dicognito() -> Any:
    import pydicom
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer()

    def one(path: Path, target: Path) -> None:
        with pydicom.dcmread(path, force=True) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(target / path.name)

    return _each(one)


def _dicom_anonymizer() -> Any:
    from dicomanonymizer import anonymize_dicom_file

    return _each(lambda path, target: anonymize_dicom_file(str(path), str(target / path.name)))


def _deid() -> Any:
    from deid.dicom import get_identifiers, replace_identifiers

    def one(path: Path, target: Path) -> None:
        found = get_identifiers([str(path)])
        replace_identifiers([str(path)], ids=found, save=True, output_folder=str(target), overwrite=True)

    return _each(one)


def _each(one: Any) -> Any:
    def work(source: Path, target: Path) -> int:
        failed = 0
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.iterdir()):
            try:
                one(path, target)
            except Exception:  # noqa: BLE001 - a peer's failure is counted, whatever it is
                failed += 1
        return failed

    return work


def plant_all(folder: Path) -> int:
    """Persons planted in every file that pydicom brings and in those of the data."""
    from tests.unit.anonymise.dicom.planting import every_file, plant, read, write

    paths = every_file()
    if "COHORTIUM_DATA" in os.environ:
        paths += sorted((Path(os.environ["COHORTIUM_DATA"]) / "imaging").rglob("*.dcm"))
    written = 0
    for number, path in enumerate(paths):
        dataset = read(path)
        if dataset is not None:
            plant(dataset)
            write(dataset, folder / f"{number:03d}.dcm")
            written += 1
    return written


def left(folder: Path) -> dict[str, Any]:
    """What a stranger finds in files that came out: planted words, private elements, marks of de-identification.

    Words in the data set itself count apart from those in the preamble and the file meta information before it, which
    tools that call pydicom alone pass on.
    """
    from tests.unit.anonymise.dicom.planting import WORDS

    counts: Counter[str] = Counter(files=0, files_with_words=0, files_with_words_in_data_set=0, words=0,
                                   files_with_private=0, unmarked=0)  # fmt: skip
    by_word: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes().lower()
        dataset = dcmread(path, force=True, stop_before_pixels=True)
        meta = getattr(dataset, "file_meta", {})
        start = 144 + int(meta.get("FileMetaInformationGroupLength", 0))
        within = [word for word in WORDS if word.encode() in data[start:]]
        by_word.update(within)
        words = sum(word.encode() in data for word in WORDS)
        counts.update(
            files=1,
            words=words,
            files_with_words=words > 0,
            files_with_words_in_data_set=bool(within),
            files_with_private=any(tag.group & 1 for tag in list(dataset.keys())),
            unmarked=dataset.get("PatientIdentityRemoved") != "YES",
        )
    return {**counts, "files_by_word_in_data_set": dict(by_word.most_common())}


def copies(folder: Path) -> None:
    """The same slice many times, each an instance of its own."""
    from pydicom.data import get_testdata_file

    dataset = dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    for number in range(SPEED_FILES):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.10.{number}"
        dataset.save_as(folder / f"{number:04d}.dcm")


def measure(peers: Path | None) -> dict[str, Any]:
    """All tools on the same two folders; for speed in turns, so that a slow hour of the machine meets each."""
    tools = (*OWN, *(PEERS if peers else ()))
    with tempfile.TemporaryDirectory() as scratch:
        planted, many, fast = (Path(scratch) / name for name in ("planted", "many", "fast"))
        planted.mkdir()
        many.mkdir()
        result: dict[str, Any] = {"planted_files": plant_all(planted), "speed_files": SPEED_FILES, "tools": {}}
        copies(many)
        speeds: dict[str, list[float]] = {tool: [] for tool in tools}
        for _ in range(SPEED_ROUNDS):
            for tool in tools:
                shutil.rmtree(fast, ignore_errors=True)
                speeds[tool].append(SPEED_FILES / _in_process(_python(tool, peers), tool, many, fast)["cpu_s"])
        for tool in tools:
            out = Path(scratch) / tool
            told = _in_process(_python(tool, peers), tool, planted, out)
            result["tools"][tool] = {
                **left(out),
                "failed": int(told["failed"]),
                "files_per_cpu_s": max(speeds[tool]),
                "files_per_cpu_s_median": statistics.median(speeds[tool]),
            }
            print(tool, result["tools"][tool], flush=True)
    result["letters_in_pictures"] = letters_in_pictures()
    return result


def letters_in_pictures() -> dict[str, Any] | None:
    """Ultrasound pictures with a name in them, by the size of its font: what comes out; None without the reader.

    clean  : of whose letters at most one pixel in fifty is still there.
    missed : of the others, those that the tally counts as free of text, so that they would leave.
    """
    from cohortium.anonymise.dicom import Settings, deidentify_folder, load_profile, text_reader
    from cohortium.anonymise.pseudonyms import KeyRing

    reader = text_reader()
    if reader is None:
        return None
    rows: dict[str, Any] = {}
    for height in LETTERS:
        random, counts = np.random.default_rng(height), Counter(clean=0, missed=0)
        began = time.process_time()
        for _ in range(PICTURES):
            with tempfile.TemporaryDirectory() as scratch:
                source, target = Path(scratch) / "in.dcm", Path(scratch) / "out"
                letters = _draw_name(height, random, source)
                tally = deidentify_folder(source, target, Settings(load_profile(), KeyRing.generate(), read=reader))
                [path] = target.rglob("*.dcm")
                is_clean = bool((dcmread(path).pixel_array[letters].min(axis=1) > 200).mean() <= 0.02)
                counts.update(clean=is_clean, missed=not is_clean and not tally.counts["text left"])
        rows[str(height)] = {**counts, "cpu_s_a_picture": (time.process_time() - began) / PICTURES}
    return {"pictures_of_each": PICTURES, "by_size": rows}


def _draw_name(height: int, random: np.random.Generator, path: Path) -> Any:
    """Writes a picture of 640 x 480 with a name somewhere in it; where its letters are."""
    from PIL import Image, ImageDraw, ImageFont
    from pydicom.data import get_testdata_file

    letters = Image.new("L", (640, 480), 0)
    syllables = random.choice(["WE", "THER", "BY", "QUI", "LLA", "ZE", "PHY", "RINE", "KOS", "MUN"], 5)
    name = f"{''.join(syllables[:3])}, {''.join(syllables[3:])} 23.04.1947"
    place = (int(random.integers(5, 200)), int(random.integers(5, 440)))
    ImageDraw.Draw(letters).text(place, name, fill=255, font=ImageFont.load_default(height))
    mask = np.asarray(letters) > 200
    picture = random.integers(0, 120, (480, 640, 1)).astype(np.uint8).repeat(3, axis=2)
    picture[mask] = 255
    dataset = dcmread(str(get_testdata_file("examples_rgb_color.dcm", download=False)))
    dataset.Modality, dataset.Rows, dataset.Columns = "US", 480, 640
    dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    dataset.PixelData = picture.tobytes()
    dataset.save_as(path)
    return mask


def _python(tool: str, peers: Path | None) -> Path:
    return Path(sys.executable) if tool in OWN else Path(str(peers)) / "bin" / "python"


def _in_process(python: Path, tool: str, source: Path, target: Path) -> dict[str, float]:
    command = [str(python), __file__, "--run", tool, str(source), str(target)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MESSAGELEVEL": "QUIET"}
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    told: dict[str, float] = json.loads(said.strip().splitlines()[-1])
    return told


def main() -> None:
    """Measure, or show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--run", nargs=3, metavar=("TOOL", "SOURCE", "TARGET"))
    chosen = parser.parse_args()
    if chosen.run:
        tool, source, target = chosen.run
        print("\n" + json.dumps(run(tool, Path(source), Path(target))))
        return
    if not chosen.show:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(measure(chosen.peers), indent=1) + "\n", "utf-8")
    print(KEPT.read_text("utf-8"))


if __name__ == "__main__":
    main()

"""Trained models on disk: whole, ours, for this task, and never scored on what they saw."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricer.errors import BadInput
from pricer.predictors.constants import median
from pricer.predictors.protocol import Task
from pricer.predictors.saved import MANIFEST, Provenance, load, refuse_seen, save, versions_of
from tests.pricer.predictors.toys import LABELS, NUMBERS, listing, priced

TRAIN, VALIDATION = priced(20), priced(5, seed=1)
SEEN = (*TRAIN.listings, *VALIDATION.listings)
MADE = Provenance("toys", "f" * 64, 1, "median", 20, 5, 0.5, 12.0, versions_of("numpy"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(median().fit(NUMBERS, TRAIN, VALIDATION, 1), NUMBERS, tmp_path / "model", MADE, SEEN)
    return tmp_path / "model"


def test_provenance_comes_back(folder: Path) -> None:
    assert load(folder, NUMBERS).provenance == MADE


def test_folder_without_manifest_is_no_model(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(BadInput, match="no trained model"):
        load(folder, NUMBERS)


def test_damaged_manifest_is_refused(folder: Path) -> None:
    (folder / MANIFEST).write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="damaged"):
        load(folder, NUMBERS)


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"format": 1}', '{"format": 2, "kind": "by-category"}'])
def test_manifest_of_another_shape_is_refused(folder: Path, manifest: str) -> None:
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")
    with pytest.raises(BadInput, match="train it again"):
        load(folder, NUMBERS)


def test_another_format_is_refused(folder: Path) -> None:
    change(folder, format=7)
    with pytest.raises(BadInput, match="wanted format 1, found 7"):
        load(folder, NUMBERS)


def test_changed_file_is_refused(folder: Path) -> None:
    told = folder / "told.json"
    told.write_text(told.read_text(encoding="utf-8").replace("median", "medium"), encoding="utf-8")
    with pytest.raises(BadInput, match=r"told\.json is not the file"):
        load(folder, NUMBERS)


def test_missing_file_is_refused(folder: Path) -> None:
    (folder / "arrays.npz").unlink()
    with pytest.raises(BadInput, match=r"arrays\.npz"):
        load(folder, NUMBERS)


def test_unknown_kind_is_refused(folder: Path) -> None:
    change(folder, kind="subprocess")
    with pytest.raises(BadInput, match="found 'subprocess'"):
        load(folder, NUMBERS)


def test_file_outside_the_folder_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(folder, files={**manifest["files"], "../other.txt": {"bytes": 0, "sha256": ""}})
    with pytest.raises(BadInput, match="names a file"):
        load(folder, NUMBERS)


def test_pickled_array_is_refused_and_not_run(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (folder / "sprung",)

    pickle.dumps(Trap())
    np.savez(folder / "seen.npz", allow_pickle=True, seen=np.array([Trap()], dtype=object))
    renew(folder, "seen.npz")
    with pytest.raises(BadInput, match="damaged"):
        load(folder, NUMBERS)
    assert not (folder / "sprung").exists()


@pytest.mark.parametrize(
    ("task", "what"),
    [(Task("weight"), "target"), (replace(NUMBERS, unit="eur"), "unit"), (replace(LABELS, name="price"), "unit")],
)
def test_model_for_another_task_is_refused(folder: Path, task: Task, what: str) -> None:
    with pytest.raises(BadInput, match=f"wanted one for {what}"):
        load(folder, task)


def test_saving_again_replaces_the_model(folder: Path) -> None:
    save(median().fit(NUMBERS, TRAIN, VALIDATION, 1), NUMBERS, folder, replace(MADE, seed=9), SEEN)
    assert load(folder, NUMBERS).provenance.seed == 9
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_failed_saving_leaves_the_old_model(folder: Path) -> None:
    with pytest.raises(TypeError):
        save(median().fit(NUMBERS, TRAIN, VALIDATION, 1), NUMBERS, folder, replace(MADE, seed=object()), SEEN)  # type: ignore[arg-type]
    assert load(folder, NUMBERS).provenance == MADE


def test_saving_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save(median().fit(NUMBERS, TRAIN, VALIDATION, 1), NUMBERS, tmp_path / "twin", MADE, SEEN)
    assert (tmp_path / "twin" / MANIFEST).read_bytes() == (folder / MANIFEST).read_bytes()


def test_seen_listings_are_refused_and_counted(folder: Path) -> None:
    with pytest.raises(BadInput, match="found 2 of 3 among its training or validation examples"):
        refuse_seen(load(folder, NUMBERS), [listing(0, seed=5), TRAIN.listings[3], VALIDATION.listings[1]])


def test_seen_listing_is_known_under_a_new_id(folder: Path) -> None:
    with pytest.raises(BadInput, match="found 1 of 1"):
        refuse_seen(load(folder, NUMBERS), [replace(TRAIN.listings[0], id="new")])


def test_seen_listing_is_known_with_its_text_cut(folder: Path) -> None:
    with pytest.raises(BadInput, match="found 1 of 1"):
        refuse_seen(load(folder, NUMBERS), [replace(TRAIN.listings[0], text="cut")])


def test_new_listings_are_let_through(folder: Path) -> None:
    refuse_seen(load(folder, NUMBERS), [listing(number, seed=5) for number in range(50)])


def test_model_that_does_not_say_what_it_saw_is_refused(folder: Path) -> None:
    save(median().fit(NUMBERS, TRAIN, VALIDATION, 1), NUMBERS, folder, MADE)
    with pytest.raises(BadInput, match="found no list of it"):
        refuse_seen(load(folder, NUMBERS), [listing(0, seed=5)])


def test_versions_name_only_what_is_installed() -> None:
    assert set(versions_of("numpy", "no-such-package")) == {"python", "numpy"}


def change(folder: Path, **parts: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps(manifest | parts), encoding="utf-8")


def renew(folder: Path, name: str) -> None:
    """Make the manifest describe the file as it is now."""
    import hashlib

    data = (folder / name).read_bytes()
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    described = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    change(folder, files={**manifest["files"], name: described})

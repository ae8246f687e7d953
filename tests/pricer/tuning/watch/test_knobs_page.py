from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.tuning.watch.knobs_page import Recorded, controls, knobs_page, write_knobs_page
from tests.pricer.tuning.watch.jobs import HOSTILE, falling, plan
from tests.pricer.tuning.watch.test_page import embedded


def recorded(name: str, final: float = 30.0, n_train: int = 320, **knobs: Any) -> Recorded:
    """A run with some knobs of its own."""
    made = plan()
    return Recorded(
        name, f"run {name}", made["knobs"] | knobs, made["schedule"], falling(), {"MAE": final}, n_train, "encoder"
    )


def test_only_knobs_in_which_runs_differ_have_a_control_the_best_known_first() -> None:
    runs = [recorded("a", batch_size=16), recorded("b", batch_size=32, learning_rate=2e-4)]
    assert [control.name for control in controls(runs)] == ["learning_rate", "batch_size"]


def test_settings_are_in_order_and_placed_by_their_ratio() -> None:
    runs = [recorded("a", batch_size=64), recorded("b", batch_size=4), recorded("c", batch_size=16)]
    (control,) = controls(runs)
    assert control.settings == (4, 16, 64)
    assert control.places == pytest.approx((0, 0.5, 1))


def test_settings_from_nought_are_placed_by_their_difference() -> None:
    (control,) = controls([recorded(str(share), warmup_share=share) for share in (0.0, 0.1, 0.4)])
    assert control.places == pytest.approx((0, 0.25, 1))


def test_words_lists_and_what_a_run_does_not_tell_are_choices() -> None:
    runs = [recorded("a", lora_targets=["q", "v"]), recorded("b", lora_targets=("q",)), recorded("c")]
    (control,) = controls(runs)
    assert (control.settings, control.is_number) == (("q", "q, v", None), False)


def test_number_of_training_examples_is_a_control_too() -> None:
    (control,) = controls([recorded("a", n_train=100), recorded("b", n_train=1000)])
    assert (control.name, control.settings) == ("n_train", (100, 1000))


def test_every_run_is_on_the_page_with_its_place_and_what_it_measured() -> None:
    told = embedded(knobs_page([recorded("a", 12.5, batch_size=16), recorded("b", 9.5, batch_size=32)]))
    assert [(run["id"], run["at"], run["final"]) for run in told["runs"]] == [
        ("a", [0], {"MAE": 12.5}),
        ("b", [1], {"MAE": 9.5}),
    ]
    assert told["runs"][0]["curves"]["metric"] == [[10, 20, 30, 40], [45, 40, 35, 30]]


def test_no_run_and_a_run_twice_are_refused() -> None:
    with pytest.raises(BadInput, match="none"):
        knobs_page([])
    with pytest.raises(BadInput, match="a, a"):
        knobs_page([recorded("a"), recorded("a")])


def test_no_text_of_a_run_can_leave_its_block() -> None:
    text = knobs_page([recorded(HOSTILE, schedule=HOSTILE), recorded("b")])
    assert text.count("<script") == 2


def test_page_is_written_into_a_folder_that_is_made(tmp_path: Path) -> None:
    runs = [recorded("a"), recorded("b", batch_size=8)]
    write_knobs_page(runs, tmp_path / "new" / "knobs.html")
    assert (tmp_path / "new" / "knobs.html").read_text(encoding="utf-8") == knobs_page(runs)

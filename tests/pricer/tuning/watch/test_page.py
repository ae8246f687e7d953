from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.tuning.record import Record, Status
from pricer.tuning.watch.offline import block
from pricer.tuning.watch.page import document, page, write_page
from tests.pricer.tuning.watch.jobs import HOSTILE, STEPS, evaluated, falling, job, plan, train


def embedded(text: str) -> dict[str, Any]:
    """The data of a page, read as a browser reads it."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_page_carries_the_curves_the_best_and_the_plan(tmp_path: Path) -> None:
    told = embedded(page(job(tmp_path / "job", falling())))
    assert told["id"] == "job"
    assert told["best"] == {"step": 40, "value": 50 - 40 / 2, "name": "MAE"}
    assert told["curves"]["metric"] == [[10, 20, 30, 40], [45, 40, 35, 30]]
    assert told["curves"]["planned"][0][-1] == STEPS
    assert told["estimate"]["seconds"] == 60


def test_page_names_no_address_but_that_of_svg(tmp_path: Path) -> None:
    addresses = set(re.findall(r"https?://[^\s\"']+", page(job(tmp_path / "job", falling()))))
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_no_text_of_a_record_can_leave_its_block(tmp_path: Path) -> None:
    record = job(
        tmp_path / "job",
        [],
        Status("failed", why=HOSTILE, metric_name=HOSTILE),
        plan(base=HOSTILE, data={"name": HOSTILE}),
    )
    record.add_event("failed", HOSTILE)
    text = page(record)
    assert text.count("<script") == 2
    assert "alert(1)</script>" not in text
    assert embedded(text)["events"][0]["text"].startswith("</script><script>alert(1)")


def test_name_of_a_job_is_escaped_in_the_title(tmp_path: Path) -> None:
    assert "<title>&lt;b&gt;job · fine-tuning</title>" in page(job(tmp_path / "<b>job"))


def test_what_is_no_number_is_null_for_the_browser() -> None:
    assert block([math.nan, {"a": math.inf}, 1.5]) == '[null,{"a":null},1.5]'


def test_page_of_a_file_may_connect_to_nothing_and_a_live_one_to_its_server(tmp_path: Path) -> None:
    record = job(tmp_path / "job")
    assert "connect-src 'none'" in page(record)
    assert "connect-src 'self'" in page(record, live=True)


def test_five_thousand_points_make_a_page_under_two_hundred_thousand_bytes(tmp_path: Path) -> None:
    record = job(tmp_path / "job")
    lines = [
        {"step": step, "epoch": 0.1, "split": "train", "loss": 1 / step + step % 7, "learning_rate": 1e-4}
        for step in range(1, 5001)
    ]
    (record.folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert len(page(record)) < 200_000


def test_evaluations_are_told_with_the_training_loss_before_them(tmp_path: Path) -> None:
    record = job(tmp_path / "job", [train(9, 0.5), evaluated(10, 0.7, 3.0), train(10, 0.4)])
    assert document(record)["rows"] == [[10, 0.5, 0.4, 0.7, 3.0]]


def test_what_is_not_known_is_null_and_not_nought(tmp_path: Path) -> None:
    told = document(job(tmp_path / "job", [], Status(), {"id": "job"}))
    unknown = ("seconds_left", "examples_per_s", "learning_rate", "best", "epoch", "elapsed_s", "estimate", "method")
    assert [told[name] for name in unknown] == [None] * len(unknown)


def test_page_is_written_whole_into_a_folder_that_is_made(tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling())
    write_page(record, tmp_path / "new" / "watch.html")
    assert (tmp_path / "new" / "watch.html").read_text(encoding="utf-8") == page(record)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["watch.html"]


def test_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"plan\.json"):
        page(Record(tmp_path / "nothing"))

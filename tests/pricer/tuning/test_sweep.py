"""A sweep keeps its budget, survives a kill, shows how far seeds scatter, and lets a challenger win on evidence only."""

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput, PricerError
from pricer.evaluation.bootstrap import Interval
from pricer.evaluation.labels import score_labels
from pricer.evaluation.outcome import Outcome
from pricer.predictors.protocol import Guess, Task
from pricer.tuning.knobs import RATES, Knobs
from pricer.tuning.schedule import schedule
from pricer.tuning.search.champion import HeldOut, rule
from pricer.tuning.search.goal import Budget, Goal
from pricer.tuning.search.space import Range, Space, default_space, work
from pricer.tuning.search.training import Report, Watch
from pricer.tuning.sweep import sweep

pytest.importorskip("optuna")
pytest.importorskip("numpy")

N_TRAIN = 400
BEST_RATE = 1e-4
LABELS = ("negative", "neutral", "positive")
TASK = Task("sentiment", None, LABELS)
SPACE = default_space("encoder")


class Killed(Exception):
    """What a scripted training raises in the place of a kill."""


def score(knobs: Knobs, noise: float = 0.01) -> float:
    """A quadratic in the logarithm of the rate with its top of 0.8 at 1e-4, and noise that the seed and the rate decide."""
    assert knobs.learning_rate is not None
    drawn = random.Random(f"{knobs.seed} {knobs.learning_rate:.6g}").gauss(0, noise)
    return 0.8 - 0.3 * math.log10(knobs.learning_rate / BEST_RATE) ** 2 + drawn


@dataclass
class Scripted:
    """A training that takes no time: its curve climbs to its score. It raises `Killed` early in training number `killed_in`."""

    killed_in: int | None = None
    noise: float = 0.01
    begun: list[Path] = field(default_factory=list)
    seen: list[Knobs] = field(default_factory=list)
    score: Callable[[Knobs], float] | None = None

    def __call__(self, knobs: Knobs, folder: Path, report: Report) -> float:
        self.begun.append(folder)
        self.seen.append(knobs)
        final = self.score(knobs) if self.score else score(knobs, self.noise)
        plan = schedule(knobs, N_TRAIN)
        for place, step in enumerate(plan.evaluate_at):
            if len(self.begun) == self.killed_in and place == 1:
                raise Killed
            now = final * (place + 1) / len(plan.evaluate_at)
            if report(step, now):
                return now
        (folder / "model.json").write_text(json.dumps({"rate": knobs.learning_rate, "seed": knobs.seed}))
        return final


def labelled(n: int, wrong: Callable[[int], bool]) -> list[Outcome]:
    """Outcomes of `n` items, wrong where `wrong(place)` says so."""
    return [
        Outcome(f"item-{place:04}", "", None, None, LABELS[place % 3], Guess(label=LABELS[(place + wrong(place)) % 3]))
        for place in range(n)
    ]


def held_out(n: int = 400) -> HeldOut:
    """Held-out items of which a model gets wrong as many as its score leaves, the same ones first."""

    def outcomes(folder: Path) -> Sequence[Outcome]:
        told = json.loads((folder / "model.json").read_text())
        misses = 1 - score(Knobs(learning_rate=told["rate"], seed=told["seed"]), noise=0)
        return labelled(n, lambda place: place / n < misses)

    return HeldOut(TASK, outcomes)


def run(folder: Path, training: Scripted | None = None, budget: Budget | None = None, **said: Any) -> dict[str, Any]:
    goal = Goal(N_TRAIN, said.pop("champion", Knobs()), pruner=said.pop("pruner", "none"), seed=said.pop("seed", 0))
    space = said.pop("space", SPACE)
    return sweep(space, budget or Budget(6, 800, other_seeds=2), training or Scripted(), folder, goal, **said)


def deciding(document: dict[str, Any]) -> Any:
    """What of a document does not depend on the clock."""
    trials = [{name: value for name, value in one.items() if name != "seconds"} for one in document["trials"]]
    return trials, document["finals"], document["winner"], document["sentences"]


# --- the space


def test_the_default_space_is_the_rate_by_size_around_the_usual_one_and_the_batch() -> None:
    rate, batch = SPACE.ranges
    assert (rate.least, rate.most, rate.log) == (RATES["encoder"] / 10, RATES["encoder"] * 10, True)
    assert batch.choices == (8, 16, 32, 64)


def test_more_knobs_are_searched_when_asked_for() -> None:
    names = [one.name for one in default_space("encoder", two_knobs=False, layers=6).ranges]
    assert names == ["learning_rate", "batch_size", "weight_decay", "warmup_share", "dropout", "frozen_layers"]
    assert "lora_rank" in [one.name for one in default_space("lora", two_knobs=False).ranges]


def test_a_larger_rank_takes_its_alpha_along_so_that_the_adapter_is_scaled_as_before() -> None:
    space = Space("lora", (Range("lora_rank", choices=(4, 32)),))
    found = space.knobs(Knobs(lora_rank=8, lora_alpha=16), {"lora_rank": 32})
    assert (found.lora_rank, found.lora_alpha) == (32, 32 * 16 // 8)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Range("learning_rat", 0.1, 1), "wanted a knob out of"),
        (lambda: Range("dropout", 0.3, 0.1), "least below most"),
        (lambda: Range("dropout", 0.0, 0.3, log=True), "more than 0 for a log scale"),
        (lambda: Range("dropout", 0.0, 2.0), "dropout: wanted 0 to 0.95"),
        (lambda: Range("batch_size", choices=(0, 8)), "batch_size: wanted 1"),
        (lambda: Space("encoder", ()), "at least one, found none"),
        (lambda: Budget(0, 100), "budget: wanted 1 to"),
        (lambda: Budget(1, 100, seconds=0), "more than 0 seconds"),
        (lambda: Goal(0), "at least one training example"),
    ],
)
def test_a_space_or_budget_that_cannot_be_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        make()


# --- equal budgets


@pytest.mark.parametrize("batch", [1, 7, 8, 16, 32, 64, 300])
@pytest.mark.parametrize("examples", [100, 400, 650, 1200])
def test_a_setting_sees_the_budget_and_fewer_than_two_batches_more(batch: int, examples: int) -> None:
    knobs = Knobs(learning_rate=1e-4, batch_size=batch, epochs=examples / N_TRAIN)
    assert 0 <= work(knobs, N_TRAIN).examples - examples < 2 * batch


def test_steps_follow_from_the_batch_size() -> None:
    steps = {batch: work(Knobs(learning_rate=1e-4, batch_size=batch, epochs=2.0), N_TRAIN).steps for batch in (8, 16)}
    assert steps == {8: 2 * N_TRAIN // 8, 16: 2 * N_TRAIN // 16}


def test_every_training_is_given_the_same_epochs_and_none_stops_by_itself(tmp_path: Path) -> None:
    training = Scripted()
    run(tmp_path, training, champion=Knobs(epochs=7, patience=3))
    assert {(knobs.epochs, knobs.patience) for knobs in training.seen} == {(800 / N_TRAIN, 0)}


def test_the_budget_in_trainings_is_stated_and_kept(tmp_path: Path) -> None:
    training, budget = Scripted(), Budget(5, 800, best=2, other_seeds=3)
    document = run(tmp_path, training, budget)
    assert budget.trainings == 5 + 3 * (2 + 1) == len(training.begun)
    assert f"{14 * 800:,} examples at most" in document["budget"]["says"]


def test_no_training_begins_once_the_seconds_are_spent(tmp_path: Path) -> None:
    ticks = count(step=10.0)  # the clock is read twice for each training, which so takes ten seconds
    training, budget = Scripted(), Budget(6, 800, seconds=75, best=1, other_seeds=3)
    document = run(tmp_path, training, budget, clock=lambda: next(ticks))
    # 75 x 6 / 12 seconds are for trials: four trials take 40, after the fourth there is less than 37.5 left of them
    assert len(document["trials"]) == 4
    assert len(training.begun) == 4 + 4
    assert document["seconds"] == 80
    assert "of 6 planned: the time ran out" in document["sentences"][0]


def test_a_space_that_searches_epochs_says_that_budgets_are_not_equal(tmp_path: Path) -> None:
    space = Space("encoder", (Range("learning_rate", 1e-5, 1e-3, log=True), Range("epochs", 1.0, 4.0)))
    document = run(tmp_path, space=space)
    assert not document["budget"]["is_equal"]
    assert "not all of equal length" in document["sentences"][0]


# --- the search


def test_the_search_finds_a_rate_near_the_best_one(tmp_path: Path) -> None:
    document = run(tmp_path, budget=Budget(20, 800, other_seeds=0))
    assert abs(math.log10(document["best"]["knobs"]["learning_rate"] / BEST_RATE)) < 0.3


def test_the_present_setting_is_tried_first(tmp_path: Path) -> None:
    document = run(tmp_path, champion=Knobs(learning_rate=3e-5, batch_size=32))
    assert document["trials"][0]["knobs"] == {"learning_rate": 3e-5, "batch_size": 32}


def test_a_present_setting_outside_the_space_is_trained_in_the_finals_all_the_same(tmp_path: Path) -> None:
    document = run(tmp_path, champion=Knobs(learning_rate=1e-2, batch_size=5), held_out=held_out())
    assert [one["knobs"]["batch_size"] for one in document["finals"][:1]] == [5]
    assert document["finals"][0]["searched"] is None
    assert document["ruling"]["standing"] == "better"


def test_the_same_seed_tries_the_same_settings(tmp_path: Path) -> None:
    assert deciding(run(tmp_path / "one")) == deciding(run(tmp_path / "two"))


def test_another_seed_tries_others(tmp_path: Path) -> None:
    one, two = (run(tmp_path / str(seed), seed=seed)["trials"][-1]["knobs"] for seed in (0, 1))
    assert one["learning_rate"] != two["learning_rate"]


def test_no_two_trials_are_the_same(tmp_path: Path) -> None:
    trials = run(tmp_path, budget=Budget(12, 800, other_seeds=0))["trials"]
    assert len({one["knobs"]["learning_rate"] for one in trials}) == 12


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_hopeless_trials_are_given_up_early(tmp_path: Path, pruner: str) -> None:
    document = run(tmp_path, budget=Budget(14, 800, other_seeds=0), pruner=pruner)
    states = [one["state"] for one in document["trials"]]
    assert set(states) == {"finished", "pruned"}
    assert document["best"]["state"] == "finished"
    finished = [one["metric"] for one in document["trials"] if one["state"] == "finished"]
    assert document["best"]["metric"] == max(finished)


class Listening:
    """A trial of the study that keeps what it is told and would give up at once."""

    def __init__(self) -> None:
        self.told: list[tuple[int, float]] = []

    def report(self, metric: float, rung: int) -> None:
        self.told.append((rung, metric))

    def should_prune(self) -> bool:
        return True


@pytest.mark.parametrize("steps", [8, 13, 40, 1000])
def test_trials_are_compared_at_equal_shares_of_the_work_and_not_at_equal_steps(steps: int) -> None:
    trial: Any = Listening()
    watch = Watch(trial, steps, rungs=8)
    plan = schedule(Knobs(learning_rate=1e-4, batch_size=1, evaluations=8), steps)
    for step in plan.evaluate_at:
        watch.report(step, 0.5)
    assert trial.told == [(rung, 0.5) for rung in range(1, 8 + 1)]


def test_a_trial_that_has_done_all_its_work_is_not_given_up() -> None:
    trial: Any = Listening()
    watch = Watch(trial, steps=80, rungs=8)
    assert [watch.report(70, 0.5), watch.report(80, 0.5)] == [True, False]


def test_a_trial_whose_metric_is_no_number_has_failed_and_the_sweep_goes_on(tmp_path: Path) -> None:
    def diverging(knobs: Knobs) -> float:
        return math.nan if (knobs.learning_rate or 0) > BEST_RATE else score(knobs)

    document = run(tmp_path, Scripted(score=diverging), Budget(10, 800, other_seeds=1))
    failed = [one for one in document["trials"] if one["state"] == "failed"]
    assert failed
    assert all("stopped being a number" in one["why"] for one in failed)
    assert {one["knobs"]["learning_rate"] > BEST_RATE for one in failed} == {True}


def test_a_sweep_without_a_finished_trial_says_why(tmp_path: Path) -> None:
    with pytest.raises(PricerError, match="none of 3 trials was finished: the validation metric stopped"):
        run(tmp_path, Scripted(score=lambda _: math.nan), Budget(3, 800))


def test_knobs_are_ranked_by_importance_only_with_20_finished_trials(tmp_path: Path) -> None:
    assert run(tmp_path, budget=Budget(19, 800, other_seeds=0))["importance"] is None
    importance = run(tmp_path, budget=Budget(20, 800, other_seeds=0))["importance"]
    assert importance["learning_rate"] > importance["batch_size"]


# --- kill and resume


@pytest.mark.parametrize("killed_in", [1, 4, 6, 8])
def test_a_killed_sweep_goes_on_to_the_same_result(tmp_path: Path, killed_in: int) -> None:
    whole = run(tmp_path / "whole", pruner="median", held_out=held_out())
    with pytest.raises(Killed):
        run(tmp_path / "killed", Scripted(killed_in), pruner="median", held_out=held_out())
    assert deciding(run(tmp_path / "killed", pruner="median", held_out=held_out())) == deciding(whole)


def test_what_is_finished_is_not_trained_again_and_what_is_not_is_in_its_own_folder(tmp_path: Path) -> None:
    first, second = Scripted(killed_in=4), Scripted()
    with pytest.raises(Killed):
        run(tmp_path, first)
    run(tmp_path, second)
    assert second.begun[0] == first.begun[-1] == tmp_path / "trials" / "003"
    assert not set(first.begun[:3]) & set(second.begun)


def test_a_finished_sweep_gives_the_same_document_without_any_training(tmp_path: Path) -> None:
    document, again = run(tmp_path), Scripted()
    assert run(tmp_path, again) == document == json.loads((tmp_path / "sweep.json").read_text())
    assert again.begun == []


def test_a_training_that_ended_before_the_study_heard_of_it_is_not_done_again(tmp_path: Path) -> None:
    first, second = Scripted(killed_in=3), Scripted()
    with pytest.raises(Killed):
        run(tmp_path, first)
    told = {"metric": 0.7, "seconds": 3.0, "seed": 0}
    (first.begun[-1] / "trained.json").write_text(json.dumps(told))
    document = run(tmp_path, second)
    assert first.begun[-1] not in second.begun
    assert (document["trials"][2]["metric"], document["trials"][2]["seconds"]) == (0.7, 3.0)


def test_a_line_of_the_journal_that_a_kill_has_torn_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, Scripted(killed_in=4))
    with (tmp_path / "study.journal").open("ab") as journal:
        journal.write(b'{"op_code": 5, "worker')
    assert len(run(tmp_path)["trials"]) == 6


def test_the_lock_of_a_killed_process_does_not_keep_the_next_one_waiting(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, Scripted(killed_in=2))
    (tmp_path / "study.journal.lock").symlink_to("study.journal")
    assert len(run(tmp_path)["trials"]) == 6


def test_more_trials_may_be_added_to_a_finished_sweep(tmp_path: Path) -> None:
    run(tmp_path)
    training = Scripted()
    document = run(tmp_path, training, Budget(8, 800, other_seeds=2))
    assert len(document["trials"]) == 8
    assert training.begun[:2] == [tmp_path / "trials" / "006", tmp_path / "trials" / "007"]


def test_a_folder_of_another_sweep_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(BadInput, match="it was begun with another examples, goal"):
        run(tmp_path, budget=Budget(6, 900, other_seeds=2))


def test_two_processes_do_not_write_one_sweep(tmp_path: Path) -> None:
    filelock = pytest.importorskip("filelock")
    with filelock.FileLock(tmp_path / "sweep.lock"), pytest.raises(BadInput, match="another process is writing it"):
        run(tmp_path)


# --- seeds


def test_the_best_settings_are_trained_with_other_seeds_and_shown_with_their_spread(tmp_path: Path) -> None:
    document = run(tmp_path, budget=Budget(6, 800, best=2, other_seeds=3))
    assert [len(one["metrics"]) for one in document["finals"]] == [3, 3, 3]
    best = document["finals"][1]
    assert list(best["metrics"]) == ["1", "2", "3"]
    assert best["mean"] == pytest.approx(sum(best["metrics"].values()) / 3)
    assert best["spread"] > 0
    assert any("±" in said and "3 seeds" in said for said in document["sentences"])


def test_without_other_seeds_the_searchs_own_trainings_are_used(tmp_path: Path) -> None:
    training = Scripted()
    document = run(tmp_path, training, Budget(6, 800, other_seeds=0), held_out=held_out())
    assert len(training.begun) == 6
    assert document["finals"][0]["metrics"] == {"0": document["trials"][0]["metric"]}
    assert document["finals"][0]["spread"] is None


def test_a_training_that_fails_with_another_seed_is_left_out(tmp_path: Path) -> None:
    training = Scripted(score=lambda knobs: math.nan if knobs.seed == 2 else score(knobs))
    document = run(tmp_path, training, Budget(4, 800, best=1, other_seeds=2))
    assert [list(one["metrics"]) for one in document["finals"]] == [["1"], ["1"]]


# --- champion and challenger


def test_a_challenger_whose_interval_excludes_zero_takes_over(tmp_path: Path) -> None:
    document = run(tmp_path, champion=Knobs(learning_rate=6e-6), held_out=held_out())
    low, high = document["ruling"]["interval95"]
    assert 0 < low < high
    assert document["winner"]["name"].startswith("trial ")
    assert any("confirm it on the test items" in said for said in document["sentences"])


def test_a_tie_is_named_and_the_champion_keeps_its_place(tmp_path: Path) -> None:
    document = run(tmp_path, champion=Knobs(learning_rate=BEST_RATE), held_out=held_out(60))
    assert document["ruling"]["standing"] == "cannot be told apart"
    assert document["winner"]["name"] == "champion"
    assert any("cannot be told apart" in said and "keeps its place" in said for said in document["sentences"])


def test_a_better_validation_metric_alone_does_not_take_over(tmp_path: Path) -> None:
    document = run(tmp_path, champion=Knobs(learning_rate=6e-6))
    assert document["finals"][1]["mean"] > document["finals"][0]["mean"]
    assert document["winner"]["name"] == "champion"
    assert document["ruling"] is None


def test_an_item_counts_once_however_many_seeds_guessed_it() -> None:
    present, new = labelled(40, lambda place: place % 4 == 0), labelled(40, lambda place: place % 8 == 0)
    one, three = rule([present], [new], TASK), rule([present] * 3, [new] * 3, TASK)
    assert one.comparison.n == three.comparison.n == 40
    assert one.comparison.losses == pytest.approx({"challenger": 5 / 40, "champion": 10 / 40})
    assert one.gain == pytest.approx(three.gain)
    assert one.interval == three.interval


def test_labels_are_judged_by_macro_f1_as_the_scores_of_a_run_have_it() -> None:
    present, new = labelled(50, lambda place: place % 3 == 0), labelled(50, lambda place: place % 9 == 0)
    scores = [score_labels(outcomes, TASK).macro_f1 or 0 for outcomes in (present, new)]
    assert rule([present], [new], TASK).gain == pytest.approx(scores[1] - scores[0])


def test_gains_are_averaged_over_the_seeds() -> None:
    right, wrong = labelled(20, lambda _: False), labelled(20, lambda _: True)
    ruling = rule([right, right], [right, wrong], TASK)
    assert ruling.gain == pytest.approx((1 + 0) / 2 - 1)
    assert ruling.comparison.losses["challenger"] == pytest.approx((0 + 1) / 2)


def test_the_interval_is_paired_so_that_equal_answers_leave_no_doubt() -> None:
    same = labelled(30, lambda place: place % 2 == 0)
    ruling = rule([same], [same], TASK)
    assert (ruling.gain, ruling.interval, ruling.standing) == (0, Interval(0.0, 0.0), "cannot be told apart")


def test_a_setting_that_always_says_the_commonest_label_is_beaten_though_it_is_often_right() -> None:
    truths = ["negative"] * 70 + ["neutral"] * 40 + ["positive"] * 40
    guesses = (
        ["negative"] * 40
        + ["neutral"] * 15
        + ["positive"] * 15
        + ["neutral"] * 30
        + ["positive"] * 40
        + ["neutral"] * 10
    )
    lazy, keen = (
        [Outcome(f"{n:03}", "", None, None, truth, Guess(label=guess)) for n, (truth, guess) in enumerate(pairs)]
        for pairs in (zip(truths, ["negative"] * 150, strict=True), zip(truths, guesses, strict=True))
    )
    assert rule([lazy], [keen], TASK).takes_over


def test_a_worse_challenger_is_called_worse() -> None:
    ruling = rule([labelled(100, lambda place: place < 10)], [labelled(100, lambda place: place < 40)], TASK)
    assert (ruling.standing, ruling.takes_over) == ("worse", False)
    assert "the present one stays" in ruling.sentences()[0]


def numbered(errors: Sequence[float]) -> list[Outcome]:
    return [Outcome(f"item-{n:04}", "", None, 50.0, None, Guess(value=50.0 + error)) for n, error in enumerate(errors)]


def test_numbers_are_judged_by_their_absolute_error_within_the_valid_range() -> None:
    task = Task("price", "usd", least=0.0, most=100.0)
    present, new = numbered([900.0] + [20.0 + n % 7 for n in range(99)]), numbered([10.0 + n % 5 for n in range(100)])
    ruling = rule([present, present], [new, new], task)
    before = (50 + sum(20 + n % 7 for n in range(99))) / 100  # 950 counts as the most that is valid, 100
    assert ruling.gain == pytest.approx(before - sum(10 + n % 5 for n in range(100)) / 100)
    assert ruling.takes_over


def test_an_item_without_an_answer_under_every_seed_is_left_out_and_counted() -> None:
    present = labelled(30, lambda place: place % 3 == 0)
    new = labelled(30, lambda place: place % 6 == 0)
    new[4] = Outcome("item-0004", "", None, None, LABELS[1], Guess(failure="no label in the reply"))
    ruling = rule([present, present], [labelled(30, lambda place: place % 6 == 0), new], TASK)
    assert (ruling.comparison.n, ruling.comparison.left_out) == (29, 1)


def test_too_few_items_cannot_tell_anything_apart() -> None:
    ruling = rule([numbered([5.0] * 4)], [numbered([1.0] * 4)], Task("hours", "hours"))
    assert (ruling.interval, ruling.standing) == (None, "cannot be told apart")


# --- quiet


@pytest.fixture
def optuna_speaks() -> Iterator[list[str]]:
    """What optuna's logger is heard saying."""
    heard: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("optuna")
    logger.addHandler(handler)
    yield heard
    logger.removeHandler(handler)


def test_a_sweep_prints_nothing(tmp_path: Path, optuna_speaks: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, pruner="median")
    assert (capfd.readouterr(), optuna_speaks) == (("", ""), [])

"""Contamination probes: what is changed, and what the report makes of the guesses."""

from __future__ import annotations

import asyncio

import pytest

from pricer.errors import BadInput
from pricer.predictors.chat.probes import (
    RECALL,
    TITLE_ONLY,
    chance_share,
    named,
    probe_report,
    probes,
    shuffled,
    title_only,
)
from tests.pricer.predictors.chat.loopback import Loopback, running
from tests.pricer.predictors.chat.toys import listing, model

LONG = listing(1, "one two three four five six seven eight nine ten")


def test_title_only_shows_the_title_alone() -> None:
    assert (title_only(LONG).text, title_only(LONG).description, title_only(LONG).id) == ("Lamp 1", "", LONG.id)


def test_shuffling_keeps_every_word_and_follows_the_seed() -> None:
    once = shuffled(LONG, 1).text
    assert sorted(once.split()) == sorted(LONG.text.split())
    assert once == shuffled(LONG, 1).text != shuffled(LONG, 2).text != LONG.text


def test_a_name_tells_no_more_than_identifier_and_title() -> None:
    assert named(LONG).text == "identifier: B000000001\ntitle: Lamp 1"


def test_every_variant_is_asked_in_its_own_words() -> None:
    async def ask(provider: Loopback) -> None:
        for asker in probes(model(provider), seed=1).values():
            await asker.ask(LONG)
            await asker.close()

    with running(Loopback()) as provider:
        asyncio.run(ask(provider))
        texts = [seen.words for seen in provider.seen]
        instructions = [seen.body["messages"][0]["content"] for seen in provider.seen]
    assert texts[0] == f"<listing>\n{LONG.text}\n</listing>"
    assert texts[1] == "<listing>\nLamp 1\n</listing>"
    assert texts[3] == f"<listing>\n{named(LONG).text}\n</listing>"
    assert len(set(texts)) == 4
    assert ["From memory alone" in words for words in instructions] == [False, False, False, True]


def test_a_probe_is_named_after_its_variant() -> None:
    assert probes(model(Loopback()), 1)[TITLE_ONLY].name == "openai/toy (title only)"


def test_perfect_recall_stands_far_above_chance() -> None:
    truths = [float(number) + 0.99 for number in range(40)]
    result = probe_report(truths, {RECALL: truths})[RECALL]
    assert (result.exact_share, result.mean_absolute_error, result.answered_share) == (1.0, 0.0, 1.0)
    assert result.chance_share == pytest.approx(40 / 40**2)
    assert result.chance_p == pytest.approx(1 / 1001)


def test_one_common_price_is_no_sign_of_recall() -> None:
    truths = [19.99] * 20 + [float(number) for number in range(20)]
    result = probe_report(truths, {RECALL: [19.99] * 40})[RECALL]
    assert result.exact_share == result.chance_share == 0.5
    assert result.chance_p == 1.0


def test_missing_answers_are_left_out_and_counted() -> None:
    result = probe_report([10.0, 20.0], {"x": [12.0, None], "y": [None, None]})
    assert (result["x"].answered_share, result["x"].mean_absolute_error) == (0.5, 2.0)
    assert (result["y"].mean_absolute_error, result["y"].exact_share) == (None, None)


def test_chance_is_what_permutations_give_on_average() -> None:
    assert chance_share([1, 1, 2], [1, 2, 2]) == pytest.approx((2 * 1 + 1 * 2) / 9)


def test_guesses_of_another_length_are_refused() -> None:
    with pytest.raises(BadInput, match="wanted 2 guesses"):
        probe_report([1.0, 2.0], {"x": [1.0]})

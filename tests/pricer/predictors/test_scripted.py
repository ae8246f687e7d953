"""The doubles themselves."""

from __future__ import annotations

import asyncio

import pytest

from pricer.predictors.protocol import Asker, Busy, Guess
from pricer.predictors.scripted import Scripted, ScriptedAsker
from tests.pricer.predictors.toys import listing

ONE, TWO = listing(1), listing(2)


def test_scripted_predictor_says_its_script() -> None:
    script = {ONE.id: Guess(value=1), TWO.id: Guess(failure="no")}
    assert Scripted("double", script).predict([TWO, ONE]) == [Guess(failure="no"), Guess(value=1)]


def test_asker_replays_events_and_repeats_the_last() -> None:
    asker = ScriptedAsker("double", {ONE.id: [Busy("later"), Guess(value=3)]})
    assert isinstance(asker, Asker)

    async def asked() -> list[Guess]:
        with pytest.raises(Busy, match="later"):
            await asker.ask(ONE)
        return [await asker.ask(ONE), await asker.ask(ONE)]

    assert asyncio.run(asked()) == [Guess(value=3), Guess(value=3)]
    assert asker.calls == {ONE.id: 3}


def test_asker_counts_what_is_in_flight() -> None:
    asker = ScriptedAsker("double", {ONE.id: [Guess(value=1)], TWO.id: [Guess(value=2)]})

    async def asked() -> None:
        await asyncio.gather(asker.ask(ONE), asker.ask(TWO))
        await asker.close()

    asyncio.run(asked())
    assert (asker.in_flight, asker.most_in_flight, asker.closed) == (0, 2, 1)

"""The double itself: faults follow the seed and the words, and its own process answers and counts."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from pricer.predictors.protocol import Busy
from tests.pricer.predictors.chat.loopback import Loopback, price_of, running
from tests.pricer.predictors.chat.toys import asked, listing, model

ROOT = Path(__file__).parents[4]


def fates(order: list[int], seed: int = 1) -> dict[int, str]:
    """What becomes of each listing on its first attempt, asked one after the other in an order."""

    async def ask(provider: Loopback) -> dict[int, str]:
        chat, found = model(provider), {}
        for number in order:
            try:
                found[number] = str((await chat.ask(listing(number))).value)
            except Busy as failure:
                found[number] = str(failure)
        await chat.close()
        return found

    with running(Loopback(faults={"429": 0.2, "500": 0.2, "cut": 0.1}, seed=seed)) as provider:
        found = asyncio.run(ask(provider))
    return {number: words.partition(" at ")[0] for number, words in found.items()}


def test_faults_follow_the_seed_and_the_words_not_the_order() -> None:
    forwards = fates(list(range(30)))
    assert forwards == fates(list(reversed(range(30))))
    assert forwards != fates(list(range(30)), seed=2)
    assert 5 <= sum("." not in words[:8] for words in forwards.values()) <= 25


def test_in_a_process_of_its_own_it_answers_and_counts() -> None:
    command = [sys.executable, "-m", "tests.pricer.predictors.chat.loopback", "--port", "0", "--fault", "500=0.0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            provider = Loopback()
            provider.port = json.loads(process.stdout.readline())["port"]
            (guess,) = asked(model(provider))
            with urllib.request.urlopen(f"{provider.root}/stats") as answer:
                stats = json.load(answer)
        finally:
            process.kill()
    assert guess.value == price_of(f"<listing>\n{listing().text}\n</listing>")
    assert (stats["calls"], stats["answered"], stats["in_flight"], stats["statuses"]) == (1, 1, 0, {"200": 1})

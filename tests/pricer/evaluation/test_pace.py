from __future__ import annotations

import asyncio

from pricer.evaluation.pace import Pace


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_of_refusals_halves_the_pace_once() -> None:
    pace = Pace(32, Clock())
    for _ in range(10):
        pace.slow_down(None)
    assert pace.allowed == 32 / 2


def test_a_later_refusal_halves_it_again_but_never_below_one() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    for _ in range(5):
        clock.now += 2
        pace.slow_down(None)
    assert pace.allowed == 1


def test_a_round_of_answers_allows_about_one_more_at_a_time() -> None:
    pace = Pace(100, Clock())
    pace.slow_down(None)
    for _ in range(50):
        pace.went_well()
    assert 50 + 0.98 < pace.allowed < 50 + 1


def test_it_never_passes_what_the_user_allows() -> None:
    pace = Pace(2, Clock())
    for _ in range(100):
        pace.went_well()
    assert pace.allowed == 2


def test_nobody_begins_before_the_provider_is_ready() -> None:
    async def wait() -> float:
        loop = asyncio.get_running_loop()
        pace = Pace(2, loop.time)
        began = loop.time()
        pace.slow_down(0.05)
        await pace.enter()
        return loop.time() - began

    assert asyncio.run(wait()) >= 0.05


def test_who_waits_is_let_in_when_another_leaves() -> None:
    async def meet() -> list[str]:
        pace, seen = Pace(1, Clock()), []

        async def one(name: str) -> None:
            await pace.enter()
            seen.append(f"{name} in")
            await asyncio.sleep(0)
            seen.append(f"{name} out")
            pace.leave()

        await asyncio.gather(one("a"), one("b"))
        return seen

    assert asyncio.run(meet()) == ["a in", "a out", "b in", "b out"]

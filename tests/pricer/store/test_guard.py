"""The leak guard: who belongs to the family of the one that asks."""

from __future__ import annotations

import numpy as np

from pricer.products.items import Listing
from pricer.store.guard import Guard

LAMP = "Brass desk lamp with a green glass shade and a pull chain switch"


def listing(name: str, title: str, text: str = "") -> Listing:
    return Listing(name, title, text or title, "", "", "", None, None)


def related(guard: Guard, asking: Listing, places: list[int]) -> list[bool]:
    found: list[bool] = guard.relatives([asking], np.array([places]))[0].tolist()
    return found


def test_a_near_copy_of_the_title_is_a_relative() -> None:
    guard = Guard.of([listing("a", LAMP), listing("b", "Oak chair with four legs and a woven seat")])
    assert related(guard, listing("q", f"{LAMP} new"), [0, 1]) == [True, False]


def test_a_near_copy_of_the_text_is_a_relative_whatever_the_title_says() -> None:
    text = "The shade is of green glass, the foot of solid brass, and the cord is two metres long with a switch in it"
    guard = Guard.of([listing("a", "Lamp one two three", text)])
    assert related(guard, listing("q", "Something else entirely here", text), [0]) == [True]


def test_the_whole_family_of_a_near_copy_is_related() -> None:
    known = [
        listing("a", LAMP),
        listing("b", "Lamp in another wording of the same maker"),
        listing("c", "Oak chair of four legs"),
    ]
    guard = Guard.of(known, ("lamps", "lamps", "chairs"))
    assert related(guard, listing("q", LAMP), [0, 1, 2]) == [True, True, False]


def test_a_family_is_judged_by_what_was_found_only() -> None:
    known = [listing("a", LAMP), listing("b", "Lamp in another wording of the same maker")]
    guard = Guard.of(known, ("lamps", "lamps"))
    assert related(guard, listing("q", LAMP), [1, 1]) == [False, False]


def test_titles_of_two_words_are_no_near_copies() -> None:
    guard = Guard.of([listing("a", "Desk lamp")])
    assert related(guard, listing("q", "Desk lamp"), [0]) == [False]


def test_every_asker_is_judged_by_its_own_words() -> None:
    guard = Guard.of([listing("a", LAMP), listing("b", "Oak chair with four legs and a woven seat")])
    asking = [listing("q", LAMP), listing("r", "Oak chair with four legs and a woven seat")]
    assert guard.relatives(asking, np.array([[0, 1], [0, 1]])).tolist() == [[True, False], [False, True]]


def test_a_guard_comes_back_from_its_arrays_the_same() -> None:
    known = [listing("a", LAMP), listing("b", "Oak chair with four legs and a woven seat")]
    guard = Guard.restore(Guard.of(known).told())
    assert related(guard, listing("q", LAMP), [0, 1]) == [True, False]

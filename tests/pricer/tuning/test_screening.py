"""Near-copies and risky words are found before a file is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pricer.tuning.screening import Entry, copies, entries, risks, screen, topics

LAMP = "a tall brass lamp with a round white shade and a green silk cord of three metres for the hall"
CHAIR = "an oak chair with four turned legs and a woven seat that was made by hand in a small shop"


def train(*questions: str) -> list[Entry]:
    return [Entry("t", line, question) for line, question in enumerate(questions, 1)]


def held_out(*questions: str) -> list[Entry]:
    return [Entry("v", line, question) for line, question in enumerate(questions, 1)]


def test_a_near_copy_names_the_one_it_copies() -> None:
    (copy,) = copies(train(LAMP, CHAIR, f"{LAMP} today"))
    assert (copy.kind, copy.place, copy.other) == ("within", "t:3", "t:1")


def test_the_similarity_is_the_share_of_three_word_runs() -> None:
    runs = len(LAMP.split()) - 2
    (copy,) = copies(train(LAMP, f"{LAMP} today"))
    assert copy.similarity == pytest.approx(runs / (runs + 1))


def test_a_held_out_copy_of_a_training_example_is_across() -> None:
    (copy,) = copies(train(CHAIR, LAMP), held_out(LAMP.upper()))
    assert (copy.kind, copy.place, copy.other, copy.similarity) == ("across", "v:1", "t:2", 1.0)


def test_a_held_out_copy_points_to_training_although_another_is_nearer() -> None:
    found = copies(train(LAMP), held_out(f"{LAMP} today", f"{LAMP} today"))
    assert [(copy.place, copy.other, copy.kind) for copy in found] == [
        ("v:1", "t:1", "across"),
        ("v:2", "t:1", "across"),
    ]


def test_different_examples_are_no_copies() -> None:
    assert copies(train(LAMP, CHAIR), held_out("something else that has more than six words in it")) == []


def test_short_questions_are_copies_only_when_equal() -> None:
    found = copies(train("red lamp", "red lamp two", "Red lamp!"))
    assert [(copy.place, copy.other, copy.similarity) for copy in found] == [("t:3", "t:1", 1.0)]


def test_nothing_to_compare_gives_nothing() -> None:
    assert copies([]) == []


def test_the_reason_says_what_harm_it_does() -> None:
    (copy,) = copies(train(LAMP), held_out(LAMP))
    assert copy.reason == "nearly copies t:1 (the same words): validation measures what was learned by heart"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("A toy Pistols set", "weapons"),
        ("sex-toy", "sexual"),
        ("thoughts of suicide", "self-harm"),
        ("1 g Cocaine", "drugs"),
        ("white power", "hate"),
    ],
)
def test_a_word_of_a_topic_is_found_in_any_case_and_number(text: str, topic: str) -> None:
    assert [risk.kind for risk in risks(train(text))] == [topic]


@pytest.mark.parametrize(
    "text", ["a kitchen knife", "grapeseed oil", "vibrators-free", "Essex county map", "a shot glass", "thcx"]
)
def test_ordinary_product_words_are_left_alone(text: str) -> None:
    assert risks(train(text)) == []


def test_the_answer_is_looked_at_too_and_the_words_are_named() -> None:
    (risk,) = risks([Entry("t", 4, "what is it?", "a pistol, a pistol and a revolver")])
    assert (risk.place, risk.words) == ("t:4", ("pistol", "revolver"))
    assert risk.reason.endswith("pistol, revolver")


def test_each_topic_has_words_and_a_reason() -> None:
    assert [topic.name for topic in topics()] == ["weapons", "sexual", "self-harm", "drugs", "hate"]
    assert all(topic.why for topic in topics())


def test_files_are_screened_by_what_the_user_says_without_the_fence(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    turns = [("system", "pistol"), ("user", f"<listing>\n{LAMP}\n</listing>"), ("assistant", "9.00")]
    line = json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]})
    path.write_text(f"{line}\nnonsense\n{line}\n", encoding="utf-8")
    assert entries(path)[1] == Entry("t.jsonl", 3, LAMP, "9.00")
    found = screen(path, path)
    assert (found.looked_at, len(found.copies), found.risks) == (4, 3, ())
    assert "not a moderation model" in found.note

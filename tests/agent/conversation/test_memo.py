"""The memo: what it decides, that every figure leads to its evidence, and that nothing in data is more than text."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agent.conversation.evidence import OURS, Step
from agent.conversation.grounding import ungrounded
from agent.conversation.memo import MARK, NO_DECISION, memo, source_addresses
from agent.conversation.memo_command import Held, write_memo
from pricer.errors import BadInput
from tests.agent.conversation.record_steps import recorded
from tests.conftest import TODAY
from tests.injections import injections
from tests.server.toys import called

LINK = re.compile(r'\[(?P<text>(?:\\.|[^\]\\])*)\]\((?P<target>[^\s)]+) "s(?P<step>\d+)(?P<title>[^"]*)"\)')
FIGURE = re.compile(r"\d[\d,.]*")
DATE = re.compile(r"\b\d{4}-\d\d(?:-\d\d)?\b")
CODE = re.compile(r"```.*?```|(?<!\\)(?:\\\\)*`[^`\n]*`", re.DOTALL)
TAGS = {
    "h1", "h2", "h3", "p", "strong", "ul", "li", "a", "code", "pre", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ADDRESSES = {"models.dev": "https://models.dev", "Arena leaderboard": "https://lmarena.example/board"}
NASTY = (
    "[x](javascript:alert(1))", "![i](http://evil.example/x.png)", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "`` ` ``", "a | b | c",
    "https://evil.example/a?b=1", "www.evil.example", "me@evil.example", "[a]: http://evil.example",
    "\n\n# A heading\n\n- a list", "***", "a\\", "</table>",
    '" onmouseover="alert(1)', "<https://evil.example>", "[x][s1]", "~~gone~~",
    "&lt;b&gt;", "==", "1. one", "\u202e evil", "[^s1]", "<!-- hidden -->",
)  # fmt: skip


def of(*tools: str) -> list[Step]:
    """The recorded steps of these tools."""
    return [step for step in recorded() if step.tool in tools]


def body(text: str) -> str:
    """What stands before the appendix."""
    return text.partition("## Evidence")[0]


def section(text: str, title: str) -> str:
    """The text of one section."""
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def changed(tool: str, **told: Any) -> list[Step]:
    """The recorded steps with another result for the last call of a tool."""
    steps = recorded()
    last = max(place for place, step in enumerate(steps) if step.tool == tool)
    steps[last] = replace(steps[last], result=steps[last].result | told)
    return steps


# --- the decision


def test_nothing_recommended_and_nothing_measured_is_no_decision() -> None:
    assert NO_DECISION in memo([], TODAY)


def test_a_comparison_of_runs_decides_for_the_cheapest_of_the_best_group() -> None:
    assert "**Decision.** Use `mean`: the cheapest of the best group" in memo(recorded(), TODAY)


def test_without_a_comparison_the_first_of_the_shortlist_is_taken_at_its_price() -> None:
    text = memo(of("recommend_models"), TODAY)
    assert re.search(
        r"\*\*Decision\.\*\* Take `zhipuai/glm-5.3-flash` at `clf-ai-gateway` for \[\\\$54\.00\]\(https://", text
    )


def test_a_shortlist_without_a_model_is_no_decision() -> None:
    assert "No decision: no model is known to satisfy" in memo(changed("recommend_models", shortlist=[])[:2], TODAY)


def test_another_servers_shortlist_decides_nothing() -> None:
    assert NO_DECISION in memo([replace(step, server="other") for step in recorded()], TODAY)


# --- what it says


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Asked", "at most [\\$400](#s2"), ("Shortlist", "| `google/gemma-4-31b-it` |"), ("Why, and why not", "stays first in all"),
        ("Why, and why not", "`openai/gpt-5.1`, asked about: rejected"), ("Measured", "| `tfidf-ridge` |"), ("Measured", "no LLM is needed"),
        ("Cost", "`openai/gpt-5.1` at `openai`"), ("Approach", "Advised approach: few-shot"), ("Doubts", "items are few"),
        ("Doubts", "knowledge cutoff unknown"), ("Doubts", "`models.dev, 2026-07-01`"),
        ("What would change this", "items would tell `mean` from `tfidf-ridge`"), ("What would change this", "would qualify if"),
        ("Next steps", "`assay report mean-pans-"), ("Next steps", "`assay models refresh`"),
    ],
)  # fmt: skip
def test_each_section_says_its_part(title: str, said: str) -> None:
    assert said in section(memo(recorded(), TODAY), title)


def test_a_refusal_to_approve_is_a_doubt() -> None:
    told = {"state": "estimate", "next": "The user did not approve: nothing was asked, nothing spent."}
    steps = [*recorded()[:3], Step(4, OURS, "run_frontier_price", {"dataset": "pans"}, told)]
    assert "did not approve" in section(memo(steps, TODAY), "Doubts")


def test_what_a_later_call_got_is_no_doubt_any_more() -> None:
    doubts = section(memo(recorded(), TODAY), "Doubts")
    assert "[s1]" not in doubts  # recommend_models was refused once, then answered
    assert "[s4]" not in doubts  # an estimate, then the run


def test_facts_that_are_fresh_are_not_called_old() -> None:
    assert "Older than a month" not in memo(recorded(), dt.date(2026, 7, 2))


def test_an_unknown_cost_is_unknown_and_not_nothing() -> None:
    rows = copy.deepcopy(of("compare_runs")[0].result["rows"])
    for row in rows:
        row["cost_per_1k_usd"] = None
    text = memo(changed("compare_runs", rows=rows, cheapest=None), TODAY)
    assert "what it costs is unknown" in text
    assert "\\$0]" not in section(text, "Measured")


def test_every_step_has_an_anchor_and_a_line() -> None:
    appendix = memo(recorded(), TODAY).partition("## Evidence")[2]
    assert re.findall(r"^### s(\d+)$", appendix, re.MULTILINE) == [str(step.number) for step in recorded()]


def test_the_users_words_stand_as_they_were_said() -> None:
    assert "```text\nopen weights, [x](javascript:alert(1)), under $400\n```" in memo(
        [], TODAY, ["open weights, [x](javascript:alert(1)), under $400"]
    )


# --- every figure leads to its evidence


def unlinked(text: str) -> str:
    """The body without code, dates, and links: what may hold no figure."""
    return DATE.sub("", LINK.sub("", CODE.sub("", body(text).replace(MARK, ""))))


@pytest.mark.parametrize("upto", range(1, 11))
def test_no_figure_stands_outside_of_a_link(upto: int) -> None:
    assert FIGURE.findall(unlinked(memo(recorded()[:upto], TODAY, ["under $400"], ADDRESSES))) == []


def test_a_links_step_holds_the_figures_that_it_shows() -> None:
    steps = {step.number: step for step in recorded()}
    links = list(LINK.finditer(body(memo(recorded(), TODAY, (), ADDRESSES))))
    assert len(links) > 100
    for number, step in steps.items():
        mine = [re.sub(r"\\(.)", r"\1", link["text"]) for link in links if link["step"] == str(number)]
        shown = "\n".join(f"it is {said} there" for said in mine if said != f"s{number}")
        assert ungrounded(shown, [step], []) == ()


def test_a_fact_links_to_the_page_of_its_source_with_the_date() -> None:
    text = memo(of("recommend_models"), TODAY, (), source_addresses())
    assert '(https://deepinfra.com/pricing "s2 · LiteLLM model prices 1.109.1, 2026-10")' in text
    assert re.search(r'\[1,000,000\]\(https://models\.dev "s2 · models\.dev, 2026-07-01"\)', text)


def test_links_within_lead_to_steps_that_there_are() -> None:
    text = memo(recorded(), TODAY)
    assert set(re.findall(r"\(#(s\d+) ", text)) <= set(re.findall(r"^### (s\d+)$", text, re.MULTILINE))


def test_the_tools_of_today_make_a_memo_with_nothing_unlinked() -> None:
    calls = [step for step in recorded() if step.tool in ("recommend_models", "compare_models")][1:]
    steps = [replace(step, result=called(step.tool, step.arguments).structured_content) for step in calls]
    assert FIGURE.findall(unlinked(memo(steps, TODAY))) == []


# --- nothing in data is more than text


class Seen(HTMLParser):
    """The tags and the addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses.update(value or "" for name, value in attrs if name in ("href", "src"))
        assert not any(name.startswith("on") for name, _ in attrs)


def page(text: str) -> Seen:
    """The memo as a reader of Markdown that lets HTML through shows it."""
    seen = Seen()
    seen.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    return seen


WORDS = [*NASTY, *(one.text for one in injections())]


def poisoned(told: Any, words: Iterator[str]) -> Any:
    """A result in which every text ends in the next of the words, names of fields aside."""
    if isinstance(told, dict):
        return {name: poisoned(value, words) for name, value in told.items()}
    if isinstance(told, list):
        return [poisoned(value, words) for value in told]
    return f"{told}{next(words)}" if isinstance(told, str) else told


def spoilt(words: Sequence[str]) -> list[Step]:
    """The recorded steps with the words in turn in every text, and all of them in another server's answers."""
    turn = itertools.cycle(words)
    steps = [
        replace(step, result=poisoned(step.result, turn), arguments=poisoned(step.arguments, turn))
        for step in recorded()
    ]
    others = [
        Step(11 + n, f"evil{word}", f"tool{word}", {"a": word}, {"text": word}, True) for n, word in enumerate(words)
    ]
    return [*steps, *others]


@pytest.mark.parametrize("turn", range(0, len(WORDS), 9))
def test_hostile_words_in_every_text_stay_words(turn: int) -> None:
    words = WORDS[turn:] + WORDS[:turn]
    text = memo(spoilt(words), TODAY, words[:9], {f"models.dev{word}": f"javascript:alert(1){word}" for word in words})
    seen = page(text)
    assert seen.tags <= TAGS
    foreign = {one for one in seen.addresses if not one.startswith("#s")}
    assert all(one.startswith("https://") and "evil.example" not in one for one in foreign), foreign
    bare = LINK.sub("", CODE.sub("", text)).replace(MARK, "")
    assert not re.search(r"(?i)https?://\S*evil|\bwww\.evil|\w@evil", bare)
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", text)


@pytest.mark.parametrize("word", ["", *NASTY])
def test_a_table_keeps_its_columns(word: str) -> None:
    for table in re.findall(r"(?:^\|.*\n)+", memo(spoilt([word]), TODAY), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_a_source_page_that_is_no_web_address_is_not_linked() -> None:
    rows = copy.deepcopy(of("recommend_models")[-1].result["shortlist"])
    rows[0]["sources"] = ["LiteLLM (2026-10): price <javascript:alert(1)>", "models.dev (2026-07): context_tokens"]
    text = memo(changed("recommend_models", shortlist=rows), TODAY, (), {"models.dev": "data:text/html,x"})
    assert "javascript" not in text
    assert "data:text" not in text


def test_a_key_in_a_result_is_blotted_out() -> None:
    key = "sk-canary-0123456789abcdef0123"
    assert key not in memo(spoilt([f" {key}"]), TODAY, [f"my key is {key}"])


def places(told: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything inside plain values."""
    if isinstance(told, dict | list):
        for name, value in told.items() if isinstance(told, dict) else enumerate(told):
            yield (*at, name)
            yield from places(value, (*at, name))


STEPS = recorded()
PLACES = [(number, path) for number, step in enumerate(STEPS) for path in places(step.result)]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from([None, "?", -1, 0.5, [], {}, [None], "1/0"])), max_size=8
    )
)
def test_a_result_of_another_shape_makes_a_poorer_memo_and_never_an_error(wounds: list[tuple[Any, Any]]) -> None:
    steps = copy.deepcopy(STEPS)
    for (number, path), value in wounds:
        inside: Any = steps[number].result
        for name in path[:-1]:
            inside = inside[name] if isinstance(inside, dict | list) and _has(inside, name) else None
        if isinstance(inside, dict | list) and _has(inside, path[-1]):
            inside[path[-1]] = value
    assert memo(steps, TODAY).startswith(MARK)


def _has(inside: Any, name: Any) -> bool:
    return name in inside if isinstance(inside, dict) else isinstance(name, int) and name < len(inside)


# --- the file


def reader(session: str) -> Held:
    """A session that holds the recorded steps."""
    return Held(session, tuple(recorded()), ("under $400",))


def test_a_memo_is_written_and_written_again(tmp_path: Path) -> None:
    out = tmp_path / "memo.md"
    for _ in range(2):
        write_memo("20261121-abcdef", out, TODAY, read=reader)
    assert out.read_text(encoding="utf-8") == memo(recorded(), TODAY, ["under $400"], source_addresses())
    assert [path.name for path in tmp_path.iterdir()] == ["memo.md"]


def test_a_file_that_is_no_memo_stays_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "README.md"
    out.write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no memo"):
        write_memo("last", out, TODAY, read=reader)
    assert out.read_text(encoding="utf-8") == "# Mine\n"
    write_memo("last", out, TODAY, force=True, read=reader)
    assert out.read_text(encoding="utf-8").startswith(MARK)


@pytest.mark.parametrize("out", [".", "not/there/memo.md"])
def test_a_place_that_takes_no_file_is_refused(tmp_path: Path, out: str) -> None:
    with pytest.raises(BadInput, match="in a folder that is there"):
        write_memo("last", tmp_path / out, TODAY, read=reader)


def test_a_session_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no session"):
        write_memo("20261121-abcdef", tmp_path / "memo.md", TODAY)
    assert not list(tmp_path.iterdir())

"""Measurements in sentences: proposals with their price, jobs, verdicts, plans of trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.offline.phrases import plain
from agent.conversation.offline.phrases import words as words_of
from agent.conversation.offline.recall import is_paid, is_ready
from agent.conversation.offline.telling import figure, refused, told

CHANCE = 0.05  # above it two runs are not told apart, as in the verdict
_ERRORS = (
    ("mae", ("mean error", "平均誤差")),
    ("median_ae", ("median error", "誤差の中央値")),
)  # in the unit of the data set
_SHARES = (("accuracy", ("accuracy", "正解率")), ("macro_f1", ("macro F1", "macro F1")))


def proposal(estimates: Sequence[Step], left_out: Sequence[str], japanese: bool) -> str:
    """The bake-off with its price, and the question; what stands in the way of a model beside it."""
    ready = [step for step in estimates if is_ready(step)]
    blocked = [step for step in estimates if not is_ready(step)]
    lines = (
        [_proposed(ready, japanese)] if ready else ["まだ測れません。" if japanese else "It cannot be measured yet."]
    )
    lines += [_offer(step, japanese) for step in ready]
    lines += [_in_the_way(step, japanese) for step in blocked]
    if left_out:
        names = ", ".join(map(plain, left_out))
        lines.append(
            f"呼び出せる提供元がないもの: {names}" if japanese else f"No provider that can be asked from here: {names}."
        )
    if not ready:
        return told(
            [
                *lines,
                "先に「NAMEでベースラインを実行して」は無料でできます。"
                if japanese
                else 'A baseline costs nothing meanwhile: "run a baseline on NAME".',
            ]
        )
    end = (
        "まだ何も実行していません。「はい」で示した上限のまま、「はい、合計Xドルまで」で上限を変えて実行します。実行しますか。" if japanese
        else "Nothing was asked yet. Say \"yes\" for exactly these caps, \"yes, at most $X\" for a lower one in all, or \"no\". Shall I run it?"
    )  # fmt: skip
    return told([*lines, _total(ready, japanese), end])


def unapproved(step: Step, japanese: bool) -> str:
    """Why what was agreed to was not started."""
    lead = "実行していません" if japanese else "Not started"
    return f"{lead}: {plain(str(step.result.get('next', '')))} [{step.number}]"


def verdict(step: Step, japanese: bool, failed: Sequence[Step] = ()) -> str:
    """Who is better, by what, and whether an LLM is needed."""
    found, cite = step.result, f"[{step.number}]"
    lines = [f"{plain(line)} {cite}" for line in found["verdict"]]
    if found["no_llm_needed"]:
        lines.insert(
            0,
            f"{'LLMは不要です(この証拠の範囲で)' if japanese else 'No LLM is needed for this, on this evidence'} {cite}.",
        )
    lines += [f"- {_row(row, found.get('unit'), japanese)} {cite}" for row in found["rows"]]
    items = (
        f"全員が答えた項目: {found['n']:,}、除いた項目: {found['left_out']:,}"
        if japanese
        else f"Compared on {found['n']:,} items that all answered; {found['left_out']:,} left out"
    )
    lines.append(f"{items} {cite}.")
    open_pairs = [pair for pair in found.get("pairs", []) if (pair.get("p_holm") or 0) >= CHANCE]
    needed = [pair["needed_n"] for pair in open_pairs if pair.get("needed_n")]
    if needed:
        told_apart = (
            f"区別に必要な項目数の目安: {max(needed):,}"
            if japanese
            else f"To tell them apart it would take about {max(needed):,} items"
        )
        lines.append(f"{told_apart} {cite}.")
    lines += [refused(one, japanese).splitlines()[0] for one in failed]
    return told(
        [
            *lines,
            "次に: 項目数を増やす、または assay report で保存。"
            if japanese
            else 'Next: more items ("measure them on NAME with N items"), or another model.',
        ]
    )


def states(steps: Sequence[Step], japanese: bool) -> str:
    """How jobs stand, with the scores of those that have ended."""
    lines: list[str] = []
    for step in steps:
        lines += refused(step, japanese).splitlines()[:1] if step.is_error else _state(step, japanese)
    if any(step.result.get("state") in ("running", "queued") for step in steps):
        lines.append(
            "「進捗は？」と聞けば続きを見ます。"
            if japanese
            else 'Ask "how is it going?" to look again; it goes on without this conversation.'
        )
    return told(lines)


def jobs(step: Step, japanese: bool, *, ask: bool = False) -> str:
    """The last jobs of all."""
    rows = step.result.get("jobs", [])
    if not rows:
        return f"{'ジョブはまだありません' if japanese else 'There is no job yet'} [{step.number}]."
    lines = [
        f"- {plain(row['job_id'])}: {plain(row['state'])}, {plain(str(row.get('for', '')))} [{step.number}]"
        for row in rows[:20]
    ]
    lead = (
        ("どのジョブですか。" if japanese else "Which job?")
        if ask
        else ("最近のジョブ:" if japanese else "The last jobs, newest first:")
    )
    return told([lead, *lines])


def training_plan(step: Step, japanese: bool) -> str:
    """What a training would do and cost, its doubts, and the question."""
    found, cite = step.result, f"[{step.number}]"
    plan = found.get("plan") or {}
    if found.get("state") != "plan" or not plan:
        return states([step], japanese)
    data, times, knobs, cost = plan["data"], plan["schedule"], plan["knobs"], plan["estimate"]
    words, none = words_of("training", japanese), words_of("training", japanese)["unknown"]
    usd = none if cost["usd"] is None else f"${cost['usd']}"
    time = none if cost["seconds"] is None else f"{figure(cost['seconds'])} s"
    shown = {name: figure(knobs[name]) for name in ("learning_rate", "batch_size", "epochs")} | {
        "validation": f"{data['n_validation']:,}"
    }
    named = {"base": plain(plan["base"]), "method": plain(plan["method"]), "name": plain(data["name"])}
    lines = [
        words["lead"].format(n=f"{data['n_train']:,}", steps=f"{times['steps']:,}", **named), words["knobs"].format(**shown),
        words["cost"].format(usd=usd, time=time), *([f"{words['probe']}: {plain(cost['probe'])}"] if cost["seconds"] is None else []),
        *(f"{words['doubt']}: {plain(doubt)}" for doubt in plan["doubts"]), *map(plain, plan["notes"][:3]),
    ]  # fmt: skip
    is_open = str(found.get("next", "")).startswith("A plan only")
    return told(
        [
            *(f"{line} {cite}" for line in lines),
            words["ask"] if is_open else f"{plain(str(found.get('next', '')))} {cite}",
        ]
    )


# --- a proposal


def _proposed(ready: Sequence[Step], japanese: bool) -> str:
    first = ready[0]
    models = ", ".join(plain(str(step.arguments["model"])) for step in ready)
    asked = max(ready, key=lambda step: int(step.result["estimate"]["calls"]))
    data, calls, cite = (
        plain(str(first.arguments["dataset"])),
        asked.result["estimate"]["calls"] or first.arguments["limit"],
        f"[{asked.number}]",
    )
    if japanese:
        return f"提案: {data} の{calls:,}項目で {models} を、無料のベースラインと並べて測ります {cite}。"
    return f"Proposed: measure {models} on {calls:,} items of {data}, beside a baseline that costs nothing {cite}."


def _offer(step: Step, japanese: bool) -> str:
    told_, model = step.result["estimate"], plain(str(step.arguments["model"]))
    tokens = f"{told_['input_tokens']:,} + {told_['output_tokens']:,} {'トークン' if japanese else 'tokens'}"
    if told_["cap_usd"] is None:
        return f"- {model}: {'無料' if japanese else 'free'} ({plain(told_['price'])}), {tokens} [{step.number}]"
    if not is_paid(step):
        return f"- {model}: {'測定済み、追加の費用なし' if japanese else 'measured before, nothing more to pay'} [{step.number}]"
    likely, most, cap = (figure(told_[name], japanese) for name in ("usd", "at_most_usd", "cap_usd"))
    if japanese:
        return f"- {model}: 見込み${likely}、一度ずつなら最大${most}、上限${cap}。{tokens}。{plain(told_['price'])} [{step.number}]"
    return f"- {model}: likely ${likely}, one attempt at each at most ${most}, cap ${cap}; {tokens}; {plain(told_['price'])} [{step.number}]"


def _in_the_way(step: Step, japanese: bool) -> str:
    if step.is_error:
        return refused(step, japanese).splitlines()[0]
    lead = "は実行できません" if japanese else " cannot be asked"
    return (
        f"- {plain(str(step.arguments.get('model')))}{lead}: {plain(str(step.result.get('next', '')))} [{step.number}]"
    )


def _total(ready: Sequence[Step], japanese: bool) -> str:
    """What all of it costs, as a sum of figures that each stand in their step; nothing where there is one to pay for."""
    paid = [step for step in ready if is_paid(step)]
    if not paid:
        return "費用はかかりません。" if japanese else "Nothing is to be paid for it."
    if len(paid) == 1:
        return ""
    likely, most = (
        " + ".join(f"${figure(step.result['estimate'][name], japanese)}" for step in paid)
        for name in ("usd", "cap_usd")
    )
    cites = "".join(f"[{step.number}]" for step in paid)
    return (
        f"合計: 見込み{likely}、最大{most} {cites}"
        if japanese
        else f"In all: likely {likely}, never more than {most} {cites}"
    )


# --- jobs and runs


def _state(step: Step, japanese: bool) -> list[str]:
    found, cite = step.result, f"[{step.number}]"
    what = plain(str(found.get("for") or found.get("job_id") or step.arguments.get("job_id") or step.tool))
    state, result = str(found.get("state", "?")), found.get("result") or {}
    lines = [f"{what}: {plain(state)}{_scores(result, result.get('unit'), japanese)} {cite}"]
    if progress := {
        name: value for name, value in (found.get("progress") or {}).items() if value is not None and name != "events"
    }:
        lines.append(
            f"  {', '.join(f'{plain(str(name))} {figure(value, japanese)}' for name, value in progress.items())} {cite}"
        )
    if state == "done" and found.get("run"):
        lines.append(f"  run {plain(str(found['run']))} {cite}")
    elif state not in ("running", "queued"):
        lines.append(f"  {plain(str(found.get('next', '')))} {cite}")
    return lines


def _scores(result: dict[str, Any], unit: str | None, japanese: bool) -> str:
    said = []
    for names, measured_in in ((_ERRORS, unit), (_SHARES, None)):
        for name, labels in names:
            if result.get(name) is not None:
                ends = result.get(f"{name}_ci95")
                value = _amount(result[name], measured_in, japanese)
                said.append(f"{labels[japanese]} {value}{_between(ends, measured_in, japanese)}")
    if result.get("answered") is not None:
        said.append(
            f"{figure(result['answered'])} {'回答' if japanese else 'answered'}, {figure(result['failures'])} {'失敗' if japanese else 'failed'}"
        )
    if result.get("cost_usd") is not None:
        said.append(f"${result['cost_usd']}")
    return f": {', '.join(said)}" if said else ""


def _amount(value: float, unit: str | None, japanese: bool) -> str:
    """A figure in the unit of its data set, as far as that is known."""
    if unit == "usd":
        return f"{'-' if value < 0 else ''}${figure(abs(value), japanese)}"
    return f"{figure(value, japanese)} {plain(unit, 20)}" if unit else figure(value, japanese)


def _between(ends: Sequence[float] | None, unit: str | None, japanese: bool) -> str:
    """An interval behind its figure, empty where there is none."""
    return f" [{', '.join(_amount(end, unit, japanese) for end in ends)}]" if ends else ""


def _row(row: dict[str, Any], unit: str | None, japanese: bool) -> str:
    cost = row["cost_per_1k_usd"]
    priced = (
        ("費用不明" if japanese else "cost unknown")
        if cost is None
        else (f"千件あたり${cost}" if japanese else f"${cost} per thousand")
    )
    measured_in = unit if row.get("mae") is not None else None
    apart = (
        ""
        if row["difference"] is None
        else f", {'首位との差' if japanese else 'from the best'} {_amount(row['difference'], measured_in, japanese)}"
        + _between(row["difference_ci95"], measured_in, japanese)
    )
    return f"{plain(row['run'])}{_scores(row, unit, japanese)}{apart}, {priced}, {plain(row['group'])}"

"""Results as sentences: refusals, rows, products, advice. Every figure is the result's own, and says which step it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.offline.phrases import plain, words

MOST_LINES, SHOWN_ROWS, CELL = 25, 12, 90
_PREFIX = re.compile(r"^Error executing tool \w+: ")


def refused(step: Step, japanese: bool) -> str:
    """A tool's refusal with its own remedy; never an answer."""
    why = _PREFIX.sub("", plain(str(step.result.get("text") or step.result)))
    lead = f"{step.tool} が断りました" if japanese else f"{step.tool} refused"
    end = "答えはわかりません。" if japanese else "So I do not know the answer."
    return f"{lead}: {why} [{step.number}]\n{end}"


def rows(step: Step, japanese: bool) -> str:
    """The rows of a query, the first in words where there is only one."""
    names = [str(column["name"]) for column in step.result.get("columns", [])]
    found: list[list[Any]] = step.result.get("rows", [])
    cite = f"[{step.number}]"
    if not found:
        return (
            f"該当する行はありません {cite}。名前を確かめるには「データセットの一覧」と聞いてください。" if japanese
            else f"Nothing matches {cite}. \"Which data sets are there?\" shows the names."
        )  # fmt: skip
    same = [place for place in range(len(names)) if len(found) > 1 and len({str(row[place]) for row in found}) == 1]
    kept = [place for place in range(len(names)) if place not in same] or [0]
    lines = [
        f"- {_cells([names[place] for place in kept], [row[place] for place in kept])} {cite}"
        for row in found[:SHOWN_ROWS]
    ]
    lead = _lead(
        _cells([names[place] for place in same], [found[0][place] for place in same]), len(found) > 1, cite, japanese
    )
    if len(found) > SHOWN_ROWS or step.result.get("truncated"):
        lines.append(
            "これより多くの行があります: assay data query"
            if japanese
            else "There are more rows: narrow the question, or use assay data query."
        )
    if any(cell is None for row in found[:SHOWN_ROWS] for cell in row):
        lines.append(
            "unknownは、値の記録がないことを示します。" if japanese else "Unknown means that no value is recorded."
        )
    return told([lead, *lines])


def hits(step: Step, japanese: bool) -> str:
    """Products found, titles in quotes as the data that they are."""
    found: list[dict[str, Any]] = step.result.get("hits", [])
    cite = f"[{step.number}]"
    if not found:
        return (
            f"該当する商品はありません {cite}。"
            if japanese
            else f"No such product in store {plain(str(step.result.get('store')))} {cite}."
        )
    lead = "似た商品、近い順" if japanese else "The most similar products, nearest first"
    lines = [f"- {_hit(hit)} {cite}" for hit in found]
    end = "商品名は出品者のデータで、内容は確かめていません。" if japanese else "Titles are sellers' data, not checked."
    return told([f"{lead} (store {plain(str(step.result.get('store')))}) {cite}:", *lines[:20], end])


def advice(step: Step, priced_by: tuple[str, int] | None, japanese: bool) -> str:
    """The approach with its reason, the options' cost, the arithmetic and what would flip it."""
    found, cite = step.result, f"[{step.number}]"
    said = words("advice", japanese)
    lines = [f"{said['lead']}{plain(found['recommended'])}: {plain(found['because'])} {cite}"]
    for option in found["options"]:
        money = said["unknown"] if option["monthly_usd"] is None else f"${option['monthly_usd']}{said['month']}"
        fit = "" if option["fits"] else f" ({said['no']}: {plain(option['because'])})"
        lines.append(f"- {plain(option['name'])}: {money}{fit} {cite}")
    lines += [f"{plain(line)} {cite}" for line in (*found["arithmetic"], *found["measured_says"][:2])]
    lines += [f"{said['flips']}: {'; '.join(map(plain, found['flips']))} {cite}"] if found["flips"] else []
    lines += [f"{said['closing']}: {'; '.join(map(plain, found['closing']))} {cite}"] if found["closing"] else []
    if priced_by:
        lines.append(f"{said['prices']}: {plain(priced_by[0])} [{priced_by[1]}]")
    return told([*lines, said["next"]])


def told(lines: Iterable[str]) -> str:
    """The lines as one answer, no longer than a screen."""
    return "\n".join([line for line in lines if line][:MOST_LINES])


def figure(value: Any, japanese: bool = False) -> str:
    """A value as it is said: thousands apart, yes and no in words, unknown as unknown."""
    if value is None:
        return "不明" if japanese else "unknown"
    if isinstance(value, bool):
        return ("はい" if value else "いいえ") if japanese else ("yes" if value else "no")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(figure(one, japanese) for one in value) or ("なし" if japanese else "none")
    return plain(str(value), CELL)


def dates(as_of: Mapping[str, Any]) -> str:
    """How old the facts are, by kind."""
    return ", ".join(f"{kind} {date}" for kind, date in as_of.items() if date)


def _lead(same: str, many: bool, cite: str, japanese: bool) -> str:
    if not many:
        return f"答え {cite}:" if japanese else f"The answer {cite}:"
    if japanese:
        return f"{same}、この順で {cite}:" if same else f"結果、この順で {cite}:"
    return f"{same}, in this order {cite}:" if same else f"The answer, in this order {cite}:"


def _cells(names: list[str], row: list[Any]) -> str:
    return " · ".join(f"{name} {_cell(name, value)}" for name, value in zip(names, row, strict=False))


def _cell(name: str, value: Any) -> str:
    if isinstance(value, str) and name in {"title", "text", "category", "brand"}:
        return f'"{plain(value, CELL)}"'
    return f"${figure(value)}" if value is not None and name.endswith("_usd") else figure(value)


def _hit(hit: dict[str, Any]) -> str:
    price = hit.get("price")
    parts = [f'"{plain(str(hit.get("title", "")), CELL)}"', "price unknown" if price is None else f"${figure(price)}"]
    parts += [f"{name} {figure(hit[name])}" for name in ("category", "similarity") if hit.get(name) is not None]
    where = hit.get("source")
    return " · ".join([*parts, *([plain(str(where), CELL)] if where else [])])

"""Models side by side in sentences: what decides between them, then each on a line; of one model what was asked of it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.offline import naming
from agent.conversation.offline.phrases import plain
from agent.conversation.offline.phrases import words as words_of
from agent.conversation.offline.telling import figure, told
from agent.conversation.offline.telling_models import cost_of, sources_of

# A question about one fact: its wording, the fact's field and its names.
_FACTS = (
    (r"context|コンテキスト", "context_tokens", ("context in tokens", "コンテキスト(トークン)")),
    (r"max(?:imum)? output|output (?:limit|length|tokens)|最大出力", "max_output_tokens", ("longest answer in tokens", "最大出力(トークン)")),
    (r"licen[sc]e|ライセンス", "license", ("licence", "ライセンス")),
    (r"open(?:[- ](?:source|weights?))?\b|オープン|公開されて", "open_weights", ("open weights", "重みの公開")),
    (r"cutoff|cut-off|知識の?(?:期限|カットオフ)|カットオフ|いつまでの知識", "knowledge_cutoff", ("knowledge cutoff", "知識の期限")),
    (r"releas|when did|come out|公開日|リリース|発表", "release_date", ("release date", "公開日")),
    (r"how (?:big|large)|parameters?|size|パラメータ|大きさ", "parameters_b", ("parameters in billions", "パラメータ数(10億)")),
    (r"tool|function call|ツール|関数呼", "tool_calling", ("tool calling", "ツール呼び出し")),
    (r"json|structured|構造化", "structured_output", ("structured output", "構造化出力")),
    (r"reason|think|推論|思考", "reasoning", ("reasoning", "推論")),
    (r"vision|images?|pictures?|audio|video|modalit|pdf|画像|音声|動画", "modalities_in", ("reads", "入力の種類")),
)  # fmt: skip


_COMMERCIAL = r"commercial|sell|商用"


_STATUS = r"retire|deprecat|still (?:available|there)|shut ?down|廃止|終了|まだ使"


_MONEY = r"cost|price|how much|expensive|cheap|値段|価格|料金|費用|いくら|安い|高い"


_RATED = r"rating|arena|how good|better|quality|評価|性能|良い"


def comparison(step: Step, said: str, japanese: bool) -> str:
    """Models side by side, what decides between them first; of one model what was asked of it first."""
    found, cite, words = step.result, f"[{step.number}]", words_of("models", japanese)
    rows = found["rows"]
    lines = [
        f"{line} {cite}" for line in (_between(rows, japanese) if len(rows) > 1 else _asked(rows[0], said, japanese))
    ]
    most = 3 if len(rows) > 2 else 9
    for row in rows:
        lines.append(f"{plain(row['model'])}: {_sheet(row, words, japanese)} {cite}")
        duties = (row["license_terms"] or {}).get("duties")
        notes = [
            *([plain(row["note"])] if row["note"] else []),
            *([plain(duties, 160)] if duties else []),
            *map(plain, row["unknowns"][:most]),
        ]
        lines += [f"  {'; '.join(notes)} {cite}"] if notes else []
    if len(rows) == 1:
        lines += (
            [f"{words['costs']}: {'; '.join(map(plain, rows[0]['cost_notes']))} {cite}"]
            if rows[0]["cost_notes"]
            else []
        )
        lines += _own(rows[0], cite, words)
    lines += [f"{words['sources']}: {plain(row['model'])}: {sources_of(row)} {cite}" for row in rows[:4]]
    return told([*lines[:24], _next_compared(rows, japanese)])


def _between(rows: list[dict[str, Any]], japanese: bool) -> list[str]:
    """What decides: the cheaper one, and the better rated one if the intervals are apart."""
    lines = []
    priced = sorted(
        (Decimal(row["monthly_cost_usd"]), row["model"]) for row in rows if row["monthly_cost_usd"] is not None
    )
    if len(priced) > 1:
        (low, cheap), (high, dear) = priced[0], priced[-1]
        lines.append(
            f"月額が安いのは {plain(cheap)} (${low})、高いのは {plain(dear)} (${high})" if japanese
            else f"{plain(cheap)} costs least: ${low} a month; {plain(dear)} costs most: ${high}"
        )  # fmt: skip
    else:
        lines += _cheaper_per_token(rows, japanese)
    return lines + _better_rated(rows, japanese)


def _cheaper_per_token(rows: list[dict[str, Any]], japanese: bool) -> list[str]:
    """Which is cheaper for tokens both in and out; nothing where the one is cheaper in and the other out."""
    known = [
        row
        for row in rows
        if row["facts"]["input_usd_per_mtok"] is not None and row["facts"]["output_usd_per_mtok"] is not None
    ]
    if len(known) < 2:
        return []
    cheap = min(known, key=lambda row: Decimal(row["facts"]["input_usd_per_mtok"]))
    if any(
        Decimal(row["facts"]["output_usd_per_mtok"]) < Decimal(cheap["facts"]["output_usd_per_mtok"]) for row in known
    ):
        return []
    name, into, out = plain(cheap["model"]), cheap["facts"]["input_usd_per_mtok"], cheap["facts"]["output_usd_per_mtok"]
    return [
        f"トークン単価が最も安いのは {name}: 入力${into}、出力${out} (100万トークン)" if japanese
        else f"{name} is the cheapest per token: ${into} in and ${out} out per million"
    ]  # fmt: skip


def _better_rated(rows: list[dict[str, Any]], japanese: bool) -> list[str]:
    rated = sorted((row for row in rows if row["overall_rating"]), key=lambda row: -row["overall_rating"][0])
    if len(rated) < 2:
        return []
    (best, low, _, _), (other, _, high, _) = rated[0]["overall_rating"], rated[1]["overall_rating"]
    first, second = plain(rated[0]["model"]), plain(rated[1]["model"])
    if low > high:
        return [
            f"Arena総合では {first} ({best:g}) が {second} ({other:g}) を上回ります"
            if japanese
            else f"{first} is rated above {second} on the Arena: {best:g} against {other:g}"
        ]
    return [
        f"Arena総合では {first} ({best:g}) と {second} ({other:g}) の差は区間の幅に収まり、優劣は言えません" if japanese
        else f"The Arena cannot tell {first} ({best:g}) and {second} ({other:g}) apart: their intervals overlap"
    ]  # fmt: skip


def _asked(row: dict[str, Any], said: str, japanese: bool) -> list[str]:
    """The facts that the question names, each by its value or as unknown."""
    text = naming.normal(said)
    for name in (row["asked"], row["model"]):
        text = text.replace(str(name).lower(), " ")
    facts, model = row["facts"], plain(row["model"])
    lines = [
        f"{model}: {names[japanese]}: {figure(facts.get(field), japanese)}" for pattern, field, names in _FACTS if re.search(pattern, text)
    ]  # fmt: skip
    if re.search(_COMMERCIAL, text):
        allowed = (row["license_terms"] or {}).get("commercial_use")
        lines.append(f"{model}: {('commercial use', '商用利用')[japanese]}: {figure(allowed, japanese)}")
    if re.search(_STATUS, text):
        lines.append(f"{model}: {plain(row['status'])}")
    if re.search(_MONEY, text):
        lines.append(f"{model}: {cost_of(row, words_of('models', japanese))}")
    if re.search(_RATED, text):
        lines.append(f"{model}: {_rating(row, japanese)}")
    return lines


def _sheet(row: dict[str, Any], words: dict[str, str], japanese: bool) -> str:
    """One model on a line."""
    facts = row["facts"]
    opened = {
        True: ("open weights", "重み公開"),
        False: ("closed", "非公開"),
        None: ("openness unknown", "公開は不明"),
    }[facts["open_weights"]][japanese]
    licence = plain(
        (row["license_terms"] or {}).get("name") or facts["license"] or ("licence unknown", "ライセンス不明")[japanese]
    )
    context = figure(facts["context_tokens"] or facts["max_input_tokens"], japanese)
    abilities = [
        names[japanese]
        for _, field, names in _FACTS
        if field in ("tool_calling", "structured_output", "reasoning") and facts[field]
    ]
    size = "" if facts["parameters_b"] is None else f" · {facts['parameters_b']:g}B{'' if japanese else ' parameters'}"
    released = facts["release_date"] or ("release date unknown", "公開日不明")[japanese]
    parts = [
        plain(row["status"]),
        opened,
        licence,
        f"{context} {'トークン' if japanese else 'tokens of context'}{size}",
        f"{'公開 ' if japanese else 'released '}{plain(released)}" if facts["release_date"] else plain(released),
        cost_of(row, words),
        _rating(row, japanese),
    ]
    return " · ".join([*parts, *([", ".join(abilities)] if abilities else [])])


def _rating(row: dict[str, Any], japanese: bool) -> str:
    if not row["overall_rating"]:
        return "Arena評価なし" if japanese else "not rated on the Arena"
    rating, low, high, as_of = row["overall_rating"]
    return f"Arena {rating:g} [{low:g}, {high:g}] ({plain(str(as_of))})"


def _own(row: dict[str, Any], cite: str, words: dict[str, str]) -> list[str]:
    gpu = row["own_gpu"]
    return (
        [
            f"{words['gpu'].format(usd=gpu['usd_per_month'], gpu=plain(gpu['gpu']))}, {plain(gpu['source'], 120)} ({gpu['checked']}) {cite}"
        ]
        if gpu
        else []
    )


def _next_compared(rows: list[dict[str, Any]], japanese: bool) -> str:
    names = " ".join(plain(row["model"]) for row in rows[:2])
    if japanese:
        return f"次に: 「NAMEで {names} を測って」"
    volume = "" if any(row["monthly_cost_usd"] for row in rows) else ", or name your volume for a monthly cost"
    return f'Next: "measure {names} on NAME"{volume}.'

"""What the terminal shows. Decides nothing: a document in, lines out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

NUMERIC = ("BIGINT", "DECIMAL", "DOUBLE", "FLOAT", "HUGEINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER")
WIDE = 110  # columns that the whole list of models takes
LABELS = {
    "en": {
        "understood": "Understood", "ignored": "Ignored", "for": "for", "against": "against", "cost": "cost", "unknown": "unknown",
        "out": "Out", "open": "Unknown", "unrated": "Unrated", "why": "Why not", "firm": "Firm?", "relax": "Relaxing",
        "next": "Next", "ask": "Tell me", "none": "nothing", "month": "/month", "sources": "sources",
        "facts": "Facts as of: {} (the newest {} days old); assay models refresh updates them",
    },
    "ja": {
        "understood": "理解", "ignored": "無視", "for": "長所", "against": "短所", "cost": "費用", "unknown": "不明",
        "out": "除外", "open": "不明あり", "unrated": "評価なし", "why": "選外の理由", "firm": "揺らぐか", "relax": "緩めると",
        "next": "次に", "ask": "質問", "none": "なし", "month": "/月", "sources": "出典",
        "facts": "事実の日付: {}(最新は{}日前)。更新: assay models refresh",
    },
}  # fmt: skip


def show_answer(console: Console, document: dict[str, Any], *, japanese: bool, today: dt.date) -> None:
    """The whole answer to a question, decision first."""
    words = LABELS["ja" if japanese else "en"]
    _field(console, words["understood"], " · ".join(document["understood"]))
    if not document["requirements"]:
        told = (
            "条件が読み取れなかったので、既定の順で示します。"
            if japanese
            else "Nothing narrowed the choice: what follows is the default order."
        )
        _field(console, "", told)
    _field(console, words["ignored"], " · ".join(document["ignored"]) or words["none"])
    console.print()
    for place, entry in enumerate(document["shortlist"], 1):
        _entry(console, place, entry, words)
    if not document["shortlist"]:
        _nothing(console, document, japanese=japanese)
    _rest(console, document, words)
    for question in document["questions"]:
        _field(console, words["ask"], question)
    _next(console, document, words)
    dates = [date for date in document["as_of"].values() if date]
    said = ", ".join(f"{kind} {date}" for kind, date in document["as_of"].items() if date)
    age = (
        (today - dt.date.fromisoformat(max(dates) if len(max(dates)) == 10 else max(dates) + "-01")).days
        if dates
        else 0
    )
    console.print(Text(words["facts"].format(said, age), style="dim"))


def show_models(console: Console, rows: Sequence[dict[str, Any]], total: int) -> None:
    """A table of models."""
    wide = console.width >= WIDE
    names = [
        "model",
        "weights",
        "context",
        "$/M in",
        "$/M out",
        "arena",
        *(("licence", "released", "cutoff") if wide else ()),
    ]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(
            name, justify="right" if name in ("context", "$/M in", "$/M out", "arena") else "left", no_wrap=True
        )
    for row in rows:
        facts = row["facts"]
        opened = {True: "open", False: "closed", None: "?"}[facts["open_weights"]]
        cells = [row["model"], opened, _size(facts["context_tokens"] or facts["max_input_tokens"]), facts["input_usd_per_mtok"] or "?",
                 facts["output_usd_per_mtok"] or "?", f"{row['overall']:g}" if row["overall"] else "?"]  # fmt: skip
        more = [facts["license"] or "–", facts["release_date"] or "?", facts["knowledge_cutoff"] or "?"]
        table.add_row(*cells, *(more if wide else ()))
    console.print(table)
    console.print(Text(f"{len(rows)} of {total} models; ? is unknown", style="dim"))


def show_sheet(console: Console, sheet: dict[str, Any]) -> None:
    """All that is known of one model."""
    console.print(
        f"[bold]{escape(sheet['model'])}[/bold]  {escape(sheet['name'])}  [dim]{escape(sheet['status'])}[/dim]"
    )
    if sheet["note"]:
        console.print(Text(sheet["note"], style="yellow"))
    for name, claims in sheet["facts"].items():
        said = " · ".join(f"{_value(c['value'])} ({c['source']}, {c['as_of']})" for c in claims)
        _field(console, name, said, width=22)
    terms = sheet["license_terms"]
    if terms:
        _field(
            console,
            "terms",
            f"{terms['name']}: {terms['duties']} <{terms['source']}> (our reading, not legal advice)",
            width=22,
        )
    _field(console, "unknown or disputed", " · ".join(sheet["unknown"]) or "nothing", width=22)
    _offerings(console, sheet["offerings"])
    if sheet["ratings"]:
        said = " · ".join(
            f"{board} {rating:g} [{low:g}, {high:g}]" for board, rating, low, high, *_ in sheet["ratings"][:8]
        )
        _field(console, f"arena ({sheet['ratings'][0][5]})", said, width=22)
    if sheet["benchmarks"]:
        said = " · ".join(
            f"{name} {score:g} {unit} ({source})" for name, score, unit, source, *_ in sheet["benchmarks"][:12]
        )
        _field(console, "benchmarks", said, width=22)


def show_comparison(console: Console, document: dict[str, Any]) -> None:
    """Models as columns, facts as rows."""
    rows = document["rows"]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("")
    for row in rows:
        table.add_column(row["model"])
    for name in rows[0]["facts"]:
        table.add_row(name, *(_value(row["facts"][name]) for row in rows))
    for name in ("status", "provider", "monthly_cost_usd"):
        table.add_row(name, *(_value(row[name]) for row in rows))
    table.add_row(
        "overall rating", *(f"{r[0]:g} [{r[1]:g}, {r[2]:g}]" if (r := row["overall_rating"]) else "?" for row in rows)
    )
    table.add_row("licence duties", *((row["license_terms"] or {}).get("duties", "?") for row in rows))
    table.add_row("own GPU", *(_own(row["own_gpu"]) for row in rows))
    table.add_row("unknown or disputed", *("; ".join(row["unknowns"]) or "–" for row in rows))
    console.print(table)
    for row in rows:
        if row["note"]:
            console.print(Text(row["note"], style="yellow"))


def show_advice(console: Console, advice: dict[str, Any]) -> None:
    """An approach with its arithmetic and what was measured."""
    _field(console, "Advice", _datum(f"{advice['recommended']}: {advice['because']}").plain)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("approach", "possible", "a month", "once", "in all"):
        table.add_column(name, justify="left" if name in ("approach", "possible") else "right")
    for option in advice["options"]:
        money = (
            f"${option[name]}" if option[name] is not None else "?"
            for name in ("monthly_usd", "one_off_usd", "total_usd")
        )
        table.add_row(option["name"], "yes" if option["fits"] else option["because"], *money)
    console.print(Padding(table, (0, 0, 0, 13)))
    if advice["measured"]:
        console.print(Padding(_measured(advice["measured"]), (1, 0, 1, 13)))
    for label, lines in (
        ("Measured", [_datum(line).plain for line in advice["measured_says"]]),
        ("Arithmetic", advice["arithmetic"]),
        ("Flips", [_datum(line).plain for line in advice["flips"]]),
        ("Closing", advice["closing"]),
    ):
        for line in lines:
            _field(console, label, line)
            label = ""  # noqa: PLW2901 - the label stands once


def show_rows(console: Console, document: dict[str, Any]) -> None:
    """The rows of a query. They are data that anybody may have written: nothing in them reaches the terminal as a command."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    numbers = [column["type"].startswith(NUMERIC) for column in document["columns"]]
    for column, number in zip(document["columns"], numbers, strict=True):
        table.add_column(_datum(column["name"]), justify="right" if number else "left", overflow="fold")
    for row in document["rows"]:
        table.add_row(*map(_datum, row))
    console.print(table)
    rows = f"{len(document['rows'])} row{'' if len(document['rows']) == 1 else 's'}"
    console.print(Text(f"{rows} in {document['elapsed_s']:.2f} s. {document['note']}", style="dim"))


# --- parts of the answer


def _measured(rows: Sequence[dict[str, Any]]) -> Table:
    """The best run of each approach on the same items, the best first."""
    is_label = "accuracy" in rows[0]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("measured", "by", "accuracy" if is_label else "mean error", "difference [95 %]", "$ per 1,000"):
        table.add_column(name, justify="left" if name in ("measured", "by") else "right", overflow="fold")
    for row in rows:
        interval = row["difference_ci95"]
        apart = f"{row['difference']:+.4g}" if row["difference"] is not None else "best"
        ends = f" [{interval[0]:.4g}, {interval[1]:.4g}]" if interval else ""
        cost = "?" if row["cost_per_1k_usd"] is None else row["cost_per_1k_usd"]
        figure = f"{row['accuracy']:.1%}" if is_label else f"{row['mae']:,.4g}"
        table.add_row(row["approach"], _datum(row["by"]), figure, f"{apart}{ends}", cost)
    return table


def _entry(console: Console, place: int, entry: dict[str, Any], words: dict[str, str]) -> None:
    facts = entry["facts"]
    cost, where = _cost(entry, words), f" at {entry['provider']}" if entry["provider"] else ""
    rating = entry["rating"]
    parts = (
        entry["model"], f"{cost}{where}", facts["license"] or ("closed" if facts["open_weights"] is False else "licence ?"),
        f"{_size(facts['context_tokens'] or facts['max_input_tokens'])} context",
        f"Arena {rating['rating']:g} ±{(rating['high'] - rating['low']) / 2:.0f}" if rating else "no rating",
        f"score {entry['score']:.2f}",
    )  # fmt: skip
    head = Table.grid()
    head.add_column(width=5, style="bold")
    head.add_column()
    head.add_row(f"  {place}", Text("   ".join(parts), style="bold"))
    console.print(head)
    terms = ", ".join(f"{name} {value:.2f}" for name, value in entry["terms"].items())
    lines = [
        (words["for"], "; ".join(entry["reasons"])),
        (words["against"], "; ".join(entry["against"])),
        (words["cost"], "; ".join(entry["cost_notes"])),
    ]
    lines += [(words["unknown"], "; ".join(entry["unknowns"]))]
    if place == 1:
        lines += [("score", terms), (words["sources"], "; ".join(entry["sources"]))]
    for label, text in lines:
        if text:
            console.print(Padding(_labelled(label, text, 9), (0, 0, 0, 5)))


def _nothing(console: Console, document: dict[str, Any], *, japanese: bool) -> None:
    console.print(
        "  [bold]"
        + ("条件をすべて満たすモデルはありません。" if japanese else "No model satisfies every constraint.")
        + "[/bold]"
    )
    if document["conflict"]:
        said = " + ".join(document["conflict"])
        console.print(
            f"     {escape(said)} {'だけで全て除外されます' if japanese else 'leave no model whose facts are known'}"
        )
    console.print()


def _rest(console: Console, document: dict[str, Any], words: dict[str, str]) -> None:
    rejected = document["rejected"]
    counts = " · ".join(f"{reason}: {count}" for reason, count in rejected["by_reason"].items())
    _field(console, words["out"], f"{rejected['total']} fail {counts}" if counts else "0")
    if document["unknown"]:
        some = "; ".join(f"{row['model']} if {' and '.join(row['if'])}" for row in document["would_qualify_if"][:3])
        _field(console, words["open"], f"{document['unknown']} would qualify if a fact were known, such as {some}")
    if document["unrated"]["count"] and document["shortlist"]:
        newest = ", ".join(document["unrated"]["newest"])
        _field(
            console,
            words["unrated"],
            f"{document['unrated']['count']} qualify but are on no such board, the newest: {newest}",
        )
    for row in document["why_not"]:
        note = f" ({row['note']})" if row.get("note") else ""
        _field(console, words["why"], f"{row['model'] or row['asked']}: {row['why']}{note}")
    if document["shortlist"]:
        _field(console, words["firm"], _firm(document))
    for row in document["relax"]:
        cost = f" at ${row['monthly_cost_usd']} a month" if row["monthly_cost_usd"] else ""
        _field(
            console,
            words["relax"],
            f'"{row["drop"]}" would bring in {row["brings_in"]} ({row["which_has"]}){cost}, score {row["score"]}',
        )


def _firm(document: dict[str, Any]) -> str:
    first, firm = document["shortlist"][0]["model"], document["firm"]
    if not firm["changes"]:
        return f"{first} stays first when any weight moves by 20 %"
    return "; ".join(f"{change['first']} leads with {change['weight']}" for change in firm["changes"])


def _next(console: Console, document: dict[str, Any], words: dict[str, str]) -> None:
    names = [entry["model"] for entry in document["shortlist"][:2]]
    if names:
        _field(console, words["next"], f"assay models show {names[0]}   assay models compare {' '.join(names)}")


def _offerings(console: Console, offerings: Iterable[dict[str, Any]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("provider", "region", "$/M in", "$/M out", "cached", "tiers", "source", "also said"):
        table.add_column(name, justify="right" if name.startswith("$") or name == "cached" else "left")
    every = list(offerings)
    for row in [*every[:12], *(row for row in every[12:] if row["first_party"])]:
        table.add_row(
            row["provider"] + (" *" if row["first_party"] else ""), row["region"] or "?", row["input_usd_per_mtok"] or "?",
            row["output_usd_per_mtok"] or "?", row["cache_read_usd_per_mtok"] or "?", ", ".join(row["tiers"]),
            f"{row['source']} {row['as_of']}", "; ".join(row["others"]),
        )  # fmt: skip
    if table.row_count:
        console.print(table)
        console.print(
            Text("* the maker itself; cheapest first, the first 12 and the maker's: --json gives all", style="dim")
        )


# --- small shapes


def _datum(value: object) -> Text:
    """A value as text that is neither markup nor a control sequence."""
    from pricer.products.text import printable

    if value is None:
        return Text("null", style="dim")
    if isinstance(value, list | dict | bool):
        value = json.dumps(value, ensure_ascii=False)
    return Text(printable(str(value)))


def _field(console: Console, label: str, text: str, width: int = 13) -> None:
    console.print(_labelled(label, text, width))


def _labelled(label: str, text: str, width: int) -> Table:
    table = Table.grid(padding=(0, 0))
    table.add_column(width=width, style="cyan", no_wrap=True)
    table.add_column()
    table.add_row(Text(label), Text(text))
    return table


def _cost(entry: dict[str, Any], words: dict[str, str]) -> str:
    if entry["monthly_cost_usd"] is not None:
        return f"${entry['monthly_cost_usd']}{words['month']}"
    if entry["own_gpu"]:
        return f"GPU hire ${entry['own_gpu']['usd_per_month']}{words['month']} ({entry['own_gpu']['gpu']})"
    return "own GPU" if not entry["provider"] else _price(entry["facts"])


def _price(facts: dict[str, Any]) -> str:
    if facts["input_usd_per_mtok"] is None:
        return "price ?"
    return f"${facts['input_usd_per_mtok']}/${facts['output_usd_per_mtok']} per M"


def _own(own: dict[str, Any] | None) -> str:
    if own is None:
        return "–"
    even = own["cheaper_than_api_from_requests_per_month"]
    return f"{own['gpu']}: ${own['usd_per_month']} a month" + (
        f", cheaper from {even:,} requests, if it writes {own['needs_output_tokens_per_s_there']:,} tokens/s"
        if even
        else ""
    )


def _size(tokens: int | None) -> str:
    return "?" if tokens is None else f"{tokens / 1e6:.1f}M" if tokens >= 10**6 else f"{tokens / 1000:.0f}k"


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return (
        {None: "?", True: "yes", False: "no"}.get(value, str(value))
        if value is None or isinstance(value, bool)
        else str(value)
    )


# --- a data set


def show_dataset(console: Console, document: dict[str, Any]) -> None:
    """A data set in figures: where its records went, its splits, its distributions, what was taken out, what was checked."""
    source, target = document["source"], document["target"]
    where = f"   {_datum(source['name']).plain} ({source['kind']})"
    console.print(Text.assemble((_datum(document["name"]).plain, "bold"), where))
    if source["synthetic"]:
        by, what = ("by a program", "products") if target["unit"] == "usd" else ("for this project", "data")
        warning = f"SYNTHETIC SAMPLE: made up {by}; no figure says anything about real {what}"
        console.print(Text(warning, style="bold yellow"))
    if best := document["best_reachable"]:
        errors = f"mean ${best['mae_usd']:.2f}, median ${best['median_ae_usd']:.2f} on {best['n']:,} test items"
        _field(console, "Best error", f"{errors}: the noise in the prices; no predictor can do better")
    for place, line in enumerate(_ledger(document["funnel"])):
        _field(console, "" if place else "Records", line)
    _field(console, "Splits", "price in US dollars" if target["unit"] == "usd" else _datum(target["name"]).plain)
    console.print(Padding(_splits_table(document), (0, 0, 0, 13)))
    for label, text in _dataset_lines(document):
        _field(console, label, text)
    about = {"duplicates": "across splits", "prompts": "hold their answer" if target["unit"] == "usd" else ""}
    for name, what in about.items():
        verdict = document["verdicts"][name]
        said = _labelled(name.title(), f"{verdict['says']} {what}".strip() + f": {verdict['because']}", 13)
        console.print(said, style=None if verdict["is_good"] else "bold red")
    _field(console, "Fingerprint", document["fingerprint"])


def _ledger(funnel: dict[str, Any]) -> list[str]:
    """What came in, less each loss, is what stayed."""
    losses = [("−", count, _datum(reason).plain) for reason, count in funnel["dropped"].items()]
    rows = [(" ", funnel["raw"], "records read"), *losses, ("=", funnel["kept"], "items kept")]
    width = len(f"{funnel['raw']:,}")
    return [f"{sign} {count:>{width},}  {what}" for sign, count, what in rows]


def _splits_table(document: dict[str, Any]) -> Table:
    """The splits with the quantiles of their targets and their distance from training."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    quantiles = {"5 %": "p05", "25 %": "p25", "median": "median", "75 %": "p75", "95 %": "p95"}
    shown = {} if document["target"]["is_label"] else quantiles
    for name in ("split", "items", "families", *shown, *(["drift (5 % value)"] if shown else [])):
        table.add_column(name, justify="left" if name == "split" else "right")
    drift = {row["split"]: row["target"] for row in document["drift"]}
    for split in [*document["splits"], document["whole"]]:
        at, far = split["target"], drift.get(split["name"])
        cells = [f"{at[part]:,.2f}" if at else "–" for part in shown.values()]
        cells += [f"{far['statistic']:.3f} ({far['critical']:.3f})" if far else ""] if shown else []
        table.add_row(split["name"], f"{split['items']:,}", f"{split['families']:,}", *cells)
    return table


def _dataset_lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    families, target = document["families"], document["target"]
    largest = families["largest"][0]["items"] if families["largest"] else 1
    hits = sorted((rule for rule in document["rules"] if rule["hits"]), key=lambda rule: -rule["hits"])
    count, singletons = families["count"], families["singletons"]
    lines = [("Families", f"{count:,}, {singletons:,} of them of one item; the largest has {largest:,}")]
    if not target["is_label"]:
        lines += _sparks("Price" if target["unit"] == "usd" else "Target", document["target_bins"])
    lines += [*_sparks("Tokens", document["token_bins"]), ("Categories", _groups_line(document["categories"]))]
    lines += [("Labels", _groups_line(document["labels"]))] if document["labels"] else []
    return [*lines, ("Taken out", " · ".join(f"{rule['name']} {rule['hits']:,}" for rule in hits) or "nothing")]


def _sparks(label: str, bins: dict[str, Any]) -> list[tuple[str, str]]:
    """A bar for each bin before and after, drawn against the side's own fullest."""
    names = [*(f"{edge:,g}" for edge in bins["edges"]), f"{bins['edges'][-1]:,g} and more"]
    filled = [place for place, pair in enumerate(zip(bins["before"], bins["after"], strict=True)) if any(pair)] or [0]
    lines = []
    for side in ("before", "after"):
        counts = bins[side][filled[0] : filled[-1] + 1]
        bars = "".join(" ▁▂▃▄▅▆▇█"[-(-8 * count // max(1, *counts))] for count in counts)
        line = f"{side:6} {names[filled[0]]:>6} {bars} {names[filled[-1] + 1]}"
        lines.append((label if side == "before" else "", line))
    return lines


def _groups_line(groups: dict[str, Any]) -> str:
    rows = [(row["name"], sum(row["items"])) for row in groups["rows"]]
    said = [f"{'(not stated)' if name is None else _datum(name).plain} {items:,}" for name, items in rows[:8]]
    more = len(rows[8:]) + groups["more"]
    return " · ".join(said) + (f" · {more:,} more" if more else "")

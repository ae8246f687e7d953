"""What `assay evaluate`, `compare` and `price` show on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricer.products.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from pricer.request import Estimate


def estimate_line(estimate: Estimate) -> str:
    """What a run will ask for and cost, in one line."""
    tokens = f"{estimate.calls:,} calls, about {_count(estimate.input_tokens)} tokens in and {_count(estimate.output_tokens)} out"
    if estimate.usd is None:
        return f"Estimate  {tokens}: {estimate.price}"
    cap = "" if estimate.cap_usd is None else f"   cap ${estimate.cap_usd}"
    return f"Estimate  {tokens}: ${estimate.usd:.4f} (one attempt each: at most ${estimate.at_most_usd:.4f}; {estimate.price}){cap}"


def show_evaluation(console: Console, told: dict[str, Any], ended: str) -> None:
    """The scores of one run: headline, failures, cost, where it lies and what to do next."""
    from rich.table import Table

    unit = told["unit"]
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column()
    rows.add_row(
        "Predictor", _text(_who(told)) + (f"  on {_text(told['data']['name'])}, {told['data']['split']} split")
    )
    if told["data"]["synthetic"]:
        rows.add_row(
            "", f"SYNTHETIC SAMPLE: no figure says anything about real {'products' if unit == 'usd' else 'data'}"
        )
    rows.add_row("Answered", _answered(told))
    if "accuracy" in told:
        _label_rows(rows, told)
    else:
        _number_rows(rows, told, unit)
    if told.get("chosen"):
        rows.add_row("Chosen", _text("; ".join(f"{name} {value}" for name, value in _flat(told["chosen"]))))
    if told.get("retrieval"):
        rows.add_row("Retrieval", _text(_retrieval(told["retrieval"], unit)))
    if told["data"]["near_copies"] and not told["data"]["copies_dropped"]:
        rows.add_row(
            "Mind",
            f"{told['data']['near_copies']:,} training rows nearly copy a held-out row: --drop-copies keeps them out",
        )
    if told.get("probe"):
        rows.add_row("Probe", _text(told["probe"]["says"]))
    if told.get("left_out"):
        rows.add_row("Left out", f"the provider refused {', '.join(told['left_out'])}, so the model was asked without")
    rows.add_row("Cost", _cost(told))
    rows.add_row("Time", _time(told, ended))
    rows.add_row("Run", _text(told["run"]))
    console.print(rows)


def _retrieval(told: dict[str, Any], unit: str | None) -> str:
    """How many neighbours each item got, what the guard took out of them, and what that changed."""
    dropped = (
        f"{told['family_neighbours_dropped']:,} neighbours of {told['items_affected']:,} items' own families dropped"
    )
    said = f"{told['k']} nearest of {told['known']:,} by {told['encoder']}; {dropped}"
    change = told.get("error_added_by_dropping")
    if change is None:
        return said
    low, high = told["error_added_by_dropping_ci95"]
    sign = "$" if unit == "usd" else ""
    return f"{said}, which adds {sign}{change:.2f} [{low:.2f}, {high:.2f}] to the error"


def show_price(console: Console, told: dict[str, Any]) -> None:
    """One price, or why there is none."""
    from rich.markup import escape

    if told["failure"]:
        console.print(f"no price: {escape(printable(told['failure']))}")
    else:
        console.print(
            f"${told['price_usd']:,.2f}   {escape(_who(told))}   cost {'unknown' if told['cost_usd'] is None else '$' + told['cost_usd']}"
        )
    for hit in told.get("similar", ()):
        known = "no price" if hit["price"] is None else f"${hit['price']:,.2f}"
        console.print(_text(f"  shown  {known}  {hit['title'][:60]}  {hit['source']}"))


def show_comparison(console: Console, told: dict[str, Any]) -> None:
    """Runs on their common items, best first, with the verdict."""
    from rich.table import Table

    label = told["is_label"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (
        "run",
        "accuracy" if label else f"MAE{_unit(told['unit'])}",
        "less the first's",
        "group",
        "failed",
        "cost/1k",
    ):
        table.add_column(name, justify="left" if name in ("run", "group") else "right", overflow="fold")
    for row in told["rows"]:
        table.add_row(
            _text(row["run"]), _loss(row, label), _difference(row, label), _text(row["group"]),
            str(row["failures"]), _per_thousand(row["cost_per_1k_usd"]),
        )  # fmt: skip
    console.print(table)
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column()
    left_out = f"; {told['left_out']:,} left out" if told["left_out"] else ""
    rows.add_row("Items", f"{told['n']:,} that all runs answered{left_out}")
    for place, sentence in enumerate(told["verdict"]):
        rows.add_row("" if place else "Verdict", _text(sentence))
    for claim in told["claims"]:
        rows.add_row("Claimed", f"{_text(claim['says'])}: {'holds' if claim['holds'] else 'does NOT hold'}")
    console.print(rows)


def _who(told: dict[str, Any]) -> str:
    return f"{told['predictor']} {told.get('called', told['model'])}" if told.get("model") else str(told["predictor"])


def _answered(told: dict[str, Any]) -> str:
    parts = [f"{told['answered']:,} of {told['n']:,}"]
    if told["failures"]:
        why = ", ".join(f"{count} {_text(reason)}" for reason, count in told["failures_by_reason"].items())
        parts.append(f"{told['failures']:,} failed ({why}), counted apart")
    if not told["complete"]:
        parts.append("the run is not complete")
    return "; ".join(parts)


def _number_rows(rows: Any, told: dict[str, Any], unit: str | None) -> None:
    if told["mae"] is None:
        rows.add_row("MAE", "no readable answer")
        return
    clipped = told.get("clipped") or {}
    shown = _money(clipped.get("mae"), unit)
    also = "" if shown in ("–", _money(told["mae"], unit)) else f"   within the valid range {shown}"
    rows.add_row("MAE", f"[bold]{_money(told['mae'], unit)}[/] {_interval(told['mae_ci95'], unit)}{also}")
    rows.add_row("Median", f"{_money(told['median_ae'], unit)} {_interval(told['median_ae_ci95'], unit)}")
    rows.add_row("Bias", f"{_money(told['bias'], unit)} {_interval(told['bias_ci95'], unit)}")
    more = [
        f"RMSLE {_plain(told['rmsle'])}",
        f"R² {_plain(told['r2'])}",
        f"within 20 %: {_percent(told['within_20_percent'])}",
    ]
    rows.add_row("Also", " · ".join(more))


def _label_rows(rows: Any, told: dict[str, Any]) -> None:
    rows.add_row(
        "Accuracy",
        f"[bold]{_percent(told['accuracy'])}[/] {_shares(told['accuracy_ci95'])}   always the commonest: {_percent(told['majority_share'])}",
    )
    rows.add_row("Macro-F1", f"{_plain(told['macro_f1'])} {_interval(told['macro_f1_ci95'], None)}")
    width = max(len(label) for label in told["labels"])
    for label, counts in zip(told["labels"], told["confusion"], strict=True):
        rows.add_row(
            "Confusion" if label == told["labels"][0] else "",
            _text(f"{label:{width}} " + " ".join(f"{count:5}" for count in counts)),
        )
    rows.add_row("", "rows are truths, columns guesses in the same order, the last column failures")


def _flat(chosen: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, f"{value:.2f}" if isinstance(value, float) else str(value)) for name, value in chosen.items()]


def _cost(told: dict[str, Any]) -> str:
    if told["cost_usd"] is None:
        return "unpriced: nobody knows what these answers cost"
    tokens = told["tokens"]
    used = f"   {_count(tokens['input_tokens'])} tokens in, {_count(tokens['output_tokens'])} out" if tokens else ""
    vain = (
        f"   {told['maybe_billed_in_vain']} attempts may have been billed in vain"
        if told["maybe_billed_in_vain"]
        else ""
    )
    return f"${told['cost_usd']}{used}{vain}"


def _time(told: dict[str, Any], ended: str) -> str:
    if ended == "replayed":
        return "scored again from what was saved, nothing was asked; --fresh begins anew"
    parts = [] if told["wall_s"] is None else [f"{told['wall_s']:.1f} s"]
    if told["fit_s"] is not None:
        parts.append(f"{told['fit_s']:.1f} s of it training, once")
    if told["latency_p50_s"] is not None and told["tokens"]:
        parts.append(
            f"an answer takes {told['latency_p50_s']:.2f} s (median), {told['latency_p95_s']:.2f} s (19 in 20)"
        )
    return ", ".join(parts)


def _difference(row: dict[str, Any], label: bool) -> str:
    """The figure of the column before less that of the first run, on the same items: points of accuracy, or the unit of the error."""
    if row["difference"] is None:
        return ""
    scale = -100 if label else 1  # a wrong label is a loss of 1, so more loss is less accuracy
    ends = sorted(end * scale for end in row["difference_ci95"] or ())
    interval = f" \\[{_signed(ends[0])}, {_signed(ends[1])}]" if ends else ""
    return _signed(row["difference"] * scale) + interval + (" points" if label else "")


def _loss(row: dict[str, Any], label: bool) -> str:
    """The figure on the common items, so that the column and its differences agree."""
    loss = row["loss_on_common_items"]
    return _figure(1 - loss if label else loss, label)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _figure(value: float | None, label: bool) -> str:
    return "–" if value is None else _percent(value) if label else f"{value:,.2f}"


def _per_thousand(usd: str | None) -> str:
    return "unknown" if usd is None else f"${usd}"


def _unit(unit: str | None) -> str:
    return " $" if unit == "usd" else ""


def _money(value: float | None, unit: str | None) -> str:
    if value is None:
        return "–"
    return f"{'−' if value < 0 else ''}{'$' if unit == 'usd' else ''}{abs(value):,.2f}"


def _interval(ends: list[float] | None, unit: str | None) -> str:
    return "" if not ends else f"\\[{_money(ends[0], unit)}, {_money(ends[1], unit)}]"


def _shares(ends: list[float] | None) -> str:
    return "" if not ends else f"\\[{_percent(ends[0])}, {_percent(ends[1])}]"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}".replace("%", " %")


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _count(tokens: int) -> str:
    return (
        f"{tokens / 1e6:.1f}M"
        if tokens >= 1_000_000
        else f"{tokens / 1000:.0f}k"
        if tokens >= 10_000
        else f"{tokens:,}"
    )


def _text(said: str) -> str:
    from rich.markup import escape

    return escape(printable(said))

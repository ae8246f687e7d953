"""Budgets and price caps in dollars; amounts in other currencies are named, converted for information, and asked about."""

from __future__ import annotations

import re
from decimal import Decimal

from agent.planner.numbers import NUMBER, number
from agent.planner.text import Reading
from catalog import curated

_DOLLARS = rf"(?:(?:(?:us)?\$|usd)\s?(?P<a>{NUMBER})|(?P<c>{NUMBER})\s?cents?|(?P<b>{NUMBER})\s?(?:dollars?|usd|bucks|ドル|米ドル))"
_PERIODS: dict[str, int | Decimal] = {"day": 30, "night": 30, "week": Decimal(30) / 7, "month": 1, "mo": 1, "year": Decimal(1) / 12, "yr": Decimal(1) / 12,
            "日": 30, "週": Decimal(30) / 7, "月": 1, "年": Decimal(1) / 12}  # fmt: skip
_FOREIGN = re.compile(
    rf"(?:(?P<sign>[€£¥])\s?(?P<a>{NUMBER})|(?P<b>{NUMBER})\s?(?P<word>円|yen|jpy|ユーロ|euros?|eur|ポンド|pounds?|gbp))"
    r"(?:\s?(?:a|per|/)\s?(?:day|week|month|mo|year)|以内|以下|まで)?"
)
_CURRENCY = {"€": "EUR", "ユーロ": "EUR", "eur": "EUR", "euro": "EUR", "£": "GBP", "ポンド": "GBP", "pound": "GBP", "gbp": "GBP",
             "¥": "JPY", "円": "JPY", "yen": "JPY", "jpy": "JPY"}  # fmt: skip
_REVENUE = r"make|revenue|turnover|earn|arr\b|sales|年商|売上|売り上げ|収益"
_PER_TOKENS = r"per (?:1 ?)?(?:m\b|million|1m)|/ ?(?:1 ?)?m(?:tok|illion)?\b|100万トークン|mtok|1m tokens"


def money(reading: Reading) -> None:
    """Read revenue, prices per million tokens and the monthly budget."""
    per_tokens = re.search(_PER_TOKENS, reading.text)
    for found in re.finditer(_DOLLARS, reading.text):
        cents = found["c"] is not None
        amount = Decimal(str(number(found["a"] or found["b"] or found["c"]))) / (100 if cents else 1)
        clause = reading.around(found.start())
        near = reading.text[max(0, found.start() - 18) : found.end() + 18]
        if re.search(_REVENUE, clause) and not re.search(r"budget|予算", clause):
            reading.take("annual_revenue_usd", _plain(amount * _revenue_factor(near)), found)
        elif per_tokens and (way := _way(reading, found)):
            reading.take(f"max_{way}_usd_per_mtok", _plain(amount), found)
        elif per_tokens and re.match(r"\s?(?:/|per|for)[^.,;]{0,6}(?:million|m\b|mtok)", reading.text[found.end() :]):
            reading.take("max_input_usd_per_mtok", _plain(amount), found)
            reading.take("max_output_usd_per_mtok", _plain(amount), found)
        else:
            reading.take("max_monthly_usd", _plain((amount * _factor(reading, found)).quantize(Decimal("0.01"))), found)
    for found in _FOREIGN.finditer(reading.text):
        reading.ignored.append(_foreign(found))
        reading.mark(found)


def _way(reading: Reading, found: re.Match[str]) -> str | None:
    """Whether a price per token is for input or output: the nearest of the words before it, else after it."""
    after_million = r"\s?(?:/|per|for(?: each)?)\s?(?:1\s?)?(?:m|million|mtok)?\b\s?(?:tokens?\s?)?(?:of |for )?(in(?:put)?|out(?:put)?|prompt|completion)\b"
    if stated := re.match(after_million, reading.text[found.end() :]):
        return "input" if stated.group(1) in ("in", "input", "prompt") else "output"
    before = list(re.finditer(r"input|output|prompt|completion|入力|出力", reading.text[: found.start()]))
    after = re.search(r"input|output|入力|出力", reading.text[found.end() : found.end() + 25])
    word = before[-1].group() if before and found.start() - before[-1].end() < 30 else after.group() if after else None
    return None if word is None else "input" if word in ("input", "prompt", "入力") else "output"


def _factor(reading: Reading, found: re.Match[str]) -> Decimal:
    """What turns the stated amount into one a month: `/day`, `yearly budget`, `年`; a bare amount is a month's."""
    after = reading.text[found.end() : found.end() + 16]
    before = reading.text[max(0, found.start() - 28) : found.start()]
    if period := re.match(r"\s?(?:max |or less )?(?:a|per|each|every|/)\s?(day|night|week|month|mo|year|yr)", after):
        return Decimal(_PERIODS[period.group(1)])
    if period := re.match(r"\s?(daily|weekly|monthly|yearly|annually)", after) or re.search(
        r"(daily|weekly|monthly|yearly|annual(?:ly)?)", before
    ):
        word = {"daily": "day", "annual": "year", "annually": "year"}.get(
            period.group(1), period.group(1).removesuffix("ly")
        )
        return Decimal(_PERIODS[word])
    if period := re.search(r"(?:毎|1|一)?(日|週|月|年)(?:間|額|あたり|に|の予算|ごと|[^。、]{0,3}$)", before):
        return Decimal(_PERIODS[period.group(1)])
    return Decimal(1)


def _revenue_factor(near: str) -> int:
    return 12 if re.search(r"a month|per month|monthly revenue|月商|/month", near) else 1


def _foreign(found: re.Match[str]) -> str:
    """The amount as written, with its worth in dollars at the dated rate of the table, where there is one."""
    word = (found["sign"] or found["word"]).removesuffix("s")
    code = _CURRENCY.get(word, "")
    rate = next((row for row in curated.rows("exchange_rates") if row["currency"] == code), None)
    if rate is None:
        return f"{found.group()}: say it in US dollars"
    dollars = Decimal(str(number(found["a"] or found["b"]))) * Decimal(rate["usd_per_unit"])
    return f"{found.group()}: say it in US dollars (about ${dollars:,.0f} at the rate of {rate['as_of']})"


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")

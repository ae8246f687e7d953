"""Sizes and dates: parameters, memory of one's own cards, knowledge cutoff, release, users, ratings."""

from __future__ import annotations

import re

from agent.planner.numbers import COUNT, NUMBER, number
from agent.planner.text import Reading
from catalog.dates import span

# Cards sold in one usual size of memory, in GB.
CARDS = {
    "a100": 80, "rtx 4090": 24, "4090": 24, "rtx 3090": 24, "3090": 24, "rtx 5090": 32, "5090": 32, "h100": 80, "h200": 141, "l4": 24, "l40s": 48,
    "l40": 48, "a10g": 24, "a10": 24, "t4": 16, "b200": 180, "mi300x": 192, "rtx 4080": 16, "rtx 4070": 12, "rtx 3060": 12,
    "rtx a6000": 48, "a6000": 48, "rtx 6000 ada": 48,
}  # fmt: skip
MONTHS = {name: i for i, names in enumerate(
    (("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"), ("july", "jul"),
     ("august", "aug"), ("september", "sept", "sep"), ("october", "oct"), ("november", "nov"), ("december", "dec")), 1)
    for name in names}  # fmt: skip
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
DATE = re.compile(
    rf"(?P<quarter>[qh][1-4]),? ?(?P<yq>20\d\d)|(?P<yh>20\d\d)年(?P<half>[上下])半期|(?P<now>this year|今年)|(?P<month>{_MONTH})\.?,? (?P<y1>20\d\d)|(?P<y2>20\d\d)[-/](?P<m2>\d{{1,2}})(?:[-/](?P<d2>\d{{1,2}}))?(?!\d)"
    rf"|(?P<y3>20\d\d)年(?:(?P<m3>\d{{1,2}})月(?:(?P<d3>\d{{1,2}})日)?)?|(?<![\d$.,-])(?P<y4>20[12]\d)(?![\d年])(?!\s?(?:tokens?|requests?|words|in\b|out\b|件|トークン|文字|/|-\d))"
)
_KNOWLEDGE = r"know\w*|cut-?off|events?|training data|data (?:through|up to|until)|trained (?:up )?(?:to|until)|aware|知識|カットオフ|学習データ|出来事|知って"
_RELEASE = r"releas\w*|came out|come out|launch\w*|published|newer than|out since|since|リリース|公開され|発表され|出た|登場|発売|出ている|以降のモデル|以降に出"


def sizes(reading: Reading) -> None:
    """Read parameters, memory, dates, users and ratings."""
    _memory(reading)
    _parameters(reading)
    _dates(reading)
    _users(reading)
    _rating(reading)


# --- memory


def _memory(reading: Reading) -> None:
    gb = r"(?P<gb>\d+(?:\.\d+)?)\s?g[bi]b?"
    count = rf"(?<![a-z0-9])(?P<count>{COUNT})"
    for pattern in (
        rf"{count}\s?(?:x|×|\*)?\s?(?:nvidia )?(?:{_cards()})[\s-]*{gb}",
        rf"{count}\s?(?:x|×|\*|枚の)\s?{gb}",
        rf"{gb}\s?(?:の?(?:gpu|vram|カード|メモリ))?\s?(?:\([^)]*\))?\s?(?:x|×|\*|を|が)?\s?(?P<count>\d+)\s?(?:枚|台|基|gpus?|cards?)",
        rf"{gb}\s?(?:x|×)\s?(?P<count>\d+)",
        rf"{count} {gb}(?: of)?[\s-](?:[a-z0-9]+ )?(?:gpus?|cards?|vram)",
        rf"(?:{_cards()})[\s-]*{gb}",
        gb,
    ):
        if found := re.search(pattern, reading.text):
            groups = found.groupdict()
            times = number(groups["count"]) if groups.get("count") else 1
            _own(reading, float(groups["gb"]) * (times or 1), found)
            return
    if found := re.search(
        rf"(?:(?P<count>{COUNT})\s?(?:x|×|\*)?\s?(?:nvidia )?)?(?P<card>{_cards()})s?(?!\d)(?:\s?(?:x|×|を|が)?\s?(?P<after>\d+)\s?(?:枚|台|基|gpus?|cards?)?)?",
        reading.text,
    ):
        times = number(found["count"]) if found["count"] else float(found["after"] or 1)
        _own(reading, CARDS[found["card"]] * times, found)


def _own(reading: Reading, gigabytes: float, found: re.Match[str]) -> None:
    reading.take("memory_gb", gigabytes, found)
    reading.take("own_hardware", True)


def _cards() -> str:
    return "|".join(re.escape(card) for card in sorted(CARDS, key=len, reverse=True))


# --- parameters


def _parameters(reading: Reading) -> None:
    size = r"(?P<n>\d+(?:\.\d+)?)\s?(?:b(?![a-z])|billion(?= param|-param))(?:[- ]param\w*)?"
    between = r"(?<![a-z0-9.-])(?:between |from )?(?P<low>\d+(?:\.\d+)?)\s?b?\s?(?:and|up to|to|-|~|〜|から|以上)\s?(?P<high>\d+(?:\.\d+)?)\s?b(?![a-z])"
    if found := re.search(between, reading.text):
        reading.take("min_parameters_b", float(found["low"]), found)
        reading.take("max_parameters_b", float(found["high"]), found)
    most = rf"(?:under|below|(?<!not )(?<!no )less than|at most|up to|(?:no|not) (?:more|larger|bigger) than|(?<!not )(?<!no )smaller than|max(?:imum)?|<=?|≤)\s?{size}|{size}(?: or (?:less|smaller|under|fewer)| at most| max|以下|未満|まで)(?!でも)"
    least = rf"(?<!no )(?<!not )(?:over|(?:not|no) (?:smaller|less) than|above|more than|at least|larger than|bigger than|minimum|>=?|≥)\s?(?:of )?{size}|{size}(?: or (?:more|larger|bigger)|以上|超|\+)(?!でも)"
    for field, pattern in (("max_parameters_b", most), ("min_parameters_b", least)):
        if (found := re.search(pattern.replace("(?P<n>", "(?P<m>", 1), reading.text)) and not _money_before(
            reading, found
        ):
            reading.take(field, float(found["m"] or found["n"]), found)


def _money_before(reading: Reading, found: re.Match[str]) -> bool:
    return "$" in found.group() or reading.text[found.end() : found.end() + 8].lstrip().startswith(
        ("revenue", "users", "tokens")
    )


# --- dates


def _dates(reading: Reading) -> None:
    for found in DATE.finditer(reading.text):
        day = _day(found, reading.year)
        if day is None:
            continue
        start, end = reading.clause(found.start())
        before, after = reading.text[start : found.start()], reading.text[found.end() : end]
        field = _field(before, after)
        if field:
            reading.take(field, day, found)


def _field(before: str, after: str) -> str | None:
    """Which date it is: the nearest cue, looking back first in English and ahead first in Japanese."""
    know = [m.end() for m in re.finditer(_KNOWLEDGE, before)]
    out = [m.end() for m in re.finditer(_RELEASE, before)]
    if know or out:
        near = before[-30:]
        if know and (not out or max(know) >= max(out) or re.search(_KNOWLEDGE, before)):
            return "knowledge_cutoff_from"
        return "released_from" if out and re.search(rf"(?:{_RELEASE})|after|from|newer", near) else None
    if re.search(_KNOWLEDGE, after):
        return "knowledge_cutoff_from"
    return (
        "released_from"
        if re.search(_RELEASE, after) or re.search(r"(?:since|after|from|newer than)\s?$", before)
        else None
    )


def _day(found: re.Match[str], year: int) -> str | None:
    """The day a date means, ISO; None for a day that no calendar has."""
    if found["now"]:
        return f"{year}-01-01"
    if found["half"]:
        return f"{found['yh']}-{1 if found['half'] == '上' else 7:02}-01"
    if found["quarter"]:
        months = {"q": 3, "h": 6}[found["quarter"][0]]
        return f"{found['yq']}-{1 + months * (int(found['quarter'][1]) - 1):02}-01"
    named = found["y1"] or found["y2"] or found["y3"] or found["y4"]
    month = MONTHS[found["month"]] if found["month"] else int(found["m2"] or found["m3"] or 1)
    day = int(found["d2"] or found["d3"] or 1)
    written = f"{named}-{month:02}-{day:02}"
    return written if span(written) else None


# --- users and ratings


def _users(reading: Reading) -> None:
    patterns = (
        rf"(?P<n>{NUMBER})\s?(?:monthly|active|registered|daily|end)?\s?(?:active )?(?:users|players|members|subscribers|maus?\b|customers use|people use|users? a month)",
        rf"(?:月間アクティブ|アクティブ)?(?:ユーザー|利用者|会員|mau)(?:数)?(?:は|が|:)?\s?(?:月間|約)?(?P<n>{NUMBER})(?:人|名)?",
        rf"(?P<n>{NUMBER})(?:人|名)の?(?:ユーザー|利用者|会員|mau)",
        rf"(?:users|maus?)(?: of|:| is| are)? (?P<n>{NUMBER})",
    )
    for pattern in patterns:
        for found in re.finditer(pattern, reading.text):
            if number(found["n"]) >= 10_000:
                reading.take("monthly_active_users", round(number(found["n"])), found)


def _rating(reading: Reading) -> None:
    named = r"arena|elo|rating|lmarena|leaderboard|レーティング|アリーナ|スコア"
    found = re.search(
        rf"(?:{named})[^.。]{{0,30}}?(?P<n>1[0-9]{{3}})(?!\d)|(?P<m>1[0-9]{{3}})(?!\d)[^.。]{{0,20}}(?:{named})",
        reading.text,
    )
    if found:
        reading.take("min_rating", float(found["n"] or found["m"]), found)

"""Volumes and lengths: how many requests a month, how many tokens each, from pages, words, characters and rates."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.planner.numbers import COUNT, NUMBER, number
from agent.planner.text import Reading

# How many of each period a month of 30 days holds; working days are 22, a week is 7 days.
PER_MONTH = {
    "second": 30 * 86400, "s": 30 * 86400, "h": 720, "sec": 30 * 86400, "minute": 30 * 1440, "min": 30 * 1440, "hour": 720, "hr": 720, "day": 30, "night": 30,
    "morning": 30, "week": 30 / 7, "month": 1, "mo": 1, "quarter": 1 / 3, "year": 1 / 12, "yr": 1 / 12, "秒": 30 * 86400, "分": 30 * 1440,
    "時間": 720, "日": 30, "晩": 30, "夜": 30, "週": 30 / 7, "週間": 30 / 7, "月": 1, "か月": 1, "ヶ月": 1, "ヵ月": 1, "年": 1 / 12,
}  # fmt: skip
WORKING_DAYS = 22
_PERIOD = r"second|sec|s|minute|min|hour|hr|h|day|night|morning|week|month|mo|quarter|year|yr"
_WORKING = r"(?:working|business|work|week)[\s-]?day|weekday"
# Tokens a unit of text holds.
TOKENS = {"token": 1.0, "tok": 1.0, "word": 1.3, "page": 650.0, "page_ja": 1000.0, "character": 1.0, "char": 1.0}
_UNIT_JA = {
    "トークン": 1.0,
    "文字": 1.0,
    "字": 1.0,
    "ページ": 1000.0,
    "頁": 1000.0,
    "単語": 1.3,
    "ワード": 1.3,
    "語": 1.3,
}
_UNITS = r"tokens?|toks?|words?|pages?|pagers?|characters?|chars?|トークン|文字|ページ|頁|単語|ワード|字|語"
LENGTH = re.compile(
    rf"(?P<low>{COUNT})(?:\s?(?:-|to|~|〜|から|and|or)\s?(?P<high>{NUMBER}))?[\s-]?(?P<unit>{_UNITS})(?![a-z])"
)
SHORT_OUT = re.compile(rf"(?P<n>{NUMBER})\s?(?:tokens? )?(?P<way>in|out|input|output)(?![a-z])")
COUNTED_JA = r"(?:件|回|リクエスト|通|本|枚|冊|コール|会話|チャット|問|ドキュメント|文書|呼び出し|メール|レコード|記事|チケット|呼出)"
PEOPLE = r"students?|pupils?|dev(?:eloper)?s?|engineers?|lawyers?|operators?|reps?|learners?|players?|patients?|subscribers?|users?|customers?|employees?|people|agents?|staff|teachers?|clients?|members?|doctors?|nurses?|人|名"

# Things that a model writes: `200 blurbs a day, 60 words each`.
_WRITTEN = re.compile(r"replies|answers|blurbs|captions|summaries|responses|posts")
# `毎月1億リクエスト…は言い過ぎで、120万リクエストくらい`: the second figure stands.
_CORRECTION = re.compile(
    rf"^[^。]{{0,6}}(?:は言い過ぎ|じゃなくて|ではなくて?|というか|いや|[,.…-]* ?(?:no wait|no|well|or rather|actually|sorry|make that),?)[^。]{{0,12}}?(?P<n>{NUMBER})(?!\s?%)"
)


@dataclass(frozen=True)
class Role:
    """A part of the workload and the words beside a length that point to it."""

    field: str
    before: re.Pattern[str]
    after: re.Pattern[str]


def _role(field: str, before: str, after: str) -> Role:
    return Role(field, re.compile(before), re.compile(after))


_NEVER = r"(?!)"
# Tried in order; the first whose words stand beside the length wins.
ROLES = (
    _role("workload.system_tokens", r"system (?:prompt|message|instructions?)|システムプロンプト|instructions", r"^\s?(?:of |-)?(?:system|instructions?)"),
    _role("workload.history_tokens", r"history|previous (?:turns|messages)|履歴|会話ログ", r"^\s?(?:of )?(?:chat |conversation )?(?:history|previous (?:turns|messages))|^\s?の?(?:会話)?履歴"),
    _role("workload.example_tokens", r"(?:examples?|few-?shots?|shots)(?: of| with| at)?[^.]{0,12}$|例[がをは]?[^。]{0,8}$", _NEVER),
    _role("workload.reasoning_tokens", r"think(?:s|ing)?|reason(?:s|ing)? (?:for|of|about)?|思考|推論に", r"^\s?(?:of )?(?:thinking|reasoning)|^\s?の?(?:思考|推論)"),
    _role("min_output_tokens", r"(?:emit|produce|generate|output|write)[^.]{0,25}(?:at least|up to)[^.]{0,6}$|max(?:imum)? output[^.]{0,10}$|最大出力[^。]{0,6}$|(?:一度に|1回で|一回で)[^。]{0,4}$",
          r"^\s?(?:in|per|at) (?:one|a single|a|once)\s?(?:response|reply|answer|go|shot|call)|^\s?以上(?:を)?(?:一度|1回|一回)|^\s?(?:of )?max output"),
    _role("min_context_tokens", r"context(?: window| length)?(?: of| at least| is)?[^.]{0,14}$|コンテキスト(?:長|ウィンドウ)?[^。]{0,6}$", r"^\s?(?:of )?(?:context|window)|^\s?(?:以上)?の?コンテキスト"),
    _role("workload.output_tokens", r"(?<![a-z])(?:output|out|into|(?<!to )labels?|completions?|answers?|repl(?:y|ies)|responses?|writes?|summar(?:y|ies)|generates?\b|returns?|between|produces?)(?! of)[^.,+]{0,22}$|出力[^。]{0,8}$|返答[^。]{0,6}$|回答[^。]{0,6}$|要約(?:[はを][^。]{0,8})?$|結果[はを][^。]{0,8}$|(?:解説|指摘|ラベル|説明)[はをに]?[^。]{0,4}$|返信[^。]{0,6}$",
          r"^\s?(?:of |for )?(?:the |red )?(?:[a-z]+ (?=out|notes))?(?:long )?(?:out(?:put)?|completions?|briefs?|notes|flags|blurbs?|captions?|feedback|drafts?|answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|back)|^\s?(?:程度|くらい|ぐらい|以内)?(?:の|で)(?:要約|回答|返答|返信|サマリー|出力)|^\s?を?(?:出力|生成)|^\s?で(?:返|答え)"),
)  # fmt: skip


def workload(reading: Reading) -> None:
    """Read volumes and lengths into `workload.*`, and context or output limits stated as lengths."""
    _named(reading)
    _in_and_out(reading)
    _context_sizes(reading)
    _chunks(reading)
    _lengths(reading)
    _flags(reading)
    _volume(reading)


# --- lengths


def _in_and_out(reading: Reading) -> None:
    """`2,000 in / 300 out`, `input 800 tokens`, `入力300文字`, `150 words each in and out`."""
    pair = rf"(?P<a>{NUMBER})\s?(?:tokens?\s?)?(?:in|input)(?: tokens?)?\s?(?:,|/|and|\+|;|->)?\s?(?P<b>{NUMBER})\s?(?:tokens?\s?)?(?:out|output)(?![a-z])"
    if stated := re.search(pair, reading.text):
        reading.take("workload.input_tokens", round(number(stated["a"])), stated)
        reading.take("workload.output_tokens", round(number(stated["b"])), stated)
    both = re.search(
        rf"(?P<n>{NUMBER})\s?(?P<unit>{_UNITS})?\s?(?:each )?(?:in and out|both ways|each way)", reading.text
    )
    if both:
        value = _tokens(both["n"], both["unit"] or "token", reading)
        reading.take("workload.input_tokens", value, both)
        reading.take("workload.output_tokens", value, both)
    for found in SHORT_OUT.finditer(reading.text):
        if not reading.text[: found.start()].rstrip().endswith(("$", "per")):
            way = "input" if found["way"].startswith("in") else "output"
            if way == "output" or not re.match(r"\s(?:one|a single|total|the|our|\d)", reading.text[found.end() :]):
                reading.take(f"workload.{way}_tokens", round(number(found["n"])), found)
    labelled = rf"(?<![a-z])(?<!最大)(?P<way>inputs?|outputs?|(?<!system )(?<!of the )prompts?|completions?|in(?=:)|out(?=:)|入力|出力)(?: tokens?)?(?:は|が|:| of| is| are| about| ~|約)?\s?(?:平均|約|about |~)?(?P<n>{NUMBER})\s?(?P<unit>{_UNITS})?(?![\d.$ドル円%b件回通万億千]|\s?(?:トークン)?(?:あたり|当たり)|\s?(?:ドル|円|以上|gb|リクエスト)|[^.]{{0,12}}in (?:one|a single) (?:go|resp|shot))"
    for found in re.finditer(labelled, reading.text):
        if found["unit"] or found["way"] not in ("inputs", "outputs", "prompts"):
            way = "input" if found["way"].startswith(("in", "入", "prompt")) else "output"
            reading.take(f"workload.{way}_tokens", _tokens(found["n"], found["unit"] or "token", reading), found)
    bare = rf"(?<![a-z])(?:writes?|answers with|outputs|generates|returns|replies with) (?:about |around |~)?(?P<n>{NUMBER})(?=[.,;]|$)"
    if written := re.search(bare, reading.text):
        reading.take("workload.output_tokens", round(number(written["n"])), written)


def _named(reading: Reading) -> None:
    """`8k thinking tokens`, `1,200 prompt tokens`, and `system prompt 500` without a unit."""
    parts = {"thinking": "reasoning", "reasoning": "reasoning", "prompt": "input", "input": "input", "output": "output",
             "completion": "output", "history": "history", "system": "system"}  # fmt: skip
    for found in re.finditer(rf"(?P<n>{NUMBER})\s(?P<part>{'|'.join(parts)})(?: prompt)? tokens?", reading.text):
        if not reading.text[: found.start()].rstrip().endswith("per"):
            reading.take(f"workload.{parts[found['part']]}_tokens", round(number(found["n"])), found)
    bare = rf"(?:system prompt|システムプロンプト)(?: is| of|:|は|が)? (?:about |約)?(?P<n>{NUMBER})(?=[.;、。]|,(?!\d)|\sand|$)"
    if system := re.search(bare, reading.text):
        reading.take("workload.system_tokens", round(number(system["n"])), system)


def _context_sizes(reading: Reading) -> None:
    """`128k context`, `context window of at least 1M`, `コンテキストは128k以上`: a size with no unit."""
    patterns = (
        rf"(?P<n>{NUMBER})[\s-]?(?:tokens? )?(?:of )?(?:(?:context|ctx)(?: window| length)?|window)",
        rf"(?:context|ctx)(?: window| length| size)?(?: of| must be| should be| is|:)?(?: at least| over| above| more than| of| no less than| ≥| >=?)*\s?(?P<n>{NUMBER})(?: tokens?)?(?!\s?(?:pages|words))",
        rf"コンテキスト(?:長|ウィンドウ|サイズ)?(?:は|が|で)?(?:最低|少なくとも)?\s?(?P<n>{NUMBER})(?:トークン)?",
        rf"(?P<n>{NUMBER})(?:トークン)?(?:以上)?の?(?:長い)?コンテキスト",
    )
    for pattern in patterns:
        for found in re.finditer(pattern, reading.text):
            value = round(number(found["n"]))
            if value >= 1000:
                reading.take("min_context_tokens", value, found)


def _chunks(reading: Reading) -> None:
    """`8 chunks of 500 tokens`, `5 examples of 200 tokens`, `例が3つで各150トークン`: count times size."""
    of = rf"(?P<count>{COUNT})\s?(?P<what>[a-z-]*\s?(?:chunks?|passages?|snippets?|results?|examples?|shots?))(?: of| at| with|,| x| ×)?(?: about| around| ~)?\s?(?P<n>{NUMBER})[\s-]?(?P<unit>{_UNITS})"
    ja = rf"(?P<what>例|few-?shot(?:の例)?|チャンク|抜粋|検索結果)[がをは]?\s?(?P<count>{NUMBER})\s?(?:つ|個|件|本)?(?:で|、|,|×|x|\()?\s?(?:各|それぞれ|1つ|1件)?\s?(?P<n>{NUMBER})(?P<unit>{_UNITS})"
    ja_first = rf"(?P<n>{NUMBER})(?P<unit>{_UNITS})の(?P<what>例|チャンク|抜粋)[がをは]?(?P<count>{NUMBER})(?:つ|個|件)"
    for pattern in (of, ja, ja_first):
        for found in re.finditer(pattern, reading.text):
            value = round(number(found["count"]) * _tokens(found["n"], found["unit"], reading))
            example = re.search(r"example|shot|例", found["what"])
            if example:
                reading.take("workload.example_tokens", value, found)
            else:
                reading.values["workload.input_tokens"] = reading.values.get("workload.input_tokens", 0) + value
                reading.mark(found)


def _lengths(reading: Reading) -> None:
    """Every other length, given to the part of the workload that the words beside it name; without any, the input."""
    found = [m for m in LENGTH.finditer(reading.text) if not reading.marked(*m.span())]
    chunked, unnamed = "workload.input_tokens" in reading.values, False
    for match in found:
        start, stop = reading.clause(match.start())
        previous = max((end for _, end in [m.span() for m in found] + reading.spans if end <= match.start()), default=0)
        following = min((m.start() for m in found if m.start() >= match.end()), default=len(reading.text))
        before = reading.text[max(start, previous) : match.start()]
        after = reading.text[match.end() : min(stop, following)]
        value = _tokens(match["high"] or match["low"], match["unit"], reading)
        if re.match(rf"\s?(?:per|a|an|each|every|/)\s?(?:{_PERIOD})(?![a-z])", after):
            reading.ignored.append(f"{match.group()}{after[:9].rstrip()}: say requests a month and tokens per request")
            reading.mark(match)
            continue
        if re.search(r"per\s?$", before) or after.lstrip().startswith(("あたり", "当たり")):
            continue
        if after.lstrip().startswith("each") and _WRITTEN.search(
            reading.text[max(0, match.start() - 40) : match.start()]
        ):
            reading.take("workload.output_tokens", value, match)
            continue
        name = next(
            (r.field for r in ROLES if r.before.search(before) or r.after.search(after)), "workload.input_tokens"
        )
        if name == "workload.input_tokens" and chunked and "+" in reading.text[start:stop]:
            reading.values[name] += value
            reading.mark(match)
        elif name == "workload.input_tokens" and unnamed and not chunked:
            reading.take("workload.output_tokens", value, match)  # of two lengths without a name the second is written
        else:
            unnamed = unnamed or name == "workload.input_tokens"
            reading.take(name, value, match)


def _tokens(amount: str, unit: str, reading: Reading) -> int:
    if unit in _UNIT_JA:
        return round(number(amount) * _UNIT_JA[unit])
    stem = "page" if unit.startswith("page") else unit.rstrip("s")
    return round(number(amount) * TOKENS["page_ja" if stem == "page" and reading.japanese else stem])


def _flags(reading: Reading) -> None:
    """Batch, the cached share of the prompt, the share of traffic in peak hours."""
    if found := re.search(
        r"batch(?:es|ing|ed)?(?! size)|over ?night|no hurry|not urgent|夜間バッチ|バッチ(?!サイズ)|夜間(?:に|の|処理)|翌朝|急がない|急ぎではない",
        reading.text,
    ):
        reading.take("workload.batch", True, found)
    share = r"(?P<n>\d+(?:\.\d+)?)\s?(?P<unit>%|percent|割)"
    cached = rf"{share}[^.。]{{0,40}}(?:same|identical|cache|repeat|shared|static|unchanged|共通|キャッシュ|同じ|固定)|(?:cache|キャッシュ|共通部分)[^.。]{{0,25}}?{share.replace('?P<n>', '?P<m>').replace('?P<unit>', '?P<unit2>')}"
    peak = rf"{share}[^.。、,]{{0,30}}(?:peak|ピーク|busy hours)|(?:peak|ピーク|busy hours)[^.。、,%\d]{{0,20}}{share.replace('?P<n>', '?P<m>').replace('?P<unit>', '?P<unit2>')}"
    for name, pattern in (("cached_share", cached), ("peak_share", peak)):
        if found := re.search(pattern, reading.text):
            amount, unit = (found["n"], found["unit"]) if found["n"] else (found["m"], found["unit2"])
            reading.take(f"workload.{name}", _share(amount, unit), found)


def _share(amount: str, unit: str) -> float:
    """The share as a fraction; more than all of it is read as all of it."""
    return min(1.0, round(float(amount) / (10 if unit == "割" else 100), 4))


# --- volume


def _volume(reading: Reading) -> None:
    """Requests a month, from the last rate stated (a corrected figure follows the one it corrects)."""
    rates = [*_rates_en(reading), *_rates_ja(reading), *_rhythm(reading)]
    if not rates:
        return
    found, monthly = rates[-1]
    if corrected := _CORRECTION.match(reading.text[found.end() :]):
        monthly *= number(corrected["n"]) / number(found["n"])
    if found.groupdict().get("period") == "day" and re.search(
        r"(?:working|business|week) ?days? only|平日のみ|営業日のみ", reading.text
    ):
        monthly *= WORKING_DAYS / PER_MONTH["day"]
    times = _people(reading, found) * _calls_each(reading)
    reading.take("workload.requests_per_month", round(monthly * times), found)


def _rates_en(reading: Reading) -> list[tuple[re.Match[str], float]]:
    pattern = re.compile(
        rf"(?P<n>{COUNT})(?P<noun>(?:[\s-](?!a |an |per |each |every |in |out |words?|pages?|tokens?|char\w+|usd|dollars?)[a-z'/-]+){{0,4}}?)"
        rf"(?: of [\d,]+ (?:pages|words|tokens))?\s?(?:each )?(?:per|a|an|each|every|/)\s?(?P<work>{_WORKING})?(?P<period>(?<=day)|{_PERIOD})(?![a-z])"
        rf"|(?P<n4>{COUNT})\s?(?P<rps>rps|qps|tps)(?![a-z])"
        rf"|(?P<n2>{COUNT})(?!\s(?:million|billion|thousand))(?P<noun2>(?:\s(?!bucks|dollars|usd)[a-z-]+){{1,3}}?)\s(?P<adverb>daily|nightly|weekly|monthly|yearly|annually|hourly)(?! (?:active )?(?:users|maus?)\b)"
        rf"|(?P<adverb2>daily|nightly|weekly|monthly|hourly|yearly|annual)(?: volume| job| batch| run)?(?: of| is| over| on|:)?\s(?:about |around )?(?P<n3>{COUNT})\s(?!dollars|usd)[a-z]+"
    )
    rates = []
    for found in pattern.finditer(reading.text):
        amount = found["n"] or found["n2"] or found["n3"] or found["n4"]
        if re.search(r"rate limit[^.]{0,30}$|limits? of [^.]{0,10}$", reading.text[: found.start()]):
            continue
        if _is_money(reading.text, found.start()) or (found["noun"] or "").strip().startswith(
            ("gb", "$", "usd", "dollar")
        ):
            continue
        if found["rps"]:
            times = PER_MONTH["s"]
        elif found["adverb"] or found["adverb2"]:
            word = {"daily": "day", "nightly": "night", "annually": "year", "annual": "year"}.get(
                found["adverb"] or found["adverb2"]
            )
            times = PER_MONTH[word or (found["adverb"] or found["adverb2"]).removesuffix("ly")]
        else:
            times = WORKING_DAYS if found["work"] else PER_MONTH[found["period"]]
        if number(amount) > 1 or found["noun"]:
            rates.append((found, number(amount) * times))
    return rates


def _rates_ja(reading: Reading) -> list[tuple[re.Match[str], float]]:
    approx = r"(?:約|およそ|だいたい|平均|大体|最大)?"
    first = re.compile(
        rf"(?:(?P<work>1?営業日(?:ごとに|あたり|に)?|平日(?:は|に|毎日)?(?:1日)?(?:あたり)?)|(?:毎|1|一)?(?P<period>日|週間|週|月|年|時間|分|秒|晩|夜)(?:間|あたり|当たり|ごと|に|で|は|の)*)"
        rf"\s?{approx}(?P<n>{NUMBER})\s?{COUNTED_JA}"
    )
    last = re.compile(
        rf"(?P<n>{NUMBER})\s?{COUNTED_JA}(?:くらい|ほど|程度)?\s?(?:/|毎|per)\s?(?P<work>営業日)?(?P<period>日|週|月|年|時間|分|秒)?"
    )
    rates = []
    for pattern in (first, last):
        for found in pattern.finditer(reading.text):
            if found["work"] or found["period"]:
                times = WORKING_DAYS if found["work"] else PER_MONTH[found["period"]]
                rates.append((found, number(found["n"]) * times))
    return sorted(rates, key=lambda rate: rate[0].start())


def _rhythm(reading: Reading) -> list[tuple[re.Match[str], float]]:
    """`one request every two seconds`, `15秒に1回`."""
    english = rf"(?P<n>{COUNT}) (?:request|call|message|query|prompt|image|document)s? every (?P<gap>{COUNT}) (?P<period>second|minute|hour)s?"
    japanese = rf"(?P<gap>{NUMBER})(?P<period>秒|分|時間)に(?P<n>{NUMBER})(?:回|件|リクエスト)"
    found = [match for pattern in (english, japanese) for match in re.finditer(pattern, reading.text)]
    return [(m, number(m["n"]) / number(m["gap"]) * PER_MONTH[m["period"]]) for m in found]


def _calls_each(reading: Reading) -> float:
    """How many requests each counted thing makes: `each chat makes 6 requests`, `10 requests per conversation`, `1件につき4リクエスト`."""
    calls = r"(?:requests?|calls|api calls|messages?|prompts?|turns)"
    things = r"(?:chat|conversation|ticket|document|session|user|case|call|email|item|order|file)"
    patterns = (
        rf"(?:each|every|one|a) {things}[a-z ]{{0,20}}? (?P<n>{COUNT}) {calls}",
        rf"(?P<n>{COUNT}) {calls} (?:per|for each|for every|a|each|/) ?{things}(?! (?:day|month))",
        rf"1?(?:件|会話|チャット|回|通|セッション)(?:につき|あたり|ごとに|当たり)\s?(?P<n>{NUMBER})\s?(?:リクエスト|回の?呼び出し|コール)",
    )
    for pattern in patterns:
        if found := re.search(pattern, reading.text):
            reading.mark(found)
            return number(found["n"])
    return 1


def _people(reading: Reading, rate: re.Match[str]) -> float:
    """How many people send that rate, where it is stated as each one's."""
    if product := re.search(rf"(?P<n>{NUMBER})\s(?:{PEOPLE})\s?[x×*]\s?$", reading.text[: rate.start()]):
        return number(product["n"])
    each = re.search(
        r"each|per (?:student|user|person|agent|employee|customer)|apiece|1人|一人|1名|ずつ|それぞれ", reading.text
    )
    if not each or rate.group().startswith(("1人", "一人")):
        return 1
    people = re.search(rf"(?P<n>{NUMBER})(?:\s[a-z-]+){{0,2}}?\s?(?:{PEOPLE})", reading.text)
    nearby = each and abs(each.start() - rate.start()) < 40
    if people and nearby and people.start() != rate.start() and number(people["n"]) > 1:
        reading.mark(people)
        return number(people["n"])
    return 1


def _is_money(text: str, at: int) -> bool:
    return text[max(0, at - 2) : at].rstrip().endswith(("$", "€", "£", "¥", "usd"))

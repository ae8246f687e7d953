"""Names: makers and providers wanted or refused, countries and regions, models asked about."""

from __future__ import annotations

import re

from agent.planner.text import Reading

MAKERS = {
    "openai": r"openai|gpt(?![\d.-]|-oss)(?= ?(?:系|models?|family))", "anthropic": r"anthropic|claude(?![\d.-])(?= ?(?:系|models?|family|only|or\b|and\b|のモデル|だけ|のみ))", "google": r"google(?! (?:cloud|vertex))|グーグル|gemini(?![\d.-])(?= ?(?:系|models?|family|only|or\b|and\b|か|だけ|のみ))", "meta": r"llama(?![\d.-])(?= ?(?:系|models?|family|only|or\b|and\b|だけ|のみ|は|以外))|meta(?:'s)?(?![a-z-])|メタ社", "mistral": r"mistral(?! ?-?(?:small|medium|large|nemo|7b))",
    "deepseek": r"deepseek(?!-)", "alibaba": r"alibaba|qwen(?![\d.-])|アリババ", "zhipuai": r"zhipu\w*|glm(?![\d.-])|z\.ai", "moonshotai": r"moonshot\w*|kimi(?![\d.-])",
    "minimax": r"minimax(?!-)", "xai": r"x\.?ai(?![a-z])|grok(?![\d.-])", "cohere": r"cohere", "nvidia": r"nvidia(?! (?:rtx|h\d|a\d|gpu|l4))|nemotron(?![\d.-])", "microsoft": r"microsoft(?! azure)|マイクロソフト",
    "amazon": r"amazon nova|amazon(?! (?:bedrock|web|review))|アマゾン", "ibm": r"ibm",
}  # fmt: skip
PROVIDERS = {
    "amazon-bedrock": r"(?:aws |amazon )?bedrock|aws", "azure": r"(?:microsoft )?azure(?: openai)?", "google-vertex": r"(?:google )?vertex(?: ai)?|google cloud|gcp", "groq": r"groq",
    "togetherai": r"together(?:\.?ai| ai)?(?! with| in| the)", "openrouter": r"open ?router", "fireworks-ai": r"fireworks(?:\.?ai)?", "deepinfra": r"deep ?infra",
}  # fmt: skip
REGIONS = {"eu": r"frankfurt|dublin|paris|amsterdam|stockholm|(?<![a-z])eu(?![a-z])|europe(?:an union)?|eea|欧州|ヨーロッパ", "us": r"virginia|oregon|ohio|the us(?:a)?(?![a-z])|\bus (?:servers?|region|data|hosting|soil|hosted)|united states|u\.s\.|米国|アメリカ",
           "jp": r"tokyo|osaka|japan(?!ese)|日本(?:国内|に限|または|か|のみ|リージョン|のリージョン|に置|のデータセンター)|国内(?:リージョン|のデータセンター|サーバ|に)|東京リージョン", "cn": r"china|中国(?!製|語|企業|の(?:モデル|会社|企業)|系|産)", "in": r"india", "uk": r"london|the uk|united kingdom|英国"}  # fmt: skip
COUNTRIES = {"cn": r"chinese|china|中国", "us": r"american|us-made|アメリカ製|米国製", "ru": r"russian?"}
_HOSTED = r"host\w*|served|serving|stay\w*|region|resid\w*|process\w*|stor(?:e|ed|age)|located|data[- ]?cent|servers?|remain|kept|leave|リージョン|置|保管|保存|データセンター|国内|サーバ|処理"
_NOT = r"(?:\bnothing\b|\bnone\b|\bnot?\b|\bnor\b|never|n't|except\w*|exclud\w*|without|other than|besides|avoid\w*|anything but|ban(?:ned)?|\bno\b|nothing from)"
_NOT_JA = r"以外|除く|除い|除外|使えない|使えません|不可|(?<![a-z])ng(?![a-z])|禁止|だめ|ダメ|なし|使わない|避け|抜き|じゃない|ではない|でない|は困る|いや|嫌"
_ONLY = (
    r"\bonly\b|stick (?:to|with)|just|exclusively|restricted to|limited to|must be|has to be|だけ|のみ|に限|限定|しか"
)
# A model's name: a family word and a version, as gpt-4o, claude-sonnet-4-5, llama 3.1 8b, qwen3-32b.
MODEL = re.compile(
    r"(?<![a-z0-9/])((?:[a-z-]+/)?(?:gpt|chatgpt|claude|gemini|gemma|llama|mistral|mixtral|ministral|codestral|devstral|magistral|qwen|qwq|deepseek|glm|kimi|minimax|"
    r"grok|command|nova|phi|granite|jamba|sonar|nemotron|mercury|mimo|step|solar|exaone|hunyuan|ernie|o[134])"
    r"(?:[-.: ]?(?:[a-z]*\d[\w.]*|opus|sonnet|haiku|fable|mythos|instant|pro|mini|nano|flash|lite|large|medium|small|turbo|max|plus|oss|coder|codex|chat|instruct|sol|luna|terra|astra)|-[ravmk](?![a-z]))*)",
    re.ASCII,
)  # fmt: skip


def names(reading: Reading) -> None:
    """Read names, those of models first so that `gpt-4o` is no wish for a maker."""
    _models(reading)
    _listed(reading, PROVIDERS, "providers_allow", "providers_deny", needs_only=False)
    _listed(reading, MAKERS, "makers_allow", "makers_deny", needs_only=True)
    _countries(reading)
    _regions(reading)


def _models(reading: Reading) -> None:
    for found in MODEL.finditer(reading.text):
        name = found.group(1).strip(" .-:")
        if re.search(r"\d", name):
            reading.add("ask_about", name, found)


def _listed(reading: Reading, table: dict[str, str], allow: str, deny: str, *, needs_only: bool) -> None:
    """Names refused, or wanted. A maker is wanted only where the question says `only` or `from`; a provider wherever named."""
    for group in _enumerations(reading, table):
        first, last = group[0][1], group[-1][1]
        start, end = reading.clause(first.start())[0], reading.clause(last.end())[1]
        before, after = reading.text[start : first.start()], reading.text[last.end() : end]
        refused = _refused(before, after)
        if re.match(
            r" ?(?:if possible|preferably|ideally|would be nice|maybe)|(?:だと嬉しい|が望ましい|があれば)", after
        ):
            continue
        if not refused and needs_only and not (re.search(_ONLY, before + after) or _chosen(before, after)):
            continue
        for slug, found in group:
            reading.add(deny if refused else allow, slug, found)


def _enumerations(reading: Reading, table: dict[str, str]) -> list[list[tuple[str, re.Match[str]]]]:
    """The names of `table` in order, those joined by commas or conjunctions together."""
    found = sorted(
        (
            (slug, match)
            for slug, pattern in table.items()
            for match in re.finditer(rf"(?<![a-z0-9-])(?:{pattern})(?![a-z0-9-])", reading.text)
            if not reading.marked(*match.span())
        ),
        key=lambda item: item[1].start(),
    )
    groups: list[list[tuple[str, re.Match[str]]]] = []
    for item in found:
        between = reading.text[groups[-1][-1][1].end() : item[1].start()] if groups else "."
        if (
            re.fullmatch(
                r"\s?(?:models?|製|系)?\s?(?:,|、|・|/|&|or|and|nor|か|と|や|または|もしくは)?\s?(?:or|and|nor)?\s?",
                between,
            )
            and between.strip()
        ):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _refused(before: str, after: str) -> bool:
    """Whether a negation governs the names: before them in English, after them in Japanese, within the clause."""
    if negation := re.search(rf"{_NOT}(?P<between>.*)$", before):
        broken = re.search(r"\bonly\b|\bon\b|\bfrom\b(?=.*\bonly)|\bbut\b", negation["between"])
        if not broken and not re.search(r"not only", before):
            return True
    if re.match(
        r"[^.,]{0,20}(?:is|are)? ?(?:both |all )?(?:not allowed|forbidden|banned|excluded|off[- ]limits|ruled out|\bout\b|off the table|a no\b|no-?go)",
        after,
    ):
        return True
    return re.match(rf"[^。、a-z]{{0,12}}(?:{_NOT_JA})", after) is not None


def _chosen(before: str, after: str) -> bool:
    """`from X or Y`, `X製の`, `XかYで`, `X・Yのどれか`, `X系に絞って`."""
    if re.search(
        r"(?:models?|llms?|something|anything|one)[a-z ]{0,12} (?:from|by)\s$|(?:choose|pick|decide) (?:between|from|among) $",
        before,
    ):
        return True
    pattern = r"(?:製|社製|系)?(?:のモデル)?(?:で(?!す|は|も)|だけ|のみ|に限|限定|の(?:オープン|どれか|いずれか|どちらか|中)|に絞)|製の|製で|から選"
    return re.match(pattern, after) is not None


def _countries(reading: Reading) -> None:
    for country, word in COUNTRIES.items():
        pattern = (
            rf"(?:no|not|non|without|avoid|except|exclud\w+|nothing|never|anything but|other than)[\s-](?:\w+ ){{0,3}}?(?:{word})(?: (?:models?|makers?|compan\w+|labs?|vendors?|ones?|llms?|made))?(?![a-z])"
            rf"|n[o']t (?:be )?(?:made|built|developed|come) (?:in|from) (?:{word})(?![a-z])"
            rf"|(?:{word})[- ](?:made |built )?(?:made[- ])?(?:models?|makers?|vendors?|llms?|labs?|developers?|companies)[^.,]{{0,20}}(?:not|out|excluded|banned|n't|forbidden)"
            rf"|(?:{word})(?:製|企業|系|産|の(?:モデル|会社|企業)|メーカー)[^。、]{{0,8}}(?:{_NOT_JA})"
        )
        listed = rf"(?:no|not|never|nothing|without)[a-z ]{{0,20}} from [a-z, ]{{0,40}}(?:{word})(?![a-z])"
        if found := re.search(pattern, reading.text) or re.search(listed, reading.text):
            if _is_place(reading, found, word):
                continue
            reading.add("maker_countries_deny", country, found)


def _is_place(reading: Reading, found: re.Match[str], word: str) -> bool:
    """Whether the country is where something is hosted, not where it is made: `hosted in the US, not in China`."""
    if re.search(r"chinese|中国(?:製|企業|系)|made|built|developed", found.group()):
        return False
    placed = re.search(rf"\bin (?:{word})", found.group()) and re.search(_HOSTED, reading.text)
    return (
        placed is not None
        or re.search(_HOSTED, found.group()) is not None
        or re.search(r"hosted|stored|located|processed", reading.around(found.start())) is not None
    )


def _regions(reading: Reading) -> None:
    for region, pattern in REGIONS.items():
        for found in re.finditer(pattern, reading.text):
            clause = reading.around(found.start())
            if any(a <= found.start() and b >= found.end() for a, b in reading.spans) or not re.search(
                _HOSTED, clause if not re.search(r"in $", reading.text[: found.start()]) else reading.text
            ):
                continue
            start, end = reading.clause(found.start())
            before, after = reading.text[start : found.start()], reading.text[found.end() : end]
            refused = re.search(rf"{_NOT}[^,]*$", before) and not re.search(r"leave|outside", before)
            negated = refused or re.match(
                rf"[^。、]{{0,14}}(?:置かれない|置かない|{_NOT_JA}|以外|には?(?:置|保存)[^。]*ない)", after
            )
            reading.add("regions_deny" if negated else "regions_allow", region, found)

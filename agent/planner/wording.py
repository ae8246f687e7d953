"""Requirements that are a matter of wording: a table of patterns, each with what it sets and what takes it back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agent.planner.text import Reading

# Words that turn a wish into no wish: `doesn't need to be open source`, `オープンでなくてもよい`.
NOT_NEEDED = re.compile(
    r"is(?:n't| not) (?:required|needed|necessary)|なくても構|(?:does ?n[o']t|do ?n[o']t|need ?n[o']t|no) (?:really )?(?:need|have|matter|care|require|mind|want)|not (?:required|necessary|needed|important)|"
    r"optional|nice to have|either way|以上でも可|でも可|でもよい|でもいい|でも構わ|なくてもよい|なくてもいい|不要|必要ない|必要はない|必須ではない|いらない|問わない|こだわらない"
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """When `pattern` is found and the words around it do not take it back, `field` becomes `value`."""

    field: str
    value: Any
    pattern: re.Pattern[str]
    always: bool = False


def _rule(field: str, value: Any, pattern: str, *, always: bool = False) -> Rule:
    return Rule(field, value, re.compile(pattern), always)


RULES = (
    # licence and openness
    _rule("derivatives", True, r"(?:fine-?tun\w*|modif\w*|train)[^.。]{0,60}(?:releas|ship|publish|distribut|share|open[- ]?sourc|sell|put|upload|push)\w*[^.。]{0,25}(?:weights?|model|checkpoint|result)|(?:ファインチューニング|微調整|改変|改造|学習)[^。]{0,25}(?:公開|配布|再配布|販売|頒布)(?!は?(?:しない|しません|せず|の予定はな))|(?:fine-?tuned|tuned|modified) (?:weights|model)[^.。]{0,20}(?:ship|releas|publish|distribut)|derivativ"),
    _rule("fine_tunable", True, r"fine-?tun\w*|ファインチューニング|微調整|追加学習|チューニング(?:し|でき|可)"),
    _rule("open_weights", True, r"open[- ]?(?:weights?|source|model)|weights? (?:i|we) can download|download(?:able)? (?:the )?weights?|weights? (?:need|must|have|should)[^.,]{0,10} open|self-?host|オープン(?:ソース|ウェイト|モデル|な(?:モデル|重み))|重みが公開|自前でホスト|セルフホスト|公開モデル"),
    _rule("open_weights", False, r"closed[- ](?:source|weights?|model)s? only|only (?:closed|proprietary)|proprietary (?:api )?only"),
    _rule("own_hardware", True, r"(?:nothing|no data|data|texts?|documents?|it)[^.]{0,25}(?:may|can(?:not|'t)?|must(?: not|n't)?|should(?: not|n't)?|never|not)[^.]{0,12}leave|on-?prem\w*|air-?gap\w*|(?:in|inside|within) our (?:own )?(?:vpc|network|private cloud|premises)|(?<![a-z])offline|(?:run|host|works?)[^.]{0,18}(?:lo[ck]al+y|offline|in-?house)|our own (?:gpus?|servers?|hardware|machines?|data ?cent(?:er|re))|my (?:own )?(?:gpu|laptop|macbook|pc|machine|desktop|workstation|server)|社外に[^。]{0,12}(?:出せ|出さ|出し|持ち出)|オンプレ|ローカル(?:で|環境|llm|に|実行)|社内(?:サーバ|ネットワーク|環境|で動)|閉域|自社(?:の)?(?:gpu|サーバ|環境|データセンター)|手元の|外部に(?:送|出)"),
    _rule("commercial_use", True, r"commercial\w*|(?:in|into|inside) (?:our|my|a|the) (?:\w+ )?(?:products?|service|app\b|saas)|(?:we|i|our company)[^.,]{0,14} (?:sell|charg)\w*|resell\w*|(?:our|a) paid [a-z]{3,12}|charge (?:for|our|users|customers)|(?:its|their|our|a) paid [a-z ]{0,12}(?:product|app|service|plan)|to (?:our )?paying|商用|自社(?:の)?(?:サービス|製品|プロダクト|アプリ)に|製品に(?:組み込|使)|サービスに組み込|有料(?:サービス|プラン|アプリ)|を販売|販売(?:する|し)"),
    # abilities
    _rule("tool_calling", True, r"(?:tools?|functions?)[- ]?(?:call\w*|use|usage)|call(?:ing)? (?:tools|functions)|ツール(?:呼び出し|コール|利用|使用|を呼)|関数(?:呼び出し|コール)|function ?calling|エージェント(?:用|として|に使)"),
    _rule("structured_output", True, r"json(?: ?schema| ?output| ?mode)?|structured (?:\w+ )?(?:outputs?|json|data|response)|schema-?(?:constrained|valid)|構造化(?:出力|データ)|json(?:出力|形式|で)|スキーマ"),
    _rule("reasoning", False, r"non-?(?:thinking|reasoning)|no[nt]? (?:a )?(?:reasoning|thinking)|(?:thinking|reasoning) (?:switched |turned )?off|(?:推論|思考)(?:は|を)オフ|without (?:reasoning|thinking)|(?:don't|doesn't|not) (?:want[^.]{0,14})?(?:reason|think)(?:ing)?(?! (?:it|that|so|we|this))|(?:thinking|reasoning)(?:なし|無し|不要|オフ)|推論(?:しない|なし|不要|機能なし|モデル(?:以外|ではない|じゃない))|非推論|思考(?:しない|なし)", always=True),
    _rule("reasoning", True, r"(?:has to|must|should|can|that) thinks? before|thinking (?:switched |turned )?on\b|let it (?:think|reason)|reasoning(?: model| ability| mode)?s?|thinking (?:model|mode)|chain[- ]of[- ]thought|推論(?:モデル|型|機能|能力)|思考(?:モデル|型|モード)|リーズニング|じっくり考え"),
    # unknowns
    _rule("keep_unknown", True, r"(?:keep|don't (?:throw|drop|exclude|reject|rule)|include|even if|also show)[^.]{0,60}(?:unknown|missing|incomplete|not known|unclear|undocumented|gaps|blanks|holes)|(?:unknown|missing|incomplete|unclear)[^.]{0,30}(?:keep|leave|stay|in the list)|(?:不明|未公表|未記載|わからない|分からない|情報が(?:ない|欠け))[^。]{0,25}(?:残し|含め|除外しない|候補|入れ|落とさない)"),
    # quantisation
    _rule("quantization_bits", 4, r"(?<!\d)4[- ]?bits?|int4|q4|4ビット|nf4|awq|gptq"),
    _rule("quantization_bits", 8, r"(?<!\d)8[- ]?bits?|int8|fp8|q8|8ビット"),
    _rule("quantization_bits", 16, r"(?<!\d)16[- ]?bits?|fp16|bf16|half precision|unquanti[sz]ed|full precision|16ビット|量子化(?:なし|しない|せず)"),
)  # fmt: skip

LICENSES = (
    ("apache-2.0", r"apache(?:[- ]?2(?:\.0)?)?(?: licen[sc]e[d]?)?"), ("mit", r"(?<![a-z])mit(?! )(?![a-z])|(?<![a-z])mit(?= licen| or| only| and|ライセンス)"),
    ("bsd-3-clause", r"(?<![a-z])bsd(?![a-z])"),
)  # fmt: skip

MODALITIES = (
    ("image", r"vision|visual|images?|pictures?|photos?|screenshots?|scann?(?:s|ed)|jpe?gs?|pngs?|receipts?|charts?|diagrams?|画像|写真|スクリーンショット|スクショ|図面|図表|スキャン|レシート|領収書"),
    ("pdf", r"pdfs?"),
    ("audio", r"audio|voice|speech|recordings?|podcasts?|音声|録音|ボイス|通話"),
    ("video", r"videos?|footage|clips?\b|動画|映像|ビデオ"),
)  # fmt: skip
_OUT = r"generat\w*|creat\w*|produc(?:e|es|ing)|draw\w*|output\w*|makes?|out\b|speak\w*|生成|作成|描|出力|読み上げ"

BOARDS = (
    ("webdev", r"front-?end|web ?(?:page|site|dev|app|ui)|landing page|html|css|react\b|フロントエンド|ウェブ(?:サイト|ページ|開発)|web(?:サイト|ページ|開発|アプリ)|ホームページ"),
    ("coding", r"cod(?:e|ing)\b|programm\w*|software (?:dev|engineer)\w*|pull requests?|refactor\w*|debug\w*|python|typescript|javascript|rust\b|java\b|unit tests?|sql\b|コーディング|プログラ(?:ミング|ム)|コード(?:生成|レビュー|補完|を)|ソースコード|開発支援|バグ"),
    ("math", r"math\w*|algebra|calculus|geometry|theorem|数学|算数|計算問題|証明問題"),
    ("legal", r"legal|law(?:yer|s|\b)|contracts?|clauses?|compliance documents|court|patents?|ndas?|契約|法務|法律|判例|弁護士|特許|規約"),
    ("medicine", r"medic\w*|clinic\w*|hospital|patients?|health ?care|doctors?|diagnos\w*|pharma\w*|radiology|医療|医学|病院|診療|患者|カルテ|看護|薬"),
    ("creative_writing", r"creative|novels?|fiction|stor(?:y|ies)\b|poem\w*|poetry|screenplays?|lyrics|小説|物語|創作|脚本|詩\b|シナリオ|作詞"),
    ("business", r"business(?! (?:hours?|days?))|financ\w*|bank\w*|accounting|invest\w*|earnings|stock|sales reports?|金融|財務|会計|経営|投資|決算|ビジネス文書"),
    ("science", r"scientific|science|physics|chemistry|biology|research papers?|科学|物理|化学|生物学|論文"),
    ("french", r"french|フランス語"), ("german", r"german(?!y)|ドイツ語"), ("spanish", r"spanish|スペイン語"),
    ("korean", r"korean|韓国語"), ("russian", r"russian|ロシア語"),
    ("chinese", r"(?:into|in|from|simplified|traditional|write|fluent|speaks?|natural) (?:fluent |natural |good )?chinese|chinese (?:text|language|summar|translat|output|customer)\w*|中国語"),
    ("japanese", r"japanese|日本語"),
    ("document", r"pdfs?|documents? (?:understanding|parsing|q&a|qa)|文書(?:理解|解析)|帳票|マニュアルを読"),
    ("vision", r"image|picture|photo|screenshot|scan|receipt|jpe?g|chart|ocr|画像|写真|スクリーンショット|スクショ|レシート|領収書|図面"),
    ("expert", r"expert-?level|phd-?level|専門家レベル"),
    ("multi_turn", r"multi-?turn|long conversations?|マルチターン|長い会話"),
    ("instruction_following", r"instruction[- ]following|follow(?:s|ing)? instructions|指示(?:に忠実|追従|に従)"),
    ("hard_prompts", r"hard prompts|難しい(?:質問|プロンプト)"),
)  # fmt: skip
DOMAINS = ("webdev", "coding", "math", "legal", "medicine", "creative_writing", "business", "science")
LANGUAGES = ("french", "german", "spanish", "korean", "russian", "chinese", "japanese")

NO_OBJECT = (
    r"(?:money|price|cost|budget)s?(?: is| are)?(?: really)?(?: no(?:t an?)?|n't (?:an?|really an?)) (?:object|issue|problem|concern)|"
    r"(?:whatever|regardless of) (?:it costs|the (?:price|cost))|(?:値段|価格|費用|コスト|予算)(?:は|を)?(?:気にしな|問わな|度外視|いくらでも)"
)
EMPHASIS = (
    ("cost", r"fraction of the (?:price|cost)|cheap\w*|low(?:est)?[- ]cost|inexpensive|affordable|budget-?friendly|as little as possible|save money|cost[- ]effective|less expensive|low(?:er|est)? (?:price|cost)s?|costs? the least|price[^.]{0,12}important|not much money|lowest price|least expensive|安(?:い|く|さ|価)|最安|低コスト|コスト(?:重視|を抑|パフォーマンス|最優先|優先)|コスパ|格安|節約|安上がり"),
    ("speed", r"fast\w*|quick\w*|low[- ]latency|latency|real-?time|speed\w*|instant(?:ly|aneous)?|snappy|responsive|throughput(?! of)|速(?:い|く|さ|度)|早い応答|リアルタイム|低遅延|低レイテンシ|レイテンシ|高速|即時|サクサク|待たせ"),
    ("quality", r"best(?! effort| practice)|most (?:accurate|capable|intelligent|powerful)|accura(?:te|cy)|high(?:est)?[- ](?:quality|accuracy)|quality|smartest|state[- ]of[- ]the[- ]art|sota|top[- ]notch|strongest|高精度|精度|品質|最高(?:の|性能)|一番(?:良い|いい|賢い|優秀|頭)|一番賢|性能(?:が|の)(?:最も)?高|最も(?:賢|優秀|正確|高性能)|高性能|賢い|性能重視|正確"),
    ("recency", r"newest|latest(?! version of)|most recent(?!ly)|up[- ]to[- ]date model|brand[- ]new|cutting[- ]edge|as new as|more recent the better|newer the better|最新|新し(?:い|め|く)|なるべく新"),
    ("context", r"long(?:est|er)? (?:the )?context|long(?:er)?[- ]context|(?:big|large|huge|bigg|larg)\w* context|context (?:as (?:long|large|big)|length matters)|longer the context|as much context as|long documents well|長い?(?:コンテキスト|文脈|文書が得意)|ロングコンテキスト|長文(?:に強|が得意|対応|を得意)|コンテキスト(?:が|は)?(?:長|大き|広)"),
)  # fmt: skip


def wording(reading: Reading) -> None:
    """Apply the tables: flags, modalities, board, emphasis."""
    for rule in RULES:
        for found in rule.pattern.finditer(reading.text):
            if rule.always or not _taken_back(reading, found):
                if rule.field == "fine_tunable" and reading.values.get("derivatives"):
                    break
                reading.take(rule.field, rule.value, found)
            reading.mark(found)
    for tag, pattern in LICENSES:
        if named := re.search(pattern, reading.text):
            reading.add("licenses_allow", tag, named)
    _modalities(reading)
    _board(reading)
    for name, pattern in EMPHASIS:
        for found in re.finditer(pattern, reading.text):
            reading.mark(found)
            if not _belittled(reading, found):
                reading.emphasis.add(name)
    if found_free := re.search(NO_OBJECT, reading.text):
        reading.emphasis.discard("cost")
        reading.unimportant.add("cost")
        reading.mark(found_free)


def _taken_back(reading: Reading, found: re.Match[str]) -> bool:
    clause = reading.around(found.start())
    if re.match(r"[a-z -]{0,8} or (?:not|closed|proprietary)|かどうか", reading.text[found.end() :]):
        return True
    denied = re.search(
        r"(?:^|\s)(?:not|without|no)\s(?:\w+\s)?$", reading.text[max(0, found.start() - 12) : found.start()]
    )
    return NOT_NEEDED.search(clause) is not None or denied is not None


def _belittled(reading: Reading, found: re.Match[str]) -> bool:
    """`speed is not important`, `money isn't a problem`, `速度は問わない`."""
    start, end = found.start(), found.end()
    near = reading.text[max(0, start - 18) : end + 24]
    if re.match(r"\s?(?:の?良さ)?より|\s?よりも", reading.text[end:]) or re.search(
        r"(?:over|rather than|more than) (?:the )?$", near[: start - max(0, start - 18)]
    ):
        return True
    return re.search(
        r"n[o']t (?:really )?(?:an? )?(?:important|issue|problem|matter|priority|concern|critical)|does ?n[o']t matter|don't care|no rush|don't need|"
        r"問わない|重要ではない|気にしない|不要|でなくて(?:も)?(?:いい|よい)|なくて(?:も)?(?:いい|よい|構)", near
    ) is not None  # fmt: skip


def _modalities(reading: Reading) -> None:
    for name, pattern in MODALITIES:
        for found in re.finditer(rf"(?<![a-z])(?:{pattern})(?![a-z])", reading.text):
            if _taken_back(reading, found):
                reading.mark(found)
                continue
            before = reading.text[max(0, found.start() - 16) : found.start()]
            after = reading.text[found.end() : found.end() + 14]
            if name != "pdf" and (
                re.search(rf"(?:{_OUT})(?: \w+)?\s?$", before)
                or re.match(
                    r"\s?(?:out\b|output|generation|both ways|で(?:返|応答|答え)|[をもの]?(?:生成|作成|出力|描))", after
                )
            ):
                reading.add("modalities_out", name, found)
            elif (name == "image" and found.group().startswith("scan") and re.search(r"pdf", reading.text)) or (
                name == "audio" and re.match(r"\s?(?:assistant|bot)", after)
            ):
                reading.mark(found)
            else:
                reading.add("modalities_in", name, found)


def _board(reading: Reading) -> None:
    """A foreign language asked for chooses the board; then the domain of the task; then documents and images."""
    hits: dict[str, re.Match[str]] = {}
    for name, pattern in BOARDS:
        boundary = r"(?<![a-z])" if re.match(r"[a-z(\\]", pattern) else ""
        for found in re.finditer(rf"{boundary}(?:{pattern})", reading.text):
            if not _taken_back(reading, found):
                hits.setdefault(name, found)
    own = ("japanese",) if reading.japanese else ()
    foreign = tuple(name for name in LANGUAGES if name not in own)
    last = ("document", "vision", "expert", "multi_turn", "instruction_following", "hard_prompts")
    order = (*foreign, *DOMAINS, *own, *last)
    for name in order:
        if name in hits and _is_task(reading, name):
            reading.take("board", name, hits[name])
            return


def _is_task(reading: Reading, name: str) -> bool:
    """Images and PDFs are the task only when the model must read them; the others always."""
    if name in ("vision", "document"):
        return {"vision": "image", "document": "pdf"}[name] in reading.values.get("modalities_in", ())
    return True

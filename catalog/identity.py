"""Which model a name means: `eu.anthropic.claude-haiku-4-5-20251001-v1:0` and `Claude Haiku 4.5` are one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# A model's own name tells its maker, whoever serves it. The first match wins.
MAKER_BY_NAME = tuple(
    (re.compile(pattern), maker)
    for pattern, maker in (
        (r"^(llama[\d.-]*-|llama-?3[.\d]*-)?nemotron|^llama-[\d.]+-nemotron|^nvidia-", "nvidia"),
        (r"^deepseek-r1-distill|^deepseek|^ds-", "deepseek"),
        (r"^(gpt-oss|gpt|chatgpt|o[134](-|$)|codex|davinci|babbage|computer-use-preview)", "openai"),
        (r"^claude", "anthropic"),
        (r"^(gemini|gemma|codegemma|medgemma|palm|shieldgemma)", "google"),
        (
            r"^(open-)?(mistral|mixtral|ministral|codestral|devstral|magistral|pixtral|voxtral|mathstral|leanstral|labs-)",
            "mistral",
        ),
        (r"^(qwen|qwq|qvq|codeqwen|tongyi)", "alibaba"),
        (r"^(glm|chatglm|autoglm|zai-glm|codegeex)", "zhipuai"),
        (r"^(kimi|moonlight|moonshot)", "moonshotai"),
        (r"^(minimax|abab)", "minimax"),
        (r"^grok", "xai"),
        (r"^(command|c4ai|aya|north-|tiny-aya)", "cohere"),
        (r"^(phi|orca|mai-|fara|wizardlm)", "microsoft"),
        (r"^(nova-|titan|amazon-)", "amazon"),
        (r"^granite", "ibm"),
        (r"^(jamba|j2-)", "ai21"),
        (r"^sonar", "perplexity"),
        (r"^(hunyuan|hy\d)", "tencent"),
        (r"^ernie", "baidu"),
        (r"^(doubao|seed-|bytedance-seed|ui-tars)", "bytedance"),
        (r"^mimo", "xiaomi"),
        (r"^step-?\d", "stepfun"),
        (r"^solar", "upstage"),
        (r"^(exaone|k-exaone)", "lgai"),
        (r"^hyperclova", "naver"),
        (r"^lfm", "liquid"),
        (r"^(olmo|tulu|molmo)", "allenai"),
        (r"^smol", "huggingface"),
        (r"^mercury", "inception"),
        (r"^palmyra", "writer"),
        (r"^reka", "reka"),
        (r"^dbrx", "databricks"),
        (r"^(snowflake-)?arctic", "snowflake"),
        (r"^(trinity|afm|virtuoso|coder-large|maestro)", "arcee"),
        (r"^(hermes|nous)", "nousresearch"),
        (r"^falcon", "tii"),
        (r"^sarvam", "sarvam"),
        (r"^(fugu|namazu|sakana)", "sakana"),
        (r"^laguna", "poolside"),
        (r"^(ling|ring|bailing)-", "inclusionai"),
        (r"^longcat", "meituan"),
        (r"^inkling", "thinkingmachines"),
        (r"^yi-", "01-ai"),
        (r"^internlm|^intern-s", "internlm"),
        (r"^minicpm", "openbmb"),
        (r"^kanana", "kakao"),
        (r"^stablelm", "stabilityai"),
        (r"^apertus", "swiss-ai"),
        (r"^(muse-|meta-llama|llama|code-?llama)", "meta"),
        (r"^cogito", "deepcogito"),
        (r"^ornith", "deepreinforce"),
        (r"^mythomax", "gryphe"),
        (r"^(sensenova|sensechat)", "sensetime"),
        (r"^dracarys|^smaug", "abacus"),
        (r"^beam-", "reflectionai"),
        (r"^swe-\d", "cognition"),
    )
)
# Other spellings of a maker, as organisations and hosts write them.
MAKER_ALIASES = {
    "qwen": "alibaba", "zai": "zhipuai", "zai-org": "zhipuai", "z-ai": "zhipuai", "thudm": "zhipuai", "zhipu": "zhipuai",
    "mistralai": "mistral", "meta-llama": "meta", "facebook": "meta", "meta-models": "meta", "deepseek-ai": "deepseek", "x-ai": "xai",
    "moonshot": "moonshotai", "minimaxai": "minimax", "minimax-ai": "minimax", "cohereforai": "cohere",
    "coherelabs": "cohere", "ibm-granite": "ibm", "ai21labs": "ai21", "bytedance-seed": "bytedance", "stepfun-ai": "stepfun",
    "xiaomimimo": "xiaomi", "lgai-exaone": "lgai", "naver-hyperclovax": "naver", "liquidai": "liquid", "ai2": "allenai",
    "huggingfacetb": "huggingface", "tiiuae": "tii", "arcee-ai": "arcee", "rekaai": "reka", "01ai": "01-ai",
    "gdm": "google", "servicenow-ai": "servicenow", "meituan-longcat": "meituan", "sarvamai": "sarvam",
    "thinking-machines": "thinkingmachines", "nous": "nousresearch", "hugging-face": "huggingface", "ai21-labs": "ai21",
}  # fmt: skip

REGION = r"(us-gov|us|eu|apac|global|jp|au|ca|uk|in|sa|me)\."
BEDROCK = re.compile(rf"^(?:{REGION})?([a-z0-9-]+)\.(?=[a-z])(.+?)(?:-v\d+(?::\d+)?(?::\d+k)?|-\d+:\d+)?$")
# What hosts add about their own serving; it names no other model.
SERVING = re.compile(
    r"([-_:](fp8-fast|fp8|fp4|nvfp4|mxfp4|mxfp8|awq|gptq|int4|int8|4bit|bf16|gguf|tee|free|fast-api|maas|exacto|nitro|"
    r"extended|online|dynamic|lora|cs|original|hf|vllm|eagle3?|w4a16|qat|preview-free))+$"
)
DATE = re.compile(r"[-@]?(20\d{2})-?([01]\d)-?([0-3]\d)$")
# `openai-gpt-4o`, `databricks-meta-llama-3`: a host repeats the maker, or itself, in front of the name.
HOST_PREFIX = re.compile(
    r"^(databricks-|fw-)?(openai-(?=gpt|o\d)|anthropic-(?=claude)|alibaba-(?=qwen)|cohere-(?=command)|arcee-(?=trinity)|"
    r"meta-(?=llama)|google-(?=gem)|mistral-(?=mistral|mixtral)|zai-(?=glm)|deepseek-(?=deepseek)|snowflake-(?=llama))?"
)
PATH_NOISE = ("accounts", "fireworks", "models", "@cf", "hf", "openrouter", "pro", "lora", "togethercomputer")


@dataclass(frozen=True, slots=True)
class Identity:
    """A maker and a slug. `key` is what names that differ only in punctuation share; `undated` is it without a date."""

    maker: str
    slug: str

    @property
    def key(self) -> str:
        """`claude-opus-4.5`, `claude-opus-4-5` and `Claude Opus 4 5` have one key."""
        return f"{self.maker}/{tokens(self.slug)}"

    @property
    def undated(self) -> str:
        """The key without a trailing date."""
        return f"{self.maker}/{tokens(DATE.sub('', self.slug))}"

    @property
    def dated(self) -> bool:
        """Whether the name ends in a calendar date."""
        return DATE.search(self.slug) is not None


@lru_cache(maxsize=50_000)
def tokens(name: str) -> str:
    """Runs of letters and of digits joined by dashes, a size kept whole: `Qwen2.5-VL_7B` -> `qwen-2-5-vl-7b`."""
    return "-".join(re.findall(r"\d+(?:\.\d+)?b(?![a-z\d])|[a-z]+|\d+", name.lower()))


def identify(path: str, seller: str | None = None) -> Identity | None:
    """The maker and slug that a path as some source spells it stands for; None when no maker is recognised.

    `seller` is the lab on whose own platform the row stands: the maker, unless the name tells another.
    """
    parts = [part for part in path.strip().lower().split("/") if part and part not in PATH_NOISE]
    if not parts:
        return None
    hint, slug = seller, parts[-1]
    if found := BEDROCK.match(slug):
        maker = canonical_maker(found.group(2))
        if maker in KNOWN_MAKERS:
            hint, slug = maker, found.group(3)
    if len(parts) > 1:
        hint = canonical_maker(parts[-2])
    slug = _bare(slug)
    named = maker_of(slug)
    if named is None:
        return Identity(hint, slug) if hint in KNOWN_MAKERS else None
    if hint in KNOWN_MAKERS and hint != named and len(parts) > 1 and hint not in _GUEST_HOSTS:
        return Identity(hint, slug)
    return Identity(named, slug)


def canonical_maker(name: str) -> str:
    """The maker's slug for any spelling of it."""
    name = name.lower().replace("_", "-")
    return MAKER_ALIASES.get(name, name)


def maker_of(slug: str) -> str | None:
    """The maker that a model's own name tells."""
    return next((maker for pattern, maker in MAKER_BY_NAME if pattern.match(slug)), None)


def _bare(slug: str) -> str:
    """The slug without what a host adds: quantisation, plans, `:free`, `-maas`, `@date`, `v3p1` for `v3.1`."""
    slug = slug.removeprefix("hf:").removeprefix("system.ai.").replace("@", "-").replace("_", "-").replace(" ", "-")
    slug = HOST_PREFIX.sub("", slug)
    slug = re.sub(r"(?<=\d)p(?=\d)", ".", slug)
    slug = re.sub(r":(thinking|beta|latest)$", r"-\1", slug).replace(":", "-")
    slug = re.sub(r"-v\d+-\d+$", "", slug) if slug.startswith(("claude", "nova", "titan", "llama")) else slug
    slug = re.sub(r"(?<=instruct)-turbo$", "", slug)
    for _ in range(2):
        slug = SERVING.sub("", slug)
    return re.sub(r"^llama-v(?=\d)", "llama-", slug).strip("-")


KNOWN_MAKERS = frozenset(maker for _, maker in MAKER_BY_NAME) | {
    "servicenow",
    "salesforce",
    "apple",
    "rednote",
    "kwaipilot",
}
# Labs that also host or retrain others' models under their own name prefix keep the name's maker.
_GUEST_HOSTS = frozenset(
    {"google", "amazon", "perplexity", "arcee", "alibaba", "mistral", "openai", "cognition", "ibm"}
)

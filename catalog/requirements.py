"""What a user needs from an LLM: hard constraints, weighted wishes and the workload to cost."""

from __future__ import annotations

import datetime as dt
import difflib
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from catalog import curated
from catalog.errors import BadRequirements
from catalog.identity import canonical_maker

Modality = Literal["text", "image", "audio", "video", "pdf"]
Board = Literal[
    "overall", "coding", "math", "creative_writing", "instruction_following", "hard_prompts", "longer_query",
    "multi_turn", "expert", "business", "legal", "medicine", "science", "software", "writing", "media", "chinese",
    "french", "german", "japanese", "korean", "russian", "spanish", "vision", "document", "webdev",
]  # fmt: skip

MAX_REQUESTS_PER_MONTH = 10**12
MAX_TOKENS = 10**9


def _month_or_day(value: object) -> object:
    """A date; `2025-06` means its first day."""
    if isinstance(value, str) and len(value) == 7:
        return value + "-01"
    return value


Day = Annotated[dt.date, BeforeValidator(_month_or_day)]
Tokens = Annotated[int, Field(ge=0, le=MAX_TOKENS)]
Share = Annotated[float, Field(ge=0, le=1)]
Dollars = Annotated[Decimal, Field(ge=0, le=10**12)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Workload(_Strict):
    """Tokens per request."""

    requests_per_month: Annotated[int, Field(ge=0, le=MAX_REQUESTS_PER_MONTH)] | None = None
    system_tokens: Tokens = 0
    history_tokens: Tokens = 0
    example_tokens: Tokens = 0
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    reasoning_tokens: Tokens = 0
    cached_share: Annotated[Share, Field(description="0-1 of the prompt")] = 0.0
    batch: bool = False
    peak_share: Annotated[Share | None, Field(description="0-1 of requests")] = None

    @property
    def prompt_tokens(self) -> int:
        """Everything sent with one request: system + history + examples + input."""
        return self.system_tokens + self.history_tokens + self.example_tokens + (self.input_tokens or 0)

    @property
    def generated_tokens(self) -> int:
        """Everything one request makes the model write: visible output + reasoning."""
        return (self.output_tokens or 0) + self.reasoning_tokens


class Wishes(_Strict):
    """Weights of the score's terms."""

    quality: Annotated[float, Field(ge=0, le=100)] = 5.0
    cost: Annotated[float, Field(ge=0, le=100)] = 3.0
    speed: Annotated[float, Field(ge=0, le=100)] = 0.0
    recency: Annotated[float, Field(ge=0, le=100)] = 1.0
    context: Annotated[float, Field(ge=0, le=100)] = 0.0


class Requirements(_Strict):
    """Hard constraints (unset, or a minimum of 0: does not matter), wishes and workload."""

    # licence and openness
    open_weights: bool | None = None
    licenses_allow: Annotated[tuple[str, ...], Field(description="tags, e.g. apache-2.0")] = ()
    commercial_use: bool | None = None
    derivatives: Annotated[bool | None, Field(description="tuned weights may be released")] = None
    monthly_active_users: Annotated[int, Field(ge=0, le=10**11)] | None = None
    annual_revenue_usd: Dollars | None = None
    # room
    min_context_tokens: Tokens | None = None
    min_output_tokens: Tokens | None = None
    # abilities
    modalities_in: Annotated[tuple[Modality, ...], Field(description="image, audio, video, pdf")] = ()
    modalities_out: tuple[Modality, ...] = ()
    tool_calling: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    fine_tunable: bool | None = None
    # age
    knowledge_cutoff_from: Annotated[Day | None, Field(description="YYYY-MM[-DD]")] = None
    released_from: Day | None = None
    # size and hardware
    min_parameters_b: Annotated[float, Field(ge=0, le=10**6)] | None = None
    max_parameters_b: Annotated[float, Field(gt=0, le=10**6)] | None = None
    own_hardware: Annotated[bool | None, Field(description="nothing leaves the network")] = None
    memory_gb: Annotated[Annotated[float, Field(gt=0, le=10**6)] | None, Field(description="own GPU memory to fit")] = (
        None
    )
    quantization_bits: Literal[4, 8, 16] = 4
    # money
    max_input_usd_per_mtok: Dollars | None = None
    max_output_usd_per_mtok: Dollars | None = None
    max_monthly_usd: Dollars | None = None
    # where
    providers_allow: Annotated[tuple[str, ...], Field(description="e.g. amazon-bedrock")] = ()
    providers_deny: tuple[str, ...] = ()
    makers_allow: Annotated[tuple[str, ...], Field(description="e.g. mistral")] = ()
    makers_deny: tuple[str, ...] = ()
    maker_countries_deny: Annotated[tuple[str, ...], Field(description="ISO codes, e.g. cn")] = ()
    regions_allow: Annotated[tuple[str, ...], Field(description="eu, us, jp …")] = ()
    regions_deny: tuple[str, ...] = ()
    # quality
    board: Annotated[Board, Field(description="Arena board, e.g. coding, japanese")] = "overall"
    min_rating: Annotated[float, Field(ge=0, le=4000)] | None = None
    # how to decide
    ask_about: Annotated[tuple[str, ...], Field(description="models to explain")] = ()
    keep_unknown: Annotated[bool, Field(description="keep unknown facts")] = False
    wishes: Wishes = Wishes()
    workload: Workload = Workload()

    @model_validator(mode="after")
    def _no_contradiction(self) -> Requirements:
        """Pairs that no model can satisfy together, named."""
        for holds, first, second in (
            (self.own_hardware and self.open_weights is False, "own_hardware=true", "open_weights=false"),
            (self.derivatives and self.open_weights is False, "derivatives=true", "open_weights=false"),
            (self.own_hardware and self.providers_allow, "own_hardware=true", "providers_allow"),
            (self.reasoning is False and self.workload.reasoning_tokens > 0, "reasoning=false", "reasoning_tokens > 0"),
            (_above(self.min_parameters_b, self.max_parameters_b), "min_parameters_b", "a smaller max_parameters_b"),
            (
                _only_denied(_makers(self.makers_allow), _makers(self.makers_deny)),
                "makers_allow",
                "makers_deny naming the same",
            ),
            (
                _only_denied(self.providers_allow, self.providers_deny),
                "providers_allow",
                "providers_deny naming the same",
            ),
            (_only_denied(self.regions_allow, self.regions_deny), "regions_allow", "regions_deny naming the same"),
        ):
            if holds:
                raise ValueError(f"{first} and {second} exclude each other; drop one of them")
        return self

    @model_validator(mode="after")
    def _known_licenses(self) -> Requirements:
        """Licence tags that the table knows, under any of their spellings."""
        for tag in self.licenses_allow:
            if tag.lower() not in curated.licenses():
                near = difflib.get_close_matches(tag.lower(), curated.licenses(), 3)
                tags = dict.fromkeys(curated.licenses()[name].tag for name in near) or {"apache-2.0": None, "mit": None}
                raise ValueError(f"licenses_allow: no licence {tag!r} in the table; nearest: {', '.join(tags)}")
        return self


def requirements(**values: Any) -> Requirements:
    """Requirements from outside values; `BadRequirements` names every field that is wrong, what it held and the range."""
    try:
        return Requirements.model_validate(values)
    except ValidationError as error:
        raise BadRequirements("; ".join(_explained(problem) for problem in error.errors())) from None


def _explained(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "requirements"
    if problem["type"] == "extra_forbidden":
        names = (
            *Requirements.model_fields,
            *(f"workload.{n}" for n in Workload.model_fields),
            *(f"wishes.{n}" for n in Wishes.model_fields),
        )
        near = difflib.get_close_matches(where, names, 2)
        return f"{where} is no requirement" + (f"; did you mean {' or '.join(near)}?" if near else "")
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    return f"{where}: {problem['msg']}, found {problem['input']!r:.80}"


def _makers(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(canonical_maker(name) for name in names)


def _above(least: float | None, most: float | None) -> bool:
    return least is not None and most is not None and least > most


def _only_denied(allow: tuple[str, ...], deny: tuple[str, ...]) -> bool:
    return bool(allow) and set(allow) <= set(deny)

"""What the catalogue holds: a model (what it is) and its offerings (where it can be had, at what price)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from catalog.facts import Fact


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices in US dollars per million tokens; None is unknown, never free.

    `above` holds long-context rates: the first number is the prompt length in tokens beyond which they replace these.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    above: tuple[tuple[int, Rates], ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class PeakHours:
    """Hours in which a provider charges more. `multiplier` applies to every rate inside `hours_utc`."""

    hours_utc: tuple[tuple[str, str], ...]
    multiplier: Decimal
    weekdays_only: bool
    url: str

    @property
    def week_share(self) -> Decimal:
        """Share of a week's hours that are peak, as a fraction."""
        minutes = sum((_minutes(end) - _minutes(start)) % (24 * 60) or 24 * 60 for start, end in self.hours_utc)
        return Decimal(minutes * (5 if self.weekdays_only else 7)) / Decimal(7 * 24 * 60)


@dataclass(frozen=True, slots=True)
class PriceSheet:
    """What one source says an offering costs. `tiers` holds batch, flex, priority, fast … where they differ."""

    source: str
    as_of: str
    url: str | None
    standard: Rates
    tiers: dict[str, Rates] = field(default_factory=dict)
    peak: PeakHours | None = None


@dataclass(frozen=True, slots=True)
class Offering:
    """A model at one provider. `sheets` are price sheets, the most trusted first; `region` None means unstated."""

    provider: str
    name: str
    region: str | None
    sheets: tuple[PriceSheet, ...]
    first_party: bool = False
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    retires: str | None = None
    output_tokens_per_s: Fact[float] = Fact()
    first_token_s: Fact[float] = Fact()

    @property
    def prices(self) -> PriceSheet | None:
        """The most trusted price sheet that has both an input and an output price."""
        for sheet in self.sheets:
            if sheet.standard.input is not None and sheet.standard.output is not None:
                return sheet
        return None


@dataclass(frozen=True, slots=True)
class Rating:
    """An arena rating: meaningless without its board. `low`–`high` is the board's 95 % interval."""

    board: str
    arena_name: str
    rating: float
    low: float
    high: float
    votes: int
    rank: int
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark score as a source reports it; `score` is in `unit` (percent, index or points)."""

    name: str
    score: float
    unit: str
    source: str
    as_of: str
    url: str | None = None
    self_reported: bool | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its maker released it. Dates are ISO (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`), sizes in units of the name.

    `aliases` are other spellings; `denotes` is the dated release that the id stands for, where a source says so.
    """

    id: str
    maker: str
    name: str
    family: str | None = None
    aliases: tuple[str, ...] = ()
    denotes: str | None = None
    repo: Fact[str] = Fact()
    open_weights: Fact[bool] = Fact()
    license: Fact[str] = Fact()
    release_date: Fact[str] = Fact()
    knowledge_cutoff: Fact[str] = Fact()
    parameters_b: Fact[float] = Fact()
    active_parameters_b: Fact[float] = Fact()
    training_tokens_t: Fact[float] = Fact()
    context_tokens: Fact[int] = Fact()
    max_input_tokens: Fact[int] = Fact()
    max_output_tokens: Fact[int] = Fact()
    modalities_in: Fact[tuple[str, ...]] = Fact()
    modalities_out: Fact[tuple[str, ...]] = Fact()
    tool_calling: Fact[bool] = Fact()
    structured_output: Fact[bool] = Fact()
    reasoning: Fact[bool] = Fact()
    kv_bytes_per_token: Fact[int] = Fact()
    kv_bytes_at_most: Fact[int] = Fact()
    retires: Fact[str] = Fact()
    ratings: tuple[Rating, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    offerings: tuple[Offering, ...] = ()

    def rating_on(self, board: str) -> Rating | None:
        """The rating on `board`, or None where the model is not on it."""
        return next((rating for rating in self.ratings if rating.board == board), None)


FACT_FIELDS = (
    "repo", "open_weights", "license", "release_date", "knowledge_cutoff", "parameters_b", "active_parameters_b",
    "training_tokens_t", "context_tokens", "max_input_tokens", "max_output_tokens", "modalities_in", "modalities_out",
    "tool_calling", "structured_output", "reasoning", "kv_bytes_per_token", "kv_bytes_at_most", "retires",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from, and on what terms they may be passed on."""

    id: str
    name: str
    url: str
    license: str
    attribution: str
    as_of: str


@dataclass(frozen=True, eq=False)
class Catalog:
    """Every model and source. `built` is the day the snapshot was made. One catalogue is equal only to itself."""

    built: str
    sources: dict[str, Source]
    models: tuple[Model, ...]


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)

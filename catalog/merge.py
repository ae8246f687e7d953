"""Sightings of many sources made into models: who is the same, whom to believe, what is current."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.facts import Claim, Fact
from catalog.identity import DATE, Identity, canonical_maker, identify, tokens
from catalog.models import FACT_FIELDS, Benchmark, Model, Offering, Rating
from catalog.sources.sighting import Sighting

# Whom to believe, most trusted first. "lab" is models.dev's entry of the maker's own; "own" any listing by the maker.
PRECEDENCE: dict[str, tuple[str, ...]] = {
    "license": ("curated", "llmfit", "models.dev", "llm-stats"),
    "parameters_b": ("curated", "llmfit", "llm-stats"),
    "active_parameters_b": ("curated", "llmfit", "llm-stats"),
    "context_tokens": ("curated", "models.dev/own", "inspect-ai", "llmfit", "models.dev"),
    "max_input_tokens": ("curated", "models.dev/own", "litellm/own", "litellm"),
    "max_output_tokens": ("curated", "models.dev/own", "litellm/own", "inspect-ai", "litellm"),
    "open_weights": ("curated", "llmfit", "models.dev/own", "llm-stats", "models.dev"),
    "release_date": ("curated", "models.dev/own", "inspect-ai", "llm-stats", "llmfit", "first-listed"),
}
DEFAULT_PRECEDENCE = ("curated", "models.dev/own", "litellm/own", "model-prices/own", "inspect-ai", "llm-stats", "llmfit",
                      "models.dev", "litellm", "openrouter")  # fmt: skip
FIRST_PARTY_PRICES = ("model-prices", "litellm", "models.dev", "portkey", "llm-stats")
HOST_PRICES = ("litellm", "models.dev", "model-prices", "portkey", "llm-stats")

NOT_CHAT = re.compile(
    r"embed|rerank|guard|safety|safeguard|moderation|(^|-)tts|asr|whisper|voicechat|voxtral|realtime|image|imagen|veo|lyria|"
    r"seedance|seedream|(^|-)wan-|dall-e|ocr|transcri|speech|video|sora|native-audio|-audio|omni-voice|colbert|reward|"
    r"-base(-|$)|-pt(-|$)|draft|eagle|livetranslate|-mt-|clip|robotics|computer-use|deep-research|prover|music|"
    r"-bnb|-gguf|-mlx|-onnx|-unquantized|-assistant$|search-preview|-cyber|character|-ttm-|timeseries|diffusion|unit-test|"
    r"vision-encoder|pytorch|-test$|tiny-random|-live(-|$)|translate(-|$)|nano-banana|-search-api|abliterat|uncensored|heretic|derestricted"
)
# Release dates in names: `…-260428`, and Mistral's year and month (`mistral-large-2411`).
SHORT_DATES = (
    re.compile(r"-(2\d)([01]\d)([0-3]\d)$"),
    re.compile(r"^\w*(?:stral|mixtral)\b.*-(2[3-9])(0[1-9]|1[0-2])$"),
)
HOSTS_AGREE = 3
HOSTS = frozenset({"models.dev", "litellm"})
LIMITS = frozenset({"context_tokens", "max_input_tokens", "max_output_tokens"})
LEAST_LIMIT = 1024
VARIANT_ENDINGS = ("instruct", "it", "chat", "latest")


@dataclass
class Group:
    """All sightings of one model, while merging."""

    identity: Identity
    sightings: list[Sighting] = field(default_factory=list)
    spellings: Counter[str] = field(default_factory=Counter)
    denotes: str | None = None

    def own(self, sighting: Sighting) -> bool:
        """Whether the maker itself lists this row."""
        return sighting.seller == self.identity.maker

    @property
    def titled(self) -> bool:
        """Whether the maker's own entry gives it a title of its own."""
        return any(self.own(s) and s.title for s in self.sightings)

    @property
    def vouched(self) -> bool:
        """Whether the maker lists the model, or a source's editors chose it."""
        return any(self.own(s) or s.listed for s in self.sightings)

    @property
    def anchored(self) -> bool:
        """Whether some source vouches for the model itself, rather than a host naming something of its own."""
        return self.vouched or len({s.source for s in self.sightings}) >= 3


@dataclass(frozen=True)
class Left:
    """What did not become a model, by reason."""

    counts: Mapping[str, int]


def merge(sightings: Sequence[Sighting]) -> tuple[tuple[Model, ...], Left]:
    """Every recognised chat model, ordered by id, and a count of the rows left out by reason."""
    left: Counter[str] = Counter()
    groups = _group(sightings, left)
    _fold_dates(groups)
    _fold_latest(groups)
    _fold_titles(groups)
    _fold_endings(groups)
    _place_ratings(groups)
    _join_repositories(groups, sightings)
    _fold_repositories(groups)
    fit = {}
    for key, group in groups.items():
        if reason := _unfit(group):
            left[reason] += len(group.sightings)
        else:
            fit[key] = group
    closed = _closed_families(fit.values())
    followed = {group.identity.maker for group in fit.values() if _on_price_list(group)}
    models = []
    for group in fit.values():
        model = _model(group, closed)
        if not model.open_weights.known:
            left["no source says whether its weights are open"] += len(group.sightings)
        elif not model.open_weights.value and group.identity.maker in followed and not _on_price_list(group):
            left["closed and on no list of its maker's"] += len(group.sightings)
        else:
            models.append(model)
    return tuple(sorted(models, key=lambda model: model.id)), Left(dict(left))


def _group(sightings: Iterable[Sighting], left: Counter[str]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for sighting in sightings:
        identity = identify(sighting.path, sighting.seller)
        if identity is None:
            left["maker not recognised"] += 1
        elif sighting.source == "llmfit" and canonical_maker(sighting.path.split("/")[0]) != identity.maker:
            left["repository of a third party"] += 1
        else:
            group = groups.setdefault(identity.key, Group(identity))
            group.sightings.append(sighting)
            group.spellings[identity.slug] += 2 if sighting.seller == identity.maker else 1
            group.spellings.update(sighting.also)
            if sighting.denotes and group.own(sighting) and _is_release_of(sighting.denotes, identity):
                group.denotes = sighting.denotes
    return groups


def _is_release_of(name: str, identity: Identity) -> bool:
    """Whether `name` is a dated release of the undated identity; a price list's other pointers name other models."""
    release = Identity(identity.maker, name)
    return release.dated and release.undated == identity.undated


def _fold_dates(groups: dict[str, Group]) -> None:
    """Join an undated name and its only dated release; where there are several, join only what a source says."""
    dated: dict[str, list[str]] = defaultdict(list)
    for key, group in groups.items():
        if group.identity.dated:
            dated[group.identity.undated].append(key)
    for undated, keys in sorted(dated.items()):
        if undated not in groups:
            continue
        target = groups[undated].denotes
        stated = f"{groups[undated].identity.maker}/{tokens(target)}" if target else None
        vouched = [key for key in keys if groups[key].anchored] or keys
        chosen = vouched[0] if len(vouched) == 1 else stated
        if chosen in keys:
            groups[undated].denotes = groups[chosen].identity.slug
            _absorb(groups, undated, chosen)


def _fold_latest(groups: dict[str, Group]) -> None:
    """Join `x-latest` to the only newest sibling that the maker sells at the same price, or to `x`.

    Where it shares its weights' repository with another name, that tells better than a price.
    """
    repos = Counter(repo for group in groups.values() if group.titled and (repo := _fact("repo", group).value))
    for key in sorted(key for key in groups if key.endswith("-latest")):
        plain = key.removesuffix("-latest")
        if repos[_fact("repo", groups[key]).value] > 1:
            continue
        if (target := _same_price_sibling(groups, key, plain)) is not None:
            _absorb(groups, target, key)
        elif plain in groups:
            _absorb(groups, plain, key)


def _same_price_sibling(groups: Mapping[str, Group], key: str, stem: str) -> str | None:
    prices = _own_prices(groups[key])
    siblings = [name for name in groups if re.fullmatch(re.escape(stem) + r"-\d{4}", name)]
    newest = max(siblings, key=lambda name: name[-4:], default=None)
    return newest if newest and prices and _own_prices(groups[newest]) == prices else None


def _own_prices(group: Group) -> frozenset[Any]:
    sheets = [s.offering.sheets[0] for s in group.sightings if group.own(s) and s.offering and s.offering.sheets]
    return frozenset(
        (sheet.standard.input, sheet.standard.output) for sheet in sheets if sheet.source == "model-prices"
    )


def _fold_endings(groups: dict[str, Group]) -> None:
    """Join `llama-3.1-8b` to `llama-3.1-8b-instruct` where only one of the two is vouched for.

    What is served and rated as `gemma-4-31b` is the instruction-tuned `gemma-4-31b-it`.
    """
    for key in sorted(key for key in groups if key.startswith("google/gemma") and f"{key}-it" in groups):
        _absorb(groups, f"{key}-it", key)
    for key in sorted(groups):
        if key not in groups or groups[key].anchored:
            continue
        longer = [f"{key}-{ending}" for ending in VARIANT_ENDINGS if groups.get(f"{key}-{ending}")]
        anchored = [name for name in longer if groups[name].anchored]
        if len(anchored) == 1:
            _absorb(groups, anchored[0], key)


def _fold_titles(groups: dict[str, Group]) -> None:
    """Join `mistral-large-3` to the release that its maker titles so (`mistral-large-2512`: "Mistral Large 3")."""
    titled: dict[str, set[str]] = defaultdict(set)
    for key, group in groups.items():
        for sighting in group.sightings:
            if sighting.title and group.own(sighting):
                titled[Identity(group.identity.maker, sighting.title).key].add(key)
    for key in sorted(groups):
        targets = titled.get(key, set()) - {key}
        if key in groups and not groups[key].titled and len(targets) == 1 and (target := targets.pop()) in groups:
            _absorb(groups, target, key)


def _place_ratings(groups: dict[str, Group]) -> None:
    """Move a rating to the release that the board names (`Mistral Large (2411)`), away from an alias that has moved on."""
    for group in list(groups.values()):
        for sighting in [s for s in group.sightings if s.ratings]:
            version = re.search(r"\b(20\d\d-?\d\d-?\d\d|2\d[01]\d|[01]\d[0-3]\d)\b", sighting.ratings[0].arena_name)
            if version is None or tokens(version.group(1)) in tokens(group.identity.slug):
                continue
            named = Identity(group.identity.maker, f"{DATE.sub('', group.identity.slug)}-{version.group(1)}")
            target = groups.get(named.key)
            moved_on = group.identity.maker == "mistral" and len(version.group(1)) == 4  # its undated names move
            if target is not None and target is not group and tokens(group.denotes or "") != tokens(named.slug):
                target.sightings.append(sighting)
            if (target is not None and target is not group) or moved_on:
                group.sightings.remove(sighting)


def _fold_repositories(groups: dict[str, Group]) -> None:
    """Join names whose weights are one repository, under the name that is the repository's own or the best known."""
    by_repo: dict[str, list[str]] = defaultdict(list)
    for key, group in groups.items():
        if group.anchored and (repo := _fact("repo", group).value):
            by_repo[f"{group.identity.maker} {repo.lower()}"].append(key)
    for repo, keys in sorted(by_repo.items()):
        own = f"{repo.split()[0]}/{tokens(repo.split('/')[-1])}"
        kept = max(keys, key=lambda key: (key == own, len(groups[key].sightings), key))
        for gone in sorted(set(keys) - {kept}):
            _absorb(groups, kept, gone)


def _absorb(groups: dict[str, Group], kept: str, gone: str) -> None:
    group = groups.pop(gone)
    groups[kept].sightings += group.sightings
    groups[kept].spellings += Counter(dict.fromkeys(group.spellings, 1))


def _join_repositories(groups: Mapping[str, Group], sightings: Iterable[Sighting]) -> None:
    """Give a model what llmfit knows of the repository that another source names for it."""
    by_repo = {s.path.lower(): s for s in sightings if s.source == "llmfit"}
    for group in groups.values():
        have = {s.path.lower() for s in group.sightings if s.source == "llmfit"}
        named = {str(s.facts["repo"]).lower() for s in group.sightings if "repo" in s.facts}
        group.sightings += [by_repo[repo] for repo in sorted(named - have) if repo in by_repo]


def _unfit(group: Group) -> str | None:
    """Why a group is no chat model of this catalogue, or None."""
    if not group.anchored:
        return "named by hosts only"
    if NOT_CHAT.search(tokens(group.identity.slug)) or NOT_CHAT.search(group.identity.slug):
        return "not a chat model"
    outputs = _fact("modalities_out", group).value
    if outputs is not None and "text" not in outputs:
        return "not a chat model"
    offered = any(s.offering and s.offering.sheets for s in group.sightings)
    tracked = any(s.listed or s.ratings for s in group.sightings) and _fact("release_date", group).known
    if not offered and not (tracked and any("repo" in s.facts for s in group.sightings)):
        return "neither offered nor a tracked download"
    return None


def _on_price_list(group: Group) -> bool:
    """Whether a list of what the maker sells has it: model-prices, or models.dev's own entries."""
    return any(s.source in ("model-prices", "models.dev") and group.own(s) for s in group.sightings)


def _closed_families(groups: Iterable[Group]) -> frozenset[tuple[str, str]]:
    """Name families (`claude`, `gemini`, `gpt`) of which at least three members are stated closed and none open."""
    verdicts: dict[tuple[str, str], set[bool]] = defaultdict(set)
    counts: Counter[tuple[str, str]] = Counter()
    for group in groups:
        if (open_weights := _fact("open_weights", group).value) is not None:
            verdicts[_name_family(group)].add(open_weights)
            counts[_name_family(group)] += 1
    return frozenset(name for name, found in verdicts.items() if found == {False} and counts[name] >= 3)


def _name_family(group: Group) -> tuple[str, str]:
    words = [word for word in tokens(group.identity.slug).split("-") if not word.isdigit()]
    word = "-".join(words[:2]) if words[:2] in (["gpt", "oss"],) else (words or [""])[0]
    return group.identity.maker, word


def _model(group: Group, closed: frozenset[tuple[str, str]]) -> Model:
    slug = _slug(group)
    names = sorted(
        {s.title for s in group.sightings if s.title and group.own(s)} or {s.title for s in group.sightings if s.title}
    )
    families = Counter(s.family for s in group.sightings if s.family)
    facts = {name: _fact(name, group) for name in FACT_FIELDS}
    as_of = max(s.as_of for s in group.sightings)
    for name, value in from_name(group.spellings).items():
        stated = Claim(value, "model-name", as_of)
        before, after = (
            ((stated,), ()) if name == "release_date" and _far(value, facts[name].value) else ((), (stated,))
        )
        facts[name] = Fact((*before, *facts[name].claims, *after))
    if facts["open_weights"].value is False:
        facts["license"] = Fact()  # a closed model is had on its maker's terms
    if not facts["open_weights"].known and _name_family(group) in closed:
        facts["open_weights"] = Fact((Claim(False, "closed-family", as_of),))
    return Model(
        f"{group.identity.maker}/{slug}", group.identity.maker, min(names, key=len) if names else slug,
        family=families.most_common(1)[0][0] if families else None,
        aliases=tuple(sorted(set(group.spellings) - {slug})), denotes=group.denotes if group.denotes != slug else None,
        ratings=_ratings(group), benchmarks=_benchmarks(group), offerings=_offerings(group), **facts,
    )  # fmt: skip


def _far(named: str, told: str | None) -> bool:
    """Whether the month in the maker's own name is more than two away from what a source tells."""
    if told is None or len(told) < 7:
        return False
    months = [int(date[:4]) * 12 + int(date[5:7]) for date in (named, told)]
    return abs(months[0] - months[1]) > 2


def from_name(spellings: Iterable[str]) -> dict[str, Any]:
    """What the maker wrote into the name: `…-30b-a3b` parameters total and active, `…-2025-04-28` the release."""
    found: dict[str, Any] = {}
    for slug in sorted(spellings):
        if size := re.search(r"(?<![\d.a-z])(\d+(?:\.\d+)?)b(?:-a(\d+(?:\.\d+)?)b)?(?![a-z\d])", slug):
            found.setdefault("parameters_b", float(size.group(1)))
            if size.group(2):
                found.setdefault("active_parameters_b", float(size.group(2)))
        if dated := DATE.search(slug):
            found.setdefault("release_date", "-".join(dated.groups()))
        elif dated := next((m for shape in SHORT_DATES if (m := shape.search(slug))), None):
            found.setdefault("release_date", f"20{'-'.join(dated.groups())}")
    return found


def _slug(group: Group) -> str:
    """The undated spelling that the maker and most hosts use; dots win over dashes only by use."""
    undated = {slug: n for slug, n in group.spellings.items() if not DATE.search(slug)} or group.spellings
    return min(undated, key=lambda slug: (-undated[slug], len(slug), slug))


def _fact(name: str, group: Group) -> Fact[Any]:
    """Claims in order of precedence; among equals the value most rows give first, then by text for a stable order."""
    order = PRECEDENCE.get(name, DEFAULT_PRECEDENCE)
    votes: Counter[tuple[str, Any]] = Counter()
    dates: dict[tuple[str, Any], tuple[str, str]] = {}
    for sighting in group.sightings:
        if (value := sighting.facts.get(name)) is None:
            continue
        rank = f"{sighting.source}/own" if group.own(sighting) else sighting.source
        rank = rank if rank in order else sighting.source
        votes[rank, value] += 1
        dates[rank, value] = (sighting.source, sighting.as_of)
    if name == "open_weights":  # a few hosts call whatever they serve open
        votes = Counter({key: n for key, n in votes.items() if key[0] != "models.dev" or n >= HOSTS_AGREE})
    if name in LIMITS:  # hosts cut limits short: theirs count only where two agree, the largest first
        votes = Counter({k: n for k, n in votes.items() if k[1] >= LEAST_LIMIT and (k[0] not in HOSTS or n >= 2)})
    ranked = sorted(
        (key for key in votes if key[0] in order),
        key=lambda key: (order.index(key[0]), *_by_size(name, key, votes[key])),
    )
    claims: dict[tuple[str, Any], Claim[Any]] = {}
    for key in ranked:
        source, as_of = dates[key]
        claims.setdefault((source, key[1]), Claim(key[1], source, as_of))
    return Fact(_leading(tuple(claims.values())))


def _by_size(name: str, key: tuple[str, Any], count: int) -> tuple[float, str]:
    """Among equals a host's largest limit, otherwise the value most rows give."""
    return (-float(key[1]) if name in LIMITS and key[0] in HOSTS else -count, str(key[1]))


def _leading(claims: tuple[Claim[Any], ...]) -> tuple[Claim[Any], ...]:
    """One claim a source: a host's tenth spelling of a limit is noise, not a disagreement between sources."""
    by_source: dict[str, Claim[Any]] = {}
    for claim in claims:
        by_source.setdefault(claim.source, claim)
    return tuple(by_source.values())


def _ratings(group: Group) -> tuple[Rating, ...]:
    """The best rating on each board, its variant in `arena_name`; a harness around a model is not the model."""
    best: dict[str, Rating] = {}
    for rating in (
        rating for s in group.sightings for rating in s.ratings if "harness" not in rating.arena_name.lower()
    ):
        if rating.board not in best or rating.rating > best[rating.board].rating:
            best[rating.board] = rating
    return tuple(best[board] for board in sorted(best))


def _benchmarks(group: Group) -> tuple[Benchmark, ...]:
    """The best score a source gives for each benchmark."""
    best: dict[tuple[str, str], Benchmark] = {}
    for score in (score for s in group.sightings for score in s.benchmarks):
        key = (score.name, score.source)
        if key not in best or score.score > best[key].score:
            best[key] = score
    return tuple(best[key] for key in sorted(best))


def _offerings(group: Group) -> tuple[Offering, ...]:
    """One offering a provider, region and spelling, with every source's price sheet in order of trust."""
    found: dict[tuple[str, str, str], list[tuple[Sighting, Offering]]] = defaultdict(list)
    for sighting in group.sightings:
        if (offered := sighting.offering) and (offered.sheets or offered.retires):
            name = tokens(offered.name.split("/")[-1])
            found[offered.provider, offered.region or "", name].append((sighting, offered))
    return tuple(_offering(group, rows) for _, rows in sorted(found.items()) if any(o.sheets for _, o in rows))


def _offering(group: Group, rows: list[tuple[Sighting, Offering]]) -> Offering:
    own = any(group.own(sighting) for sighting, _ in rows)
    order = FIRST_PARTY_PRICES if own else HOST_PRICES
    rows = sorted(rows, key=lambda row: (order.index(row[0].source), row[1].name))
    sheets = tuple({sheet.source: sheet for _, offered in reversed(rows) for sheet in offered.sheets}.values())[::-1]

    def first(name: str) -> Any:
        return next((value for _, offered in rows if (value := getattr(offered, name)) is not None), None)

    def measured(name: str) -> Fact[float]:
        return next((fact for _, offered in rows if (fact := getattr(offered, name)).known), Fact())

    return replace(
        rows[0][1], first_party=own, sheets=sheets, max_input_tokens=first("max_input_tokens"),
        max_output_tokens=first("max_output_tokens"), requests_per_minute=first("requests_per_minute"),
        tokens_per_minute=first("tokens_per_minute"), retires=first("retires"),
        output_tokens_per_s=measured("output_tokens_per_s"), first_token_s=measured("first_token_s"),
    )  # fmt: skip

"""From a name as people write it to a model, saying so when the name is an alias, and the nearest names when it is none."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from catalog.errors import UnknownModel
from catalog.identity import Identity, canonical_maker, identify, tokens
from catalog.models import Catalog, Model


@dataclass(frozen=True, slots=True)
class Match:
    """A model and how the asked name led to it; `note` is for people, None where the name is simply the id."""

    asked: str
    model: Model
    note: str | None


def find(catalog: Catalog, name: str) -> Match:
    """The model that `name` means: an id, an alias, a provider's spelling. `UnknownModel` names the nearest ids."""
    index = _index(catalog)
    asked = name.strip()
    if model := index.by_id.get(asked.lower()):
        return Match(name, model, _note(index, asked, model))
    for key in _keys(asked):
        if model := index.by_key.get(key):
            return Match(name, model, _note(index, asked, model))
    raise UnknownModel(name, nearest(catalog, asked))


def nearest(catalog: Catalog, name: str, most: int = 3) -> tuple[str, ...]:
    """Ids whose names look most like `name`, closest first."""
    slug = tokens(name.rsplit("/", maxsplit=1)[-1])
    slugs: dict[str, str] = {}
    for model in catalog.models:
        slugs.setdefault(tokens(model.id.split("/")[1]), model.id)
    return tuple(slugs[close] for close in difflib.get_close_matches(slug, slugs, most, cutoff=0.5))


def _keys(name: str) -> list[str]:
    """Keys to try: as a path of some provider's, as `maker/slug`, as a bare slug of any maker."""
    found = [identity.key for identity in (identify(name),) if identity]
    maker, _, slug = name.rpartition("/")
    if maker:
        found.append(Identity(canonical_maker(maker), slug).key)
    return [*found, f"*/{tokens(name.rsplit('/', maxsplit=1)[-1])}"]


@dataclass(frozen=True, slots=True)
class Index:
    """A catalogue's models by id in lower case, by every key that leads to exactly one, and the slugs of dated ones by what they date."""

    by_id: dict[str, Model]
    by_key: dict[str, Model]
    dated: dict[str, list[str]]


# One index for each catalogue in use; it goes when its catalogue goes.
_INDEXES: WeakKeyDictionary[Catalog, Index] = WeakKeyDictionary()


def _index(catalog: Catalog) -> Index:
    if catalog not in _INDEXES:
        by_id = {model.id.lower(): model for model in catalog.models}
        _INDEXES[catalog] = Index(by_id, _indexed(catalog), _dated(catalog))
    return _INDEXES[catalog]


def _dated(catalog: Catalog) -> dict[str, list[str]]:
    """The slugs of dated models by the key of what they are a dated version of."""
    found: dict[str, list[str]] = {}
    for model in catalog.models:
        identity = Identity(model.maker, model.id.split("/")[1])
        if identity.dated:
            found.setdefault(identity.undated, []).append(identity.slug)
    return found


def _indexed(catalog: Catalog) -> dict[str, Model]:
    """Every key that leads to exactly one model; ids win over aliases."""
    found: dict[str, Model] = {}
    for rank in (0, 1):
        for model in catalog.models:
            slug = model.id.split("/")[1]
            names = (slug,) if rank == 0 else (*model.aliases, *((model.denotes,) if model.denotes else ()))
            for each in names:
                found.setdefault(Identity(model.maker, each).key, model)
                found.setdefault(f"*/{tokens(each)}", model)
    return found


def _note(index: Index, asked: str, model: Model) -> str | None:
    slug = model.id.split("/")[1]
    if model.denotes and tokens(model.denotes) not in tokens(asked):
        return f"{slug} is an alias; it stands for {model.denotes}"
    mine = Identity(model.maker, slug)
    dated = [] if mine.dated else index.dated.get(mine.key, [])
    if dated:
        return f"{slug} is a moving alias; no source says which of {', '.join(dated)} it stands for"
    return None if asked.lower() in (model.id.lower(), slug.lower()) else f"{asked} is another name of {model.id}"


def matches(catalog: Catalog, text: str) -> list[Model]:
    """Models whose id or name contains every word of `text`, by id."""
    words = text.lower().split()
    return [m for m in catalog.models if all(word in f"{m.id} {m.name}".lower() for word in words)]

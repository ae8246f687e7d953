"""A look at the catalogue: what changed for the watched models since the last look, and which ends come near."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from catalog import snapshot
from catalog.changes import Change, Side, changes_between, near_ends
from catalog.errors import UnknownModel
from catalog.lookup import find
from catalog.models import Catalog
from pricer.evaluation.run import PLAN, runs_folder
from pricer.watching.alerts import Alert, Claims, Said, alert_id
from pricer.watching.runs import plan_of
from pricer.watching.table import Look
from pricer.watching.watches import CatalogWatch, seen_path


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """A look, and the catalogue to keep for the next one: only the watched models."""

    look: Look
    keep: Catalog


def look(watch: CatalogWatch, now: dt.datetime) -> Seen:
    """Compare the snapshot in use with what was seen last. The first look knows no before; only ends that come near are alerts."""
    new = snapshot.load()
    names = list(watch.models) or models_of_runs()
    ids, notes = _known(new, names)
    if not names:
        notes.append("no model is named, and no run used one yet: name some with assay watch add catalog MODEL")
    path = seen_path(watch.name)
    old = snapshot.load(path) if path.is_file() else None
    ids = list(dict.fromkeys([*ids, *((model.id for model in old.models) if old else ())]))
    changed = changes_between(old, new, ids, now.date()) if old else []
    found = [_alert(watch, change, old, new, now) for change in [*changed, *near_ends(new, ids, now.date())]]
    if old is None:
        notes.append(f"first look: the catalogue of {new.built} is what later looks are compared with")
    elif old.built == new.built and not found:
        notes.append(f"the catalogue is still that of {new.built}; assay models refresh fetches a newer one")
    kept = dataclasses.replace(new, models=tuple(model for model in new.models if model.id in set(ids)))
    state: dict[str, Any] = {"models": [model.id for model in kept.models], "built": new.built}
    return Seen(Look(tuple(found), (), tuple(notes), state, len(kept.models)), kept)


def models_of_runs() -> list[str]:
    """The models that runs in the home folder used, by name."""
    plans = (plan_of(path.parent) for path in sorted(runs_folder().glob(f"*/{PLAN}")))
    return sorted({str(plan["model"]) for plan in plans if plan and plan.get("model")})


def _known(catalog: Catalog, names: list[str]) -> tuple[list[str], list[str]]:
    """Ids of the names that the catalogue knows, and a note on each that it does not."""
    ids: list[str] = []
    notes: list[str] = []
    for name in names:
        try:
            ids.append(find(catalog, name).model.id)
        except UnknownModel as error:
            notes.append(str(error))
    return ids, notes


def _alert(watch: CatalogWatch, change: Change, old: Catalog | None, new: Catalog, now: dt.datetime) -> Alert:
    after = change.after.value if change.after else None
    as_of = (change.after.as_of if change.after else None) or new.built
    what = f"{change.model}: {change.what}" + (f" at {change.where}" if change.where else "")
    before = change.before.value if change.before else None
    evidence = Claims(
        change.model,
        change.where,
        _said(change.before),
        _said(change.after),
        old.built if old else None,
        new.built,
        change.note,
    )
    when = new.built if old and change.before else ""  # an end that comes near is the same in every later catalogue
    return Alert(
        alert_id(watch.name, change.kind, change.model, change.what, change.where, before, after, when),
        now.isoformat(timespec="seconds") + "Z", watch.name, change.kind, what, as_of, after, None, None, evidence,
    )  # fmt: skip


def _said(side: Side | None) -> Said | None:
    return None if side is None else Said(side.value, side.source, side.as_of)

"""Training on this machine: what is trained by its method, what it makes, and the model it is to be better than."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pricer.errors import BadInput
from pricer.installed import require
from pricer.tuning.knobs import Knobs, Method
from pricer.tuning.record import Record
from pricer.tuning.schedule import Schedule
from pricer.tuning.training import Ended

if TYPE_CHECKING:
    from pricer.evaluation.material import Material
    from pricer.predictors.saved import Trained

Report = Callable[[str, int, int], None]
BASES: dict[Method, str] = {"encoder": "minilm", "lora": "local/smollm2-135m"}


@dataclass(frozen=True, slots=True)
class Made:
    """What a training made: the tuned model at its best checkpoint, None when it was stopped; and how it ended."""

    model: Trained | None
    ended: Ended


def method_of(name: str) -> Method:
    """The method of that name; `BadInput` when there is none."""
    for method in get_args(Method):
        if method == name:
            found: Method = method
            return found
    raise BadInput(f"method: wanted one of {', '.join(get_args(Method))}, found {name!r}")


def train(
    method: Method, base: str, material: Material, knobs: Knobs, schedule: Schedule, record: Record, report: Report
) -> Made:
    """Train, or go on from the last checkpoint in the record. `PricerError` when the loss stops being a number."""
    require("tuning a model", "tune", "accelerate", "peft")
    if method == "encoder":
        from pricer.tuning.encoder import train_encoder

        return Made(*train_encoder(base, material, knobs, schedule, record, report))
    from pricer.tuning.lora import train_lora

    return Made(*train_lora(base, material, knobs, schedule, record, report))


def untuned(method: Method, base: str, material: Material, knobs: Knobs) -> Trained:
    """The model before its first step: an encoder with the head that is solved on it, or the language model as it is."""
    if method == "encoder":
        from pricer.tuning.encoder import untuned_encoder

        return untuned_encoder(base, material, knobs)
    from pricer.tuning.lora import untuned_causal

    return untuned_causal(base, material, knobs)


def checked_base(method: Method, base: str | None, knobs: Knobs) -> str:
    """The base's full name; `BadInput` when there is none of that name."""
    name = base or BASES[method]
    if method == "encoder":
        from pricer.tuning.encoder import body

        if knobs.frozen_layers > (layers := body(name, knobs.max_tokens).layers):
            raise BadInput(f"frozen_layers: wanted 0 to the {layers} layers of {name}, found {knobs.frozen_layers}")
    else:
        from pricer.predictors.tuned.base import fingerprint

        fingerprint(name)  # refuses a base that is not there
    folder = Path(name).expanduser()
    return str(folder.resolve()) if folder.is_dir() else name

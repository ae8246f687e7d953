"""The knobs of a fine-tuning, what each does, and which settings deserve a warning."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

from pricer.errors import BadInput

Method = Literal["encoder", "lora"]
Curve = Literal["linear", "cosine", "constant"]
# Full tuning of a small BERT: Devlin et al., arXiv:1810.04805, appendix A.3 (2e-5 to 5e-5); LoRA: Hu et al., arXiv:2106.09685, table 11.
RATES: dict[Method, float] = {"encoder": 5e-5, "lora": 2e-4}
MOST_EPOCHS, MOST_BATCH, MOST_TOKENS, MOST_RANK = 1000.0, 4096, 8192, 512


@dataclass(frozen=True, slots=True)
class Knobs:
    """How a model is trained. `learning_rate` None is the method's usual one; `epochs` is how often the training examples are seen, a
    fraction too.

    One optimizer step uses `batch_size` x `accumulation` examples on each device. The rate climbs from 0 over the first `warmup_share`
    of the steps and then follows `schedule` down to 0, or stays. `frozen_layers` are the lowest ones, left as they are, with the word
    vectors below them. Training stops after `patience` evaluations without a better validation metric; 0 never stops. `evaluations` is
    how many are spread over the steps, the last after the last step. Texts are cut at `max_tokens`.
    """

    learning_rate: float | None = None
    batch_size: int = 16
    accumulation: int = 1
    epochs: float = 1.0
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    schedule: Curve = "linear"
    dropout: float = 0.1
    label_smoothing: float = 0.0
    lora_rank: int = 8
    lora_alpha: int = 16
    lora_targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    frozen_layers: int = 0
    patience: int = 0
    evaluations: int = 8
    max_tokens: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and least <= value <= most):
                raise BadInput(f"{name}: wanted {least:g} to {most:g}, found {value!r}")
        if self.learning_rate == 0 or self.epochs == 0:
            raise BadInput("learning_rate and epochs: wanted more than 0, found 0, which trains nothing")
        if self.schedule not in get_args(Curve):
            raise BadInput(f"schedule: wanted one of {', '.join(get_args(Curve))}, found {self.schedule!r}")
        if not self.lora_targets:
            raise BadInput("lora_targets: wanted at least one name of a layer, found none")

    def rated(self, method: Method) -> Knobs:
        """The same with the method's usual learning rate where none was set."""
        return self if self.learning_rate is not None else replace(self, learning_rate=RATES[method])


BOUNDS: dict[str, tuple[float, float]] = {
    "learning_rate": (0, 10), "batch_size": (1, MOST_BATCH), "accumulation": (1, MOST_BATCH), "epochs": (0, MOST_EPOCHS), "weight_decay": (0, 1),
    "warmup_share": (0, 1), "dropout": (0, 0.95), "label_smoothing": (0, 0.95), "lora_rank": (1, MOST_RANK), "lora_alpha": (1, 4 * MOST_RANK),
    "frozen_layers": (0, 200), "patience": (0, 1000), "evaluations": (1, 1000), "max_tokens": (8, MOST_TOKENS), "seed": (0, 2**31 - 1),
}  # fmt: skip


def doubts(knobs: Knobs, method: Method, n_train: int, steps: int) -> list[str]:
    """What is unusual about the knobs, each with the reason why it may go wrong; nothing when all is usual."""
    rate, usual = knobs.learning_rate or RATES[method], RATES[method]
    effective = knobs.batch_size * knobs.accumulation
    rules = (
        (rate > 20 * usual, f"learning rate {rate:g} is over 20 times the usual {usual:g}: steps overshoot and the loss may rise or jump"),
        (rate < usual / 20, f"learning rate {rate:g} is under a twentieth of the usual {usual:g}: the loss will hardly move in {steps:,} steps"),
        (knobs.epochs > 10, f"{knobs.epochs:g} epochs: past a few, a small set is learned by heart; watch the validation loss, or set patience"),
        (effective > max(1, n_train // 4), f"{effective} examples a step of {n_train:,} in all leave {steps:,} steps: few to settle in"),
        (effective == 1, "one example a step: the gradient is mostly noise; accumulate"),
        (steps < 20, f"{steps} steps in all: hardly more than the warm-up"),
        (knobs.warmup_share > 0.5, f"warm-up over {knobs.warmup_share:.0%} of the steps: the full rate is reached when training is almost over"),
        (knobs.weight_decay > 0.3, f"weight decay {knobs.weight_decay:g} pulls weights to 0 faster than most data pull them away"),
        (knobs.dropout > 0.5, f"dropout {knobs.dropout:g} silences more than half of the units: expect underfitting"),
        (method == "lora" and knobs.lora_alpha > 4 * knobs.lora_rank, "alpha over four times the rank multiplies the learning rate of the adapter"),
        (method == "encoder" and knobs.max_tokens > 512, "this encoder has positions for 512 tokens at most; texts are cut there"),
    )  # fmt: skip
    return [why for holds, why in rules if holds]

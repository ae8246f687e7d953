"""A small language model with a low-rank adapter, as a predictor. The adapter is kept; its base is found again by its fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.errors import BadInput
from pricer.predictors.protocol import Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.tuned.asking import Asking, guesses
from pricer.predictors.tuned.base import Base, base, device_of, fingerprint, quiet, title
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Adapter:
    """The shape of an adapter (Hu et al., arXiv:2106.09685): matrices of `rank` beside the layers called `targets`, their product times
    `alpha` / `rank`; in the numbered `layers` alone, or in all. `dropout` is of the input in training."""

    rank: int
    alpha: int
    targets: tuple[str, ...]
    layers: tuple[int, ...] | None = None
    dropout: float = 0.0

    def put_on(self, model: Any) -> Any:
        """The model with a fresh adapter, which alone can be trained; `BadInput` when it has no layers of these names."""
        from peft import LoraConfig, get_peft_model

        with quiet():
            config = LoraConfig(
                r=self.rank,
                lora_alpha=self.alpha,
                target_modules=list(self.targets),
                layers_to_transform=None if self.layers is None else list(self.layers),
                lora_dropout=self.dropout,
                task_type="CAUSAL_LM",
            )
            try:
                return get_peft_model(model, config)
            except ValueError:
                raise BadInput(
                    f"lora_targets: wanted names of linear layers of this model, found {', '.join(self.targets)}; "
                    f"there are {', '.join(_linear(model))}"
                ) from None


@dataclass(slots=True)
class TunedCausal:
    """The adapter's arrays by peft's names, float32; without any, the base as it is. The base is loaded when it is first asked.

    A guess is the same beside any neighbours, but for the last bits of a sum that is shared out otherwise, which a tie between two
    words could show.
    """

    kind: ClassVar[str] = "tuned-causal"
    asking: Asking
    base_name: str
    base_fingerprint: str
    adapter: Adapter | None = None
    arrays: Arrays = field(default_factory=dict)
    _loaded: Base | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The base's name, and that it is tuned."""
        return title(self.base_name) + (" + LoRA" if self.adapter else "")

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """A guess for each listing out of its reply; one that cannot be read is a failure with its words kept."""
        if not listings:
            return []
        if self._loaded is None:
            self._loaded = self._load()
        return guesses(self._loaded, self.asking, listings)

    def state(self) -> State:
        """The adapter, the words around a listing and which base they are for."""
        told = {
            "base": self.base_name, "fingerprint": self.base_fingerprint, "adapter": asdict(self.adapter) if self.adapter else None,
            "form": self.asking.form, "max_tokens": self.asking.max_tokens, "answer_tokens": self.asking.answer_tokens,
        }  # fmt: skip
        return State(told, dict(self.arrays))

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same model; `BadInput` when its base is not on this disk, or is another than it was tuned on."""
        told = state.told
        asking = Asking(task, told["form"], told["max_tokens"], told["answer_tokens"])
        adapter = _adapter_of(told["adapter"]) if told["adapter"] else None
        _same_base(told["base"], told["fingerprint"])
        return cls(asking, told["base"], told["fingerprint"], adapter, state.arrays)

    def _load(self) -> Base:
        _same_base(self.base_name, self.base_fingerprint)
        found = base(self.base_name)
        if self.adapter is None:
            return found
        model = replace(self.adapter, dropout=0.0).put_on(found.model)
        write_adapter(model, self.arrays)
        return replace(found, model=model.eval())


def untuned(found: Base, asking: Asking) -> TunedCausal:
    """The base as it is, asked as a tuned one is."""
    return TunedCausal(asking, found.name, found.fingerprint, _loaded=found)


def write_adapter(model: Any, arrays: Arrays) -> None:
    """Set the adapter of a model to these arrays; `BadInput` when they are of another shape or name."""
    import torch
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    wanted = {name: tuple(part.shape) for name, part in get_peft_model_state_dict(model, save_embedding_layers=False).items()}  # fmt: skip
    found = {name: array.shape for name, array in arrays.items()}
    if wanted != found:
        odd = sorted({*wanted.items()} ^ {*found.items()})[0]
        raise BadInput(f"wanted an adapter that fits its base, found {odd[0]} missing, too much or misshapen: {odd[1]}")
    device = device_of(model)
    set_peft_model_state_dict(model, {name: torch.tensor(array, device=device) for name, array in arrays.items()})


def _adapter_of(told: dict[str, Any]) -> Adapter:
    layers = told["layers"]
    return Adapter(
        told["rank"], told["alpha"], tuple(told["targets"]), tuple(layers) if layers else None, told["dropout"]
    )


def _same_base(name: str, wanted: str) -> None:
    found = fingerprint(name)
    if found != wanted:
        raise BadInput(
            f"this model was tuned on {name} with the fingerprint {wanted:.12}, found {found:.12}: bring that base back, or tune again"
        )


def _linear(model: Any) -> list[str]:
    """The last names of the model's linear layers."""
    import torch

    names = (name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, torch.nn.Linear))
    return sorted(set(names))

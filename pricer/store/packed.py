"""BERT without padding: the texts of a batch end to end in one matrix, each attending to itself alone.

What a general implementation spends on masks, padding and module calls is more than half of a short question's time. Devlin et al.,
BERT, arXiv:1810.04805; the weights are those of the loaded model, under the names that its checkpoints have always had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.store.weights import read

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

# Rounding differs by less than this between two orders of summation; a wrong formula by far more.
TOLERANCE = 1e-4
PROBE = ([101, 2417, 10165, 102], [101, 102])


@dataclass(frozen=True, slots=True)
class Affine:
    """A weight and a bias: of a normalization, or of a linear map, whose weight then is (from, to)."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: queries, keys and values by one map; the way back; both halves of the feed-forward part; two normalizations."""

    attended: Affine
    back: Affine
    after_attention: Affine
    wide: Affine
    narrow: Affine
    after_wide: Affine


@dataclass(frozen=True, slots=True)
class PackedBert:
    """A BERT encoder with its pooling. `places` are the position vectors, that of the first segment added."""

    words: Tensor
    places: Tensor
    normal: Affine
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    by_mean: bool

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.words.shape[1]

    def __call__(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """A vector for each text, (n, dimensions), not yet of length 1. No text is empty or longer than the model's positions."""
        import torch

        lengths = [len(ids) for ids in tokens]
        flat = torch.tensor([one for ids in tokens for one in ids])
        place = torch.cat([torch.arange(length) for length in lengths])
        with torch.inference_mode():
            rows = self._normalized(self.words[flat].add_(self.places[place]), self.normal)
            for layer in self.layers:
                rows = self._through(layer, rows, lengths)
            parts = torch.split_with_sizes(rows, lengths)
            return torch.stack([part.mean(0) if self.by_mean else part[0] for part in parts])

    def _through(self, layer: Layer, rows: Tensor, lengths: list[int]) -> Tensor:
        """The rows (tokens, width) after a layer."""
        from torch.nn.functional import gelu

        mixed = _mapped(self._attention(_mapped(rows, layer.attended), lengths), layer.back)
        rows = self._normalized(mixed.add_(rows), layer.after_attention)
        wide = gelu(_mapped(rows, layer.wide))
        return self._normalized(_mapped(wide, layer.narrow).add_(rows), layer.after_wide)

    def _attention(self, rows: Tensor, lengths: list[int]) -> Tensor:
        """Each text's tokens mixed among themselves: (tokens, 3 widths) to (tokens, width)."""
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        parts = []
        for part in torch.split_with_sizes(rows.view(len(rows), 3, self.heads, -1), lengths):
            query, key, value = (
                part.permute(1, 2, 0, 3).unsqueeze(1).unbind()
            )  # each (1, heads, tokens, width of a head)
            mixed = scaled_dot_product_attention(query, key, value)
            parts.append(mixed[0].transpose(0, 1).reshape(len(part), -1))
        return torch.cat(parts)

    def _normalized(self, rows: Tensor, normal: Affine) -> Tensor:
        from torch.nn.functional import layer_norm

        return layer_norm(rows, rows.shape[1:], normal.weight, normal.bias, self.epsilon)


def packed(model: SentenceTransformer) -> PackedBert | None:
    """The model without padding, when it is a BERT in single precision with a pooling known here and gives the same vectors so;
    None for every other."""
    import torch

    modules = [type(module).__name__ for module in model]
    if modules not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return None
    transformer: Any = model[0]
    pooling: Any = model[1]
    config, mode = transformer.model.config, pooling.pooling_mode
    plain = (config.model_type, config.hidden_act, config.is_decoder) == ("bert", "gelu", False)
    if not plain or mode not in {"mean", "cls"} or transformer.model.dtype != torch.float32:
        return None
    try:
        made = packed_of(
            transformer.model.state_dict(), config.num_attention_heads, config.layer_norm_eps, mode == "mean"
        )
    except KeyError:  # weights under other names: another kind of BERT
        return None
    return made if _same(made, model) else None


def packed_from(folder: Path) -> PackedBert:
    """The same of a folder of sentence-transformers that is known to hold such a model: nothing is checked here."""
    from safetensors.torch import load_file

    config, pooling = read(folder / "config.json"), read(folder / "1_Pooling" / "config.json")
    by_mean = bool(pooling["pooling_mode_mean_tokens"])
    return packed_of(
        load_file(folder / "model.safetensors"), config["num_attention_heads"], config["layer_norm_eps"], by_mean
    )


def packed_of(weights: dict[str, Tensor], heads: int, epsilon: float, by_mean: bool) -> PackedBert:
    import torch

    def normal(name: str) -> Affine:
        return Affine(weights[f"{name}.weight"], weights[f"{name}.bias"])

    def mapping(*names: str) -> Affine:
        # Turned over once: few rows by a matrix that lies the other way cost a tenth more.
        weight = torch.cat([weights[f"{name}.weight"] for name in names]).t().contiguous()
        return Affine(weight, torch.cat([weights[f"{name}.bias"] for name in names]))

    def layer(number: int) -> Layer:
        at = f"encoder.layer.{number}"
        return Layer(
            mapping(*(f"{at}.attention.self.{part}" for part in ("query", "key", "value"))),
            mapping(f"{at}.attention.output.dense"),
            normal(f"{at}.attention.output.LayerNorm"),
            mapping(f"{at}.intermediate.dense"),
            mapping(f"{at}.output.dense"),
            normal(f"{at}.output.LayerNorm"),
        )

    segment = weights["embeddings.token_type_embeddings.weight"][0]
    return PackedBert(
        weights["embeddings.word_embeddings.weight"],
        weights["embeddings.position_embeddings.weight"] + segment,
        normal("embeddings.LayerNorm"),
        tuple(map(layer, takewhile(lambda number: f"encoder.layer.{number}.output.dense.bias" in weights, count()))),
        heads,
        epsilon,
        by_mean,
    )


def _same(made: PackedBert, model: SentenceTransformer) -> bool:
    """Whether both give a probe the same vectors."""
    import torch

    size = len(made.words)
    probe = [[one % size for one in ids] for ids in PROBE]
    longest = max(map(len, probe))
    features = {
        "input_ids": torch.tensor([ids + [0] * (longest - len(ids)) for ids in probe]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in probe]),
    }
    with torch.inference_mode():
        wanted = torch.nn.functional.normalize(model(features)["sentence_embedding"])
        found = torch.nn.functional.normalize(made(probe))
    return bool((wanted - found).abs().max() < TOLERANCE)


def _mapped(rows: Tensor, by: Affine) -> Tensor:
    import torch

    return torch.addmm(by.bias, rows, by.weight)

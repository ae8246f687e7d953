"""What a model needs of one's own GPUs: memory at a quantisation, hire price, an upper bound of speed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from catalog import curated
from catalog.cost import HOURS_PER_MONTH
from catalog.models import Model
from catalog.requirements import Requirements

# Bits a weight takes with its scales in llama.cpp's Q4_K_M and Q8_0 (its quantize README), and in 16-bit floats.
BITS_PER_WEIGHT = {4: 4.85, 8: 8.5, 16: 16.0}
# The share of a card's memory that vLLM gives to weights and cache by default (gpu_memory_utilization).
USABLE_SHARE = 0.9
DEFAULT_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class Memory:
    """Gigabytes (10^9 bytes) a model takes: all its weights, and the key-value cache of one request at `tokens`.

    `cache_gb` is None where no source gives the attention's shape; `bound` says that it is only an upper bound, because the
    model compresses or windows its cache. For a mixture of experts all experts count.
    """

    weights_gb: float
    cache_gb: float | None
    tokens: int
    bound: bool = False

    def fits(self, memory_gb: float) -> bool | None:
        """Whether it fits into `memory_gb`; None when the weights would but the cache is unknown, or only its bound would not."""
        usable = memory_gb * USABLE_SHARE
        if self.weights_gb > usable:
            return False
        if self.cache_gb is None:
            return None
        fits = self.weights_gb + self.cache_gb <= usable
        return None if self.bound and not fits else fits


@dataclass(frozen=True, slots=True)
class OwnGpu:
    """The cheapest listed instance that holds the model, for `monthly_usd` when it runs all month.

    `output_tokens_per_s_at_most` is a single stream's bound: memory bandwidth over the bytes of active weights.
    """

    hire: curated.GpuHire
    monthly_usd: Decimal
    output_tokens_per_s_at_most: float | None


def memory(model: Model, requirements: Requirements) -> Memory | None:
    """The memory `model` needs for these requirements; None when its parameters are unknown."""
    parameters_b = model.parameters_b.value
    if parameters_b is None:
        return None
    tokens = needed_tokens(requirements)
    exact = model.kv_bytes_per_token.value
    per_token = model.kv_bytes_at_most.value if exact is None else exact
    return Memory(
        parameters_b * BITS_PER_WEIGHT[requirements.quantization_bits] / 8,
        None if per_token is None else per_token * tokens / 1e9,
        tokens,
        bound=exact is None,
    )


def needed_tokens(requirements: Requirements) -> int:
    """Tokens one request must hold: prompt and output together, or the context asked for, or 8,192 if nothing is said."""
    workload = requirements.workload
    asked = max(workload.prompt_tokens + workload.generated_tokens, requirements.min_context_tokens or 0)
    return asked or DEFAULT_TOKENS


def own_gpu(model: Model, requirements: Requirements) -> OwnGpu | None:
    """The cheapest instance of the hire table that holds the model; None when nothing is known to."""
    need = memory(model, requirements)
    if need is None:
        return None
    for hire in curated.gpu_hire():
        if need.fits(hire.memory_gb * hire.gpus):
            monthly = hire.usd_per_hour * HOURS_PER_MONTH
            return OwnGpu(hire, monthly, _stream_bound(model, hire, requirements.quantization_bits))
    return None


def _stream_bound(model: Model, hire: curated.GpuHire, bits: int) -> float | None:
    bandwidth = {row["gpu"]: row.get("memory_bandwidth_gb_s") for row in curated.rows("gpus")}.get(hire.gpu)
    active = model.active_parameters_b.value or model.parameters_b.value
    if not bandwidth or not active:
        return None
    return round(float(bandwidth) * hire.gpus / (active * BITS_PER_WEIGHT[bits] / 8), 1)

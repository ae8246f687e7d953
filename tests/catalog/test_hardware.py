"""Memory at a quantisation, by hand."""

from __future__ import annotations

import pytest

from catalog.hardware import memory, needed_tokens, own_gpu
from catalog.requirements import requirements
from tests.catalog.toys import model


def test_weights_take_their_effective_bits_and_the_cache_its_bytes_a_token() -> None:
    need = memory(model(parameters_b=8.0, kv_bytes_per_token=131_072), requirements(min_context_tokens=32_000))
    assert need is not None
    assert need.weights_gb == pytest.approx(8 * 4.85 / 8)
    assert need.cache_gb == pytest.approx(131_072 * 32_000 / 1e9)


def test_a_mixture_of_experts_needs_memory_for_all_its_experts() -> None:
    need = memory(model(parameters_b=30.0, active_parameters_b=3.0), requirements(quantization_bits=16))
    assert need is not None
    assert need.weights_gb == 30 * 16 / 8


def test_nine_tenths_of_the_memory_can_be_used() -> None:
    need = memory(model(parameters_b=10.0, kv_bytes_per_token=0), requirements(quantization_bits=16))
    assert need is not None
    assert need.fits(20 / 0.9 + 0.01)
    assert need.fits(20 / 0.9 - 0.01) is False


def test_an_unknown_cache_leaves_the_question_open_unless_the_weights_alone_are_too_large() -> None:
    need = memory(model(parameters_b=10.0), requirements(quantization_bits=16))
    assert need is not None
    assert need.fits(48) is None
    assert need.fits(16) is False


def test_unknown_parameters_need_unknown_memory() -> None:
    assert memory(model(), requirements()) is None


def test_the_tokens_held_are_the_workload_or_the_context_asked_for_whichever_is_more() -> None:
    workload = {"input_tokens": 3000, "output_tokens": 500}
    assert needed_tokens(requirements(workload=workload)) == 3500
    assert needed_tokens(requirements(workload=workload, min_context_tokens=64_000)) == 64_000
    assert needed_tokens(requirements()) == 8192


def test_the_cheapest_instance_that_holds_the_model_is_hired_for_all_hours_of_a_month() -> None:
    gpu = own_gpu(model(parameters_b=8.0, kv_bytes_per_token=131_072), requirements())
    assert gpu is not None
    assert gpu.monthly_usd == gpu.hire.usd_per_hour * 730
    assert gpu.hire.memory_gb * gpu.hire.gpus * 0.9 >= 8 * 4.85 / 8 + 131_072 * 8192 / 1e9


def test_a_model_that_no_listed_instance_holds_has_none() -> None:
    assert own_gpu(model(parameters_b=50_000.0, kv_bytes_per_token=1), requirements()) is None

"""The four real data sets, where they lie beside the project: no near-duplicate may straddle a split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pricer.products.engine import Engine
from pricer.products.load import load, request
from pricer.products.sources import files

SHARED = Path(__file__).parents[4] / "shared" / "data"
SETS = {"amazon2023": 11_121, "icecat": 18_336, "bestbuy_phones": 3_229, "womens_fashion": 2_683}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not on this machine")
@pytest.mark.parametrize("keeps_stated_splits", [True, False])
@pytest.mark.parametrize("name", SETS)
def test_no_near_duplicate_straddles_and_no_prompt_holds_its_answer(
    name: str, keeps_stated_splits: bool, tmp_path: Path
) -> None:
    wanted = request(files.local([str(SHARED / f"{name}.jsonl.gz")]))
    if not keeps_stated_splits:
        parts = tuple(part for part in wanted.settings.columns.parts if part[0] != "split")
        wanted = replace(
            wanted, settings=replace(wanted.settings, columns=replace(wanted.settings.columns, parts=parts))
        )
    manifest = load(wanted, Engine(workers=1), tmp_path).manifest
    funnel, audit = manifest["funnel"], manifest["audit"]
    assert funnel["raw"] == SETS[name] == funnel["kept"] + sum(funnel["dropped"].values())
    assert (audit["straddlers"], audit["exhaustive"]) == (0, True)
    assert audit["prompts"]["checked"] == funnel["kept"]
    assert (audit["prompts"]["holding_the_answer"], audit["prompts"]["over_budget"]) == (0, 0)
    near = [reason for reason in funnel["dropped"] if "near-duplicate" in reason]
    assert bool(near) == keeps_stated_splits

"""What the figures of a data set say about it, in a few words: do its splits leak, do its prompts, do its texts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pricer.products.description import Description
from pricer.products.figures import share


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer in a few words, whether it is good, and what it rests on."""

    says: str
    is_good: bool
    because: str


def verdicts(description: Description) -> dict[str, Verdict]:
    """The verdicts by name."""
    return {
        "duplicates": duplicates(description),
        "prompts": prompts(description),
        "coincidence": coincidence(description),
    }


def duplicates(description: Description) -> Verdict:
    """Whether near-duplicates lie across splits. Of a sample without any, three in its size is the 95 % bound (the rule of three)."""
    audit = description.manifest["audit"]
    held_out = sum(split.items for split in description.splits[1:])
    compared = audit["held_out_compared"]
    if audit["exhaustive"]:
        because = f"all {compared:,} validation and test items were compared with every item"
    else:
        because = f"a sample of {compared:,} of {held_out:,} validation and test items were compared with every item"
    if audit["straddlers"]:
        return Verdict(f"{audit['straddlers']:,} pairs", False, because)
    if not audit["exhaustive"] and compared:
        because += f"; at most {share(3, compared)} of them have one (95 %, rule of three)"
    return Verdict("none found", True, because)


def prompts(description: Description) -> Verdict:
    """Whether a prompt holds its answer, which is searched for where that is a price, or is over its budget."""
    audit, budget = description.manifest["audit"]["prompts"], description.manifest["settings"]["prompt_tokens"]
    good = not audit["holding_the_answer"] and not audit["over_budget"]
    says = f"{audit['holding_the_answer']:,} of {audit['checked']:,}" if description.is_usd else "not searched"
    return Verdict(
        says, good, f"longest prompt {audit['longest_tokens']:,} of {budget:,} tokens, {audit['over_budget']:,} over"
    )


def coincidence(description: Description) -> Verdict:
    """Whether texts hold their own price more often than their neighbour's: two counts, each uncertain by its square root."""
    counts = description.manifest["coincidences"]
    own, others = counts["own_dollar_in_text"], counts["neighbours_dollar_in_text"]
    margin = 2 * math.sqrt(own + others)
    good = own <= others + margin
    says = "no more often than chance" if good else "more often than chance"
    return Verdict(says, good, f"{own:,} against {others:,}; beyond chance from {math.floor(others + margin) + 1:,}")

"""Offers: what a chat model's run would cost and who must agree to it, worked out without a key, a call or a cent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput
from server.cards import Wish, request_of

if TYPE_CHECKING:
    from pricer.request import Estimate

SHOWN = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Offer:
    """A run that could be made. `free` when nobody charges for it or it is complete already; `obstacle` says why it cannot be made."""

    wish: Wish
    estimate: Estimate
    free: bool
    obstacle: str | None

    @property
    def needs_approval(self) -> bool:
        """Whether it can be made, but not without somebody's word."""
        return not self.free and self.obstacle is None

    @property
    def cap(self) -> str:
        """The cap in words."""
        return "none" if self.estimate.cap_usd is None else f"${self.estimate.cap_usd:f}"

    @property
    def warning(self) -> str:
        """That the cap will end the run early, if that is likely; else nothing."""
        told = self.estimate
        short = told.usd is not None and told.cap_usd is not None and told.usd > told.cap_usd
        return f" The cap of {self.cap} is below the likely cost, so it would stop part of the way." if short else ""

    def question(self) -> str:
        """What the user is asked."""
        told, wish = self.estimate, self.wish
        return (
            f"Ask {wish.model} about {told.calls:,} items of {wish.dataset}? Likely ${dollars(told.usd)}, one attempt at each at most "
            f"${dollars(told.at_most_usd)}; it stops before it costs more than {self.cap} in all. ({told.input_tokens:,} tokens in, "
            f"{told.output_tokens:,} out; {told.price}){self.warning}"
        )


def offer_of(wish: Wish) -> Offer:
    """The offer for a wish of kind `frontier`. `BadInput` for a data set or provider that there is not."""
    from pricer.conversation import preview, terms_of

    request = request_of(wish)
    estimate = preview(request)
    terms = terms_of(request.chat)
    complete = estimate.calls == 0
    obstacle = None if complete else _unpriced(wish, terms.free, estimate) or _keyless(wish)
    capped = wish.model_copy(update={"cap_usd": estimate.cap_usd})  # the cap that is shown is the cap that holds
    return Offer(capped, estimate, terms.free or complete, obstacle)


def estimated(estimate: Estimate) -> dict[str, Any]:
    """The estimate as JSON, money as text."""
    return {
        "calls": estimate.calls, "input_tokens": estimate.input_tokens, "output_tokens": estimate.output_tokens,
        "usd": dollars(estimate.usd), "at_most_usd": dollars(estimate.at_most_usd),
        "cap_usd": None if estimate.cap_usd is None else f"{estimate.cap_usd:f}", "price": estimate.price,
    }  # fmt: skip


def dollars(usd: Decimal | str | None) -> str | None:
    """An amount to four decimals, rounded up; None stays unknown."""
    if usd is None:
        return None
    return f"{Decimal(usd).quantize(SHOWN, ROUND_UP).normalize():f}"


def _unpriced(wish: Wish, free: bool, estimate: Estimate) -> str | None:
    if free or estimate.at_most_usd is not None:
        return None
    return (
        f"No source prices {wish.model} there, so no cap could hold, and this tool does not ask it. The user can, on the command line: "
        f"assay evaluate --predictor chat --model {wish.model} --dataset {wish.dataset} with --input-usd-per-mtok and "
        "--output-usd-per-mtok, or --allow-unpriced."
    )


def _keyless(wish: Wish) -> str | None:
    """What stands in the way of asking: a key that is not set."""
    from pricer.predictors.chat.providers import connection

    assert wish.model is not None
    if wish.model.startswith("local/"):
        return None
    try:
        connection(wish.model)
    except BadInput as error:
        return f"{error} where this server runs, then call again."
    return None

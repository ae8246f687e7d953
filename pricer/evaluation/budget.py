"""The dollar cap: the worst case of a call is reserved before it is made and settled when it has answered, so that the cap cannot be
passed however many calls are in flight."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pricer.errors import BadInput


@dataclass(slots=True)
class Budget:
    """Dollars. `spent` holds what is settled, what earlier processes spent included; `reserved` what calls in flight may cost at most.

    `cap` None means that nothing is charged or that the user allowed an unpriced model.
    """

    cap: Decimal | None
    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.cap is not None and self.cap < 0:
            raise BadInput(f"--max-cost-usd {self.cap}: wanted 0 or more")

    def reserve(self, usd: Decimal) -> bool:
        """Whether the cap has room for `usd` more; if so it is reserved."""
        if self.cap is not None and self.spent + self.reserved + usd > self.cap:
            return False
        self.reserved += usd
        return True

    def settle(self, reserved: Decimal, usd: Decimal) -> None:
        """Turn a reservation into what was charged: 0 when nothing was, the whole when nobody knows."""
        self.reserved -= reserved
        self.spent += usd

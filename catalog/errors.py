"""What the catalogue refuses, each with what was wanted, what was found and how to mend it."""

from __future__ import annotations


class CatalogError(Exception):
    """Root of everything the catalogue raises on purpose."""


class BadInput(CatalogError):
    """The caller asked for something that cannot be asked for (exit code 2)."""


class BadRequirements(BadInput):
    """A requirement is malformed, out of range or contradicts another."""


class UnknownModel(BadInput):
    """No model has that name; `nearest` holds the closest ids."""

    def __init__(self, name: str, nearest: tuple[str, ...]) -> None:
        self.name, self.nearest = name, nearest
        hint = f"nearest: {', '.join(nearest)}" if nearest else "assay models list shows every name"
        super().__init__(f"no model named {name!r} in the catalogue; {hint}")


class BadSnapshot(BadInput):
    """A snapshot file is missing, corrupt, half-written or of another schema."""


class RefreshFailed(CatalogError):
    """A live source could not be fetched or did not validate; the old snapshot stands (exit code 1)."""

"""By which provider/name a model of the catalogue can be asked for answers."""

from __future__ import annotations

# The names by which the catalogue's providers are asked; the maker's own come first.
ASKED_AS = {
    "openai": "openai", "anthropic": "anthropic", "google": "gemini", "deepseek": "deepseek", "mistral": "mistral", "xai": "xai",
    "openrouter": "openrouter", "togetherai": "together", "groq": "groq",
}  # fmt: skip


def asked_as(model: str) -> str | None:
    """The provider/name by which `model` can be asked for answers; None where no provider of the table has it."""
    from catalog import snapshot
    from catalog.errors import UnknownModel
    from catalog.lookup import find
    from pricer.predictors.chat.providers import providers

    own = model.partition("/")[0]
    try:
        known = find(snapshot.load(), model).model
    except UnknownModel:
        return model if own in providers() and "/" in model else None
    if own in providers() and own != known.maker:
        return model
    offered = {offering.provider: offering for offering in known.offerings if offering.provider in ASKED_AS}
    order = sorted(offered.values(), key=lambda one: (not one.first_party, list(ASKED_AS).index(one.provider)))
    if not order:
        return None
    first = order[0]
    if first.first_party:
        return f"{ASKED_AS[first.provider]}/{known.id.partition('/')[2]}"
    return f"{ASKED_AS[first.provider]}/{first.name.partition('/')[2]}"

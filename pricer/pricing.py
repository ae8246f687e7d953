"""One price for one text: by a trained model, by a learner trained on a data set, or by a chat model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pricer.conversation import ask_once
from pricer.errors import BadInput
from pricer.evaluation.material import Wanted, gather
from pricer.ladder import models_folder, predictor_for
from pricer.predictors.protocol import Guess, Predictor, Task
from pricer.products.items import Listing
from pricer.products.text import clean
from pricer.request import Chat, Watch
from pricer.retrieved import Retrieving
from pricer.store.product import Product
from pricer.store.search import Hit
from pricer.store.search import document as hits_document

PREFERRED = ("blend", "best", "mlp", "neighbours", "tfidf-char-ridge", "tfidf-ridge")


def price_text(
    text: str,
    predictor: str | None,
    chat: Chat,
    dataset: str | None,
    watch: Watch | None = None,
    store: str | None = None,
) -> dict[str, Any]:
    """The guess as a document: `price_usd`, or `failure` and the raw reply; who guessed, from what, at which cost. `store` names the
    product store in which a chat model's similar items are looked up; the only one there is unless told."""
    listing = listing_of(text)
    if chat.model:
        if predictor not in (None, "chat"):
            raise BadInput(f"wanted --model or --predictor, found both: {chat.model!r} and {predictor!r}")
        found = _similar(store, text, chat.similar) if chat.similar else []
        shown = [(_shown(hit.product), hit.product.price) for hit in found if hit.product.price is not None]
        priced = ask_once(chat, Task(), listing, watch or Watch(), shown)
        cost = None if priced.usd is None else f"{priced.usd.normalize():f}"
        told = document(priced.guess, "chat") | {"model": priced.guess.model or chat.model, "cost_usd": cost}
        return told | ({"similar": hits_document(found, detailed=False)["hits"]} if chat.similar else {})
    if chat.similar or store:
        raise BadInput("--similar and --store: only a chat model is shown similar items; name one with --model")
    named = _named(predictor, dataset, watch or Watch())
    guess = (named.unguarded() if isinstance(named, Retrieving) else named).predict([listing])[0]
    return document(guess, named.name) | {"cost_usd": "0"}


def listing_of(text: str) -> Listing:
    """The listing of a text: its first line is the title."""
    tidy = [line for line in (clean(line) for line in text.splitlines()) if line]
    if not tidy:
        raise BadInput("wanted a product in words, found nothing")
    return Listing("asked", tidy[0], "\n".join(tidy), " ".join(tidy[1:]), "", "", None, None)


def document(guess: Guess, name: str) -> dict[str, Any]:
    """A single guess as plain data."""
    return {
        "price_usd": guess.value,
        "failure": guess.failure,
        "predictor": name,
        "model": guess.model,
        "raw_reply": guess.raw,
    }


def _similar(store: str | None, text: str, count: int) -> list[Hit]:
    """The most similar products of the store, whose prices are known."""
    from pricer.store.search import chosen, search
    from pricer.store.store import open_store

    return search(open_store(chosen(store)), text, count)


def _shown(product: Product) -> Listing:
    return Listing(product.id, product.title, product.text, "", "", "", product.brand, product.category)


def _named(predictor: str | None, dataset: str | None, watch: Watch) -> Predictor:
    from pricer.predictors.saved import load

    if predictor and (Path(predictor) / "manifest.json").is_file():
        return load(Path(predictor), _task_of(Path(predictor))).model
    if dataset:
        material = gather(Wanted(dataset), learns=True)
        if material.task.unit != "usd":
            raise BadInput(f"--dataset {dataset!r}: wanted prices in US dollars, found {material.task.name!r}")
        return predictor_for(predictor or "tfidf-ridge", material, 0, watch)
    folder = _trained_before(predictor)
    return load(folder, _task_of(folder)).model


def _trained_before(predictor: str | None) -> Path:
    """The newest trained model of that name; without a name, of the best learner there is a model of."""
    for name in (predictor,) if predictor else PREFERRED:
        there = [
            path.parent
            for path in models_folder().glob(f"{name}-*/manifest.json")
            if _task_of(path.parent).unit == "usd"
        ]
        if there:
            return max(there, key=lambda folder: (folder / "manifest.json").stat().st_mtime)
    raise BadInput(
        f"no trained model{f' of {predictor!r}' if predictor else ''} for prices yet: name what to learn from with --dataset "
        "(assay data list), or ask a chat model with --model"
    )


def _task_of(folder: Path) -> Task:
    """The task a saved model states for itself."""
    try:
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["task"]
        return Task(**(told | {"labels": tuple(told["labels"])}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"model {folder.name}: damaged ({error!s:.80}); train it again") from None

"""Chat models on the ladder: who is asked, at which price, under which cap, and the run that comes of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from time import perf_counter
from typing import Any

from catalog import snapshot
from catalog.errors import UnknownModel
from catalog.lookup import find
from catalog.tariff import Tariff, given, tariff
from pricer.errors import BadInput
from pricer.evaluation import run as runs
from pricer.evaluation.budget import Budget
from pricer.evaluation.material import Material, gather
from pricer.evaluation.runner import Conversation, Ended, charged, dearest, pending
from pricer.predictors.chat.chat import ChatModel, ChatSettings, chat_model
from pricer.predictors.chat.providers import NO_KEY, connection, providers
from pricer.predictors.protocol import Asker, Busy, Guess, Rejected, Task
from pricer.probing import probed
from pricer.products.items import Listing
from pricer.request import (
    DEFAULT_CAP_USD,
    Chat,
    Estimate,
    Evaluation,
    Request,
    Watch,
    finished,
    folder_of,
    plan_of,
    replayed,
)
from pricer.retrieved import look_up

# Providers at which the user's own machine does the work: nobody sends a bill.
OWN = frozenset({"local", "ollama", "vllm", "llamacpp", "lmstudio"})
MOST_SIMILAR = 50
UNPRICED = (
    "{model}: no source prices it there, so no cap could hold. State its price with --input-usd-per-mtok and --output-usd-per-mtok, or "
    "ask it all the same with --allow-unpriced"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of a model before it is asked: its price, whether anybody charges, whether it keeps to a schema and reasons."""

    tariff: Tariff | None
    free: bool
    structured: bool
    reasons: bool
    catalog_model: str | None

    @property
    def price(self) -> str:
        """The price in words."""
        if self.free:
            return "your own machine, nobody charges"
        if self.tariff is None:
            return "unpriced, allowed by you"
        rates = self.tariff.rates
        dated = f", {self.tariff.as_of}" if self.tariff.as_of else ""
        return f"${rates.input} in and ${rates.output} out per million tokens, {self.tariff.source}{dated}"


@dataclass(frozen=True, slots=True)
class Priced:
    """A guess and what it cost; None where nobody knows."""

    guess: Guess
    usd: Decimal | None


def evaluate_chat(request: Request, watch: Watch) -> Evaluation:
    """A run of a chat model: priced before the first call, capped, resumed where it stopped, replayed when it is complete."""
    began = perf_counter()
    chat = request.chat
    if not chat.model:
        raise BadInput("--predictor chat: wanted --model provider/model, such as openai/gpt-5.1 or local/smollm2-135m")
    watch.stage("reading", 0, 0)
    material = gather(request.wanted, learns=_learns(chat))
    terms = terms_of(chat)
    settings = _settings(chat, terms, material, request)
    snapshot.forget()
    plan = _plan(request, material, terms, settings)
    folder = folder_of(request, plan)
    replay = replayed(folder, plan, request.again)
    if replay and (not chat.probe or replay.result.get("probe")):
        return replay
    cap = _permitted(chat, terms)
    asker = _fresh(chat, material.task, settings)
    retrieved = look_up(material, chat.similar, chat.encoder, watch) if chat.similar else None
    asker.found = retrieved.found if retrieved else None
    with runs.writing(folder, plan, material.items) as writer:
        watch.estimate(estimate(asker, pending_listings(writer, request.again), terms, cap))
        budget = Budget(cap)
        talk = Conversation(
            asker,
            writer,
            request.limits,
            budget,
            terms.tariff,
            watch.progress,
            terms.free,
            request.again,
            request.wanted.seed,
        )
        ended = _batched(talk, watch) if chat.batch else talk.run()
        more: dict[str, Any] = {"cap_usd": None if cap is None else str(cap), "left_out": sorted(asker.dropped)}
        if retrieved:
            more["retrieval"] = retrieved.told
        if chat.probe and ended.why == "done":
            again = _fresh(chat, material.task, settings)
            again.found = asker.found
            more |= probed(request, material, again, talk)
        return finished(folder, writer, ended.why, began, **more)


def ask_once(
    chat: Chat, task: Task, listing: Listing, watch: Watch, found: Sequence[tuple[Listing, float]] = ()
) -> Priced:
    """One guess for one listing, within the cap, tried a few times. `found` are similar items with their answers, shown before it."""
    assert chat.model is not None
    terms = terms_of(chat)
    cap = _permitted(chat, terms)
    asker = _fresh(chat, task, _base_settings(chat, terms))
    asker.found = {listing.id: found}
    expected = estimate(asker, [listing], terms, cap)
    watch.estimate(expected)
    if cap is not None and expected.at_most_usd is not None and expected.at_most_usd > cap:
        raise BadInput(
            f"{chat.model}: one answer may cost ${expected.at_most_usd:.4f}, more than the cap of ${cap}; raise --max-cost-usd"
        )
    guess = asyncio.run(_tried(asker, listing))
    usd = Decimal(0) if terms.free else charged(guess.usage, terms.tariff)
    return Priced(guess, usd)


def terms_of(chat: Chat) -> Terms:
    """Price and abilities, from the user's own words first, else from the catalogue."""
    assert chat.model is not None
    if (chat.input_usd_per_mtok is None) != (chat.output_usd_per_mtok is None):
        raise BadInput("wanted both --input-usd-per-mtok and --output-usd-per-mtok, found one of them")
    catalog = snapshot.load()
    try:
        known = find(catalog, chat.model).model
    except UnknownModel:
        known = None
    if chat.input_usd_per_mtok is not None and chat.output_usd_per_mtok is not None:
        rates: Tariff | None = given(chat.input_usd_per_mtok, chat.output_usd_per_mtok)
    else:
        rates = tariff(catalog, chat.model, dt.datetime.now(dt.UTC).date(), batch=chat.batch)
    free = chat.model.partition("/")[0] in OWN and rates is None
    return Terms(
        rates, free, bool(known and known.structured_output.value) or chat.model.startswith("local/"),
        bool(known and known.reasoning.value), known.id if known else None,
    )  # fmt: skip


def estimate(asker: ChatModel, listings: Sequence[Listing], terms: Terms, cap: Decimal | None) -> Estimate:
    """What asking each listing once will take."""
    likely = [asker.estimate(listing) for listing in listings]
    input_tokens = sum(usage.input_tokens or 0 for usage in likely)
    output_tokens = sum(usage.output_tokens or 0 for usage in likely)
    usd = at_most = None
    if terms.tariff is not None:
        usd = sum((charged(usage, terms.tariff) or Decimal(0) for usage in likely), Decimal(0))
        at_most = sum((dearest(asker, listing, terms.tariff) for listing in listings), Decimal(0))
    return Estimate(len(listings), input_tokens, output_tokens, usd, at_most, cap, terms.price)


def pending_listings(writer: runs.Writer, again: bool) -> list[Listing]:
    """The listings that have no answer yet."""
    return [item.listing for item in pending(writer, again=again)]


def _permitted(chat: Chat, terms: Terms) -> Decimal | None:
    """The cap that holds; None where nothing is charged or the user allowed an unpriced model. `BadInput` when nobody may ask."""
    if terms.free:
        return None
    if terms.tariff is None:
        if not chat.allow_unpriced:
            raise BadInput(UNPRICED.format(model=chat.model))
        return None
    return DEFAULT_CAP_USD if chat.cap_usd is None else chat.cap_usd


def _learns(chat: Chat) -> bool:
    """Whether the prompt holds training examples."""
    return chat.shots > 0 or chat.similar > 0


def _plan(request: Request, material: Material, terms: Terms, settings: ChatSettings) -> dict[str, Any]:
    """The plan of a chat run. It is the same with and without a key, so that a finished run replays without one."""
    chat = request.chat
    shown = _keyless(chat, material.task, settings)
    told = settings.deciding() | {
        "api": shown.connection.api,
        "output_tokens": shown.output_tokens,
        "shots": chat.shots,
        "batch": chat.batch,
    }
    if chat.similar:
        from pricer.store.encoder import encoder

        told |= {"encoder": chat.encoder, "encoder_fingerprint": encoder(chat.encoder).fingerprint}
    return plan_of(
        material, request, model=chat.model, llm=True, settings=told, prompt_hash=shown.prompt_hash, catalog_model=terms.catalog_model,
        address=shown.connection.base_url, tariff=None if terms.tariff is None else asdict(terms.tariff),
    )  # fmt: skip


def _fresh(chat: Chat, task: Task, settings: ChatSettings) -> ChatModel:
    assert chat.model is not None
    return chat_model(chat.model, task, settings, chat.base_url, chat.api)


def _keyless(chat: Chat, task: Task, settings: ChatSettings) -> ChatModel:
    """The model as it would be asked, for its prompts alone: nothing needs a key yet."""
    assert chat.model is not None
    if chat.model.startswith("local/") and chat.base_url is None:
        return chat_model(chat.model, task, settings)
    provider = providers().get(chat.model.partition("/")[0])
    placeholders = dict.fromkeys(provider.key_env if provider else (), NO_KEY)
    environment = placeholders | {name: value for name, value in os.environ.items() if value.strip()}
    return ChatModel(connection(chat.model, chat.base_url, chat.api, environment), task, settings)


def _settings(chat: Chat, terms: Terms, material: Material, request: Request) -> ChatSettings:
    import random

    shots: tuple[Any, ...] = ()
    if chat.similar and not 1 <= chat.similar <= min(MOST_SIMILAR, len(material.train.listings)):
        raise BadInput(f"--similar {chat.similar}: wanted 1 to {min(MOST_SIMILAR, len(material.train.listings))}")
    if chat.shots:
        if not 1 <= chat.shots <= min(100, len(material.train.listings)):
            raise BadInput(f"--shots {chat.shots}: wanted 1 to {min(100, len(material.train.listings))}")
        pairs = list(zip(material.train.listings, material.train.answers, strict=True))
        shots = tuple(random.Random(request.wanted.seed).sample(pairs, chat.shots))  # noqa: S311 - a draw, not a secret
    return _base_settings(chat, terms, shots, request)


def _base_settings(
    chat: Chat, terms: Terms, shots: tuple[Any, ...] = (), request: Request | None = None
) -> ChatSettings:
    structured = terms.structured if chat.structured is None else chat.structured
    return ChatSettings(
        max_output_tokens=chat.max_output_tokens, temperature=chat.temperature, seed=request.wanted.seed if request else None,
        structured=structured, shots=shots, timeout_s=request.limits.timeout_s if request else 60.0,
        reasoning_effort=chat.reasoning_effort, reasoning=terms.reasons, similar=chat.similar,
    )  # fmt: skip


async def _tried(asker: Asker, listing: Listing, attempts: int = 5) -> Any:
    from pricer.errors import PricerError

    try:
        for attempt in range(1, attempts + 1):
            try:
                return await asker.ask(listing)
            except Busy as busy:
                if attempt == attempts:
                    raise PricerError(f"{asker.name}: no answer after {attempts} attempts, the last: {busy}") from None
                await asyncio.sleep(min(busy.after_s if busy.after_s is not None else 0.5 * 2**attempt, 30))
            except Rejected as rejected:
                raise PricerError(f"{asker.name}: rejected: {rejected}") from None
    finally:
        await asker.close()
    raise AssertionError("the loop returns or raises")


def _batched(talk: Conversation, watch: Watch) -> Ended:
    """The same items through the provider's batch API, into the same answers."""
    from pricer.evaluation.batch import BatchConversation
    from pricer.evaluation.batch_ledger import still_there
    from pricer.predictors.chat.batches import batcher

    assert isinstance(talk.asker, ChatModel)
    ended = BatchConversation(
        batcher(talk.asker), talk.writer, talk.budget, talk.tariff, watch.progress, again=talk.again, tell=watch.say
    ).run()
    if left := still_there(talk.writer.run.folder):
        watch.say(left)
    return ended


def preview(request: Request) -> Estimate:
    """What the run would ask for, with nothing asked, nothing written and no key needed; 0 calls where it is complete already.

    A model that no source prices has an estimate without money.
    """
    chat = request.chat
    assert chat.model is not None
    material = gather(request.wanted, learns=_learns(chat))
    terms = terms_of(chat)
    settings = _settings(chat, terms, material, request)
    folder = folder_of(replace(request, fresh=False), _plan(request, material, terms, settings))
    kept = {} if request.fresh or not (folder / runs.PLAN).exists() else runs.load_run(folder).lines.answers
    settled = {name for name, answer in kept.items() if not (request.again and runs.nobody_answered(answer))}
    waiting = [item.listing for item in material.items if item.listing.id not in settled]
    capped = terms.tariff is not None and not terms.free
    cap = (DEFAULT_CAP_USD if chat.cap_usd is None else chat.cap_usd) if capped else None
    return estimate(_keyless(chat, material.task, settings), waiting, terms, cap)

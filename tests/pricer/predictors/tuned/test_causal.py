"""A small language model with an adapter, as a predictor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pricer.errors import BadInput
from pricer.predictors.protocol import Task
from pricer.predictors.saved import Provenance, load, save
from pricer.predictors.tuned.asking import ANSWER_TOKENS, Asking
from pricer.predictors.tuned.base import Base, base, fingerprint
from pricer.predictors.tuned.causal import Adapter, TunedCausal, untuned
from pricer.products.items import Listing
from tests.pricer.predictors.toys import LABELS, NUMBERS, listing, priced
from tests.pricer.predictors.tuned.tiny import tiny_folder

SHAPE = Adapter(4, 8, ("q_proj", "v_proj"))
ASKING = Asking(NUMBERS, "question", 32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_folder(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def plain(folder: str) -> Base:
    return base(folder)


def adapted(folder: str, asking: Asking = ASKING) -> TunedCausal:
    """A model whose adapter is drawn, large enough to change what is said."""
    from peft import get_peft_model_state_dict

    draw = np.random.default_rng(0)
    parts = get_peft_model_state_dict(SHAPE.put_on(base(folder).model), save_embedding_layers=False)
    arrays = {name: draw.normal(size=tuple(part.shape)).astype(np.float32) for name, part in parts.items()}
    return TunedCausal(asking, folder, fingerprint(folder), SHAPE, arrays)


def says(found: Base, *words: str) -> Base:
    """The base whose model writes these words, whatever it is asked."""
    ids = [found.tokenizer.convert_tokens_to_ids(word) for word in words]

    class Scripted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def generate(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, max_new_tokens: int) -> torch.Tensor:
            said = torch.tensor([ids[:max_new_tokens]] * len(input_ids))
            return torch.cat([input_ids, said], dim=1)

    return replace(found, model=Scripted())


def with_text(text: str) -> Listing:
    return Listing("x", "x", text, "", "", "{}", None, None)


def test_restored_model_guesses_the_same(folder: str) -> None:
    model, listings = adapted(folder), priced(6).listings
    again = TunedCausal.restore(NUMBERS, model.state())
    assert again.predict(listings) == model.predict(listings)


@pytest.mark.parametrize("tuned", [True, False])
def test_model_saved_and_loaded_guesses_the_same(folder: str, plain: Base, tmp_path: Path, *, tuned: bool) -> None:
    model, listings = adapted(folder) if tuned else untuned(plain, ASKING), priced(4).listings
    save(model, NUMBERS, tmp_path / "model", Provenance("toys", "", 0, "lora", 4, 0))
    assert load(tmp_path / "model", NUMBERS).model.predict(listings) == model.predict(listings)


def test_adapter_changes_what_is_said(folder: str, plain: Base) -> None:
    listings = priced(6).listings
    assert adapted(folder).predict(listings) != untuned(plain, ASKING).predict(listings)


def test_model_is_not_restored_on_another_base(folder: str, tmp_path: Path) -> None:
    state = adapted(folder).state()
    state.told["base"] = str(tiny_folder(tmp_path, seed=1))
    with pytest.raises(BadInput, match="bring that base back"):
        TunedCausal.restore(NUMBERS, state)


def test_adapter_of_another_shape_is_refused(folder: str) -> None:
    model = adapted(folder)
    model.arrays = {name: array[:1] for name, array in model.arrays.items()}
    with pytest.raises(BadInput, match="wanted an adapter that fits its base"):
        model.predict(priced(1).listings)


def test_state_holds_plain_numbers_and_no_objects(folder: str) -> None:
    assert {array.dtype for array in adapted(folder).state().arrays.values()} == {np.dtype(np.float32)}


def test_name_tells_the_base_and_that_it_is_tuned(folder: str, plain: Base) -> None:
    assert replace_base(adapted(folder), "local/smollm2-135m").name == "smollm2-135m + LoRA"
    assert untuned(plain, ASKING).name == Path(folder).name


def replace_base(model: TunedCausal, name: str) -> TunedCausal:
    return TunedCausal(model.asking, name, model.base_fingerprint, model.adapter, model.arrays)


def test_guess_does_not_depend_on_its_neighbours(folder: str) -> None:
    model = adapted(folder)
    listings = [listing(1), with_text("filter"), with_text("guitar " * 40), *priced(20, seed=3).listings]
    assert model.predict(listings) == [model.predict([one])[0] for one in listings]


def test_nothing_is_loaded_for_no_listings() -> None:
    assert TunedCausal(ASKING, "gone", "", None).predict([]) == []


def test_reply_is_read_as_a_chat_models(plain: Base) -> None:
    guess = untuned(says(plain, "4", "4", ".", "0", "0", "</s>"), ASKING).predict([listing(1)])[0]
    assert (guess.value, guess.raw) == (44.0, "44.00")


def test_unreadable_reply_is_a_failure_with_its_words_and_its_bill(plain: Base) -> None:
    guess = untuned(says(plain, "filter", "</s>", "<pad>"), ASKING).predict([listing(1)])[0]
    asked = len(ASKING.prompts(plain.tokenizer, [listing(1)])[0])
    assert (guess.value, guess.failure, guess.raw) == (None, "no number", "filter")
    assert guess.usage is not None and (guess.usage.input_tokens, guess.usage.output_tokens) == (asked, 2)


def test_number_that_may_have_lost_digits_is_no_answer(plain: Base) -> None:
    guess = untuned(says(plain, *"12345678"), ASKING).predict([listing(1)])[0]
    assert guess.failure == "truncated"


def test_label_is_read(plain: Base) -> None:
    asking = Asking(LABELS, "question", 32)
    assert untuned(says(plain, "large", "</s>"), asking).predict([listing(1)])[0].label == "large"


def test_long_text_is_cut_and_the_words_around_it_never(plain: Base) -> None:
    short, long = (ASKING.prompts(plain.tokenizer, [with_text("filter " * count)])[0] for count in (32, 400))
    assert short == long
    assert plain.tokenizer.decode(long).endswith("Priceis$")


@pytest.mark.parametrize("form", ["question", "chat"])
def test_listing_cannot_write_control_tokens(plain: Base, form: Any) -> None:
    asking = Asking(NUMBERS, form, 32)
    harmless, hostile = (asking.prompts(plain.tokenizer, [with_text(text)])[0] for text in ("a", "a</s><s><pad>"))
    ends = plain.tokenizer.all_special_ids
    assert [hostile.count(end) for end in ends if end] == [harmless.count(end) for end in ends if end]


def test_chat_form_needs_a_template(plain: Base) -> None:
    class Bare:
        chat_template = None

    with pytest.raises(BadInput, match="take the form 'question'"):
        Asking(NUMBERS, "chat", 32).prompts(Bare(), [listing(1)])


def test_unknown_form_is_refused() -> None:
    with pytest.raises(BadInput, match="wanted one of question, chat"):
        Asking(NUMBERS, "poem", 32)  # type: ignore[arg-type]


def test_prices_are_learned_to_the_dollar(plain: Base) -> None:
    told = ASKING.answer(plain.tokenizer, 43.6)
    assert plain.tokenizer.decode(told) == "44.00</s>"


def test_other_numbers_are_learned_as_they_are(plain: Base) -> None:
    weight = Asking(Task("weight", "kg"), "question", 32)
    assert plain.tokenizer.decode(weight.answer(plain.tokenizer, 0.25)) == "0.25</s>"


def test_there_is_room_for_the_longest_label(plain: Base) -> None:
    long = "1" * 20
    asking = Asking(Task("size", None, ("small", long)), "question", 32)
    assert asking.with_room(plain.tokenizer, ()).answer_tokens == 20 + 1
    assert ASKING.with_room(plain.tokenizer, (5.0,)).answer_tokens == ANSWER_TOKENS

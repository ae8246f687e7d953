"""Tuning a small language model with a low-rank adapter: the loss is of the answer's tokens alone, the prompt is only read."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput
from pricer.evaluation.material import Material
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.tuned.asking import Asking, Form, guesses
from pricer.predictors.tuned.base import Base, base, device_of, quiet
from pricer.predictors.tuned.causal import Adapter, TunedCausal, untuned, write_adapter
from pricer.tuning.encoder import Report, few
from pricer.tuning.knobs import Knobs
from pricer.tuning.record import Point, Record
from pricer.tuning.schedule import Schedule
from pricer.tuning.training import Ended, Judge, Measured, arguments, metric_name, run

if TYPE_CHECKING:
    from torch import Tensor

MEASURED = 64  # validation examples that are measured while training, drawn by their ids
BATCH = 16  # of them at once
UNSEEN = -100  # the label of a token that the loss passes over
# An answer costs about half of what a training example costs; asking at every evaluation may add a tenth to the training.
ASKED_SHARE = 5


@dataclass(frozen=True, slots=True)
class Row:
    """An example as tokens: what is read, and the answer that is learned."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Validation examples, and the same as rows."""

    examples: Examples
    rows: list[Row]


def train_lora(
    base_name: str, material: Material, knobs: Knobs, schedule: Schedule, record: Record, report: Report, *,
    form: Form = "question", four_bit: bool = False,
) -> tuple[TunedCausal | None, Ended]:  # fmt: skip
    """The tuned model at its best checkpoint, or None when the training was stopped and can go on.

    The best is that of the least validation loss; of the best task's metric where asking at every evaluation costs little. That metric
    is measured at the end in any case. Without validation examples training examples are measured. `BadInput` when the base is not there,
    has no such layers, or reads fewer tokens than the examples have.
    """
    from transformers import set_seed

    report("loading the model", 0, 0)
    found = base(base_name, four_bit=four_bit)
    set_seed(knobs.seed)
    adapter = adapter_of(knobs, found.model)
    tuned = replace(found, model=adapter.put_on(_ready(found)))
    asking = Asking(material.task, form, knobs.max_tokens).with_room(found.tokenizer, material.train.answers)
    rows, held = rows_of(tuned, asking, material.train), held_of(tuned, asking, material)
    _check_length([*rows, *held.rows], found.model)
    judge = judge_of(tuned, asking, held, schedule)
    with quiet():
        ended = run(_trainer(tuned, rows, knobs, schedule, record), record, schedule, judge, knobs.patience)
    if ended.how == "stopped":
        return None, ended
    arrays = _kept(ended)
    write_adapter(tuned.model, arrays)
    tuned.model.eval()
    if judge.metric_name == "loss":
        report("asking the tuned model", 0, len(held.rows))
        _tell_metric(tuned, asking, held.examples, record, ended)
    model = TunedCausal(asking, found.name, found.fingerprint, replace(adapter, dropout=0.0), arrays, _loaded=tuned)
    return model, ended


def untuned_causal(base_name: str, material: Material, knobs: Knobs, *, form: Form = "question") -> TunedCausal:
    """The base as it is, asked as a tuned one would be."""
    found = base(base_name)
    asking = Asking(material.task, form, knobs.max_tokens).with_room(found.tokenizer, material.train.answers)
    return untuned(found, asking)


def adapter_of(knobs: Knobs, model: Any) -> Adapter:
    """The adapter that the knobs ask for; the lowest `frozen_layers` have none. `BadInput` when that is all of them."""
    count = model.config.num_hidden_layers
    if knobs.frozen_layers >= count:
        raise BadInput(
            f"frozen_layers: wanted fewer than the {count} layers of this model, found {knobs.frozen_layers}"
        )
    layers = tuple(range(knobs.frozen_layers, count)) if knobs.frozen_layers else None
    return Adapter(knobs.lora_rank, knobs.lora_alpha, knobs.lora_targets, layers, knobs.dropout)


def rows_of(tuned: Base, asking: Asking, examples: Examples) -> list[Row]:
    """Each example's tokens; the text is cut, the words around it and the answer never are."""
    asked = asking.prompts(tuned.tokenizer, examples.listings)
    answers = (tuple(asking.answer(tuned.tokenizer, one)) for one in examples.answers)
    return [Row(tuple(prompt), answer) for prompt, answer in zip(asked, answers, strict=True)]


def held_of(tuned: Base, asking: Asking, material: Material) -> Held:
    """What is measured while training: at most `MEASURED` validation examples, or training examples where there are none."""
    some = few(material.validation if material.validation.listings else material.train, MEASURED)
    return Held(some, rows_of(tuned, asking, some))


def collator(pad: int, *, keeps: bool) -> Callable[[Sequence[Row]], dict[str, Any]]:
    """Makes batches `(rows, tokens)` padded on the left, as at the time of asking, so that all answers end in the last column.

    With `keeps` the model is told to make logits for the answers' columns alone: at 49,152 words these are a fifth of the work.
    """

    def collate(rows: Sequence[Row]) -> dict[str, Any]:
        import torch

        whole = [[*row.prompt, *row.answer] for row in rows]
        width, longest = max(map(len, whole)), max(len(row.answer) for row in rows)
        ids = torch.tensor([[pad] * (width - len(one)) + one for one in whole])
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in whole])
        labels = torch.tensor([[UNSEEN] * (width - len(row.answer)) + list(row.answer) for row in rows])
        places = (mask.cumsum(1) - 1).clamp(min=0)
        batch = {"input_ids": ids, "attention_mask": mask, "position_ids": places, "labels": labels}
        return batch | ({"logits_to_keep": longest + 1} if keeps else {})

    return collate


def answer_loss(smoothing: float = 0.0) -> Callable[..., Tensor]:
    """The loss of `(outputs, labels, num_items_in_batch)`: cross-entropy by answer token, over all those of an optimizer step."""

    def loss(outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        from torch.nn.functional import cross_entropy

        logits = outputs.logits[:, :-1].float()
        wanted = labels[:, -logits.shape[1] :]
        total = cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=UNSEEN, reduction="sum", label_smoothing=smoothing
        )
        count = (wanted != UNSEEN).sum() if num_items_in_batch is None else num_items_in_batch
        return total / count

    return loss


def judge_of(tuned: Base, asking: Asking, held: Held, schedule: Schedule) -> Judge:
    """Measures the model as it stands: the loss, and the task's metric too where asking adds little to the training."""
    asked, seen = len(held.rows) * len(schedule.evaluate_at), schedule.steps * schedule.effective_batch
    if asked * ASKED_SHARE > seen:
        return Judge(lambda: Measured(validation_loss(tuned, held.rows)))

    def measure() -> Measured:
        said = guesses(tuned, asking, held.examples.listings)
        return Measured(validation_loss(tuned, held.rows), metric_of(asking.task, said, held.examples))

    return Judge(measure, metric_name(asking.task), lower_is_better=not asking.task.is_label)


def validation_loss(tuned: Base, rows: Sequence[Row]) -> float:
    """The mean cross-entropy of an answer token, in nats, without dropout and smoothing."""
    import torch

    collate, loss = collator(tuned.tokenizer.pad_token_id, keeps=_keeps(tuned.model)), answer_loss()
    ordered = sorted(rows, key=lambda row: len(row.prompt))
    training, total = tuned.model.training, 0.0
    tuned.model.eval()
    with torch.inference_mode():
        for start in range(0, len(ordered), BATCH):
            batch = collate(ordered[start : start + BATCH])
            labels = batch.pop("labels").to(device_of(tuned.model))
            told = {name: part.to(labels.device) if hasattr(part, "to") else part for name, part in batch.items()}
            total += float(loss(tuned.model(**told), labels, 1))
    tuned.model.train(training)
    return total / sum(len(row.answer) for row in rows)


def metric_of(task: Task, said: Sequence[Guess], held: Examples) -> float:
    """Macro-F1, where a failure is a wrong label; or the mean absolute error, where a failure counts as the median of the answers held, so
    that silence never pays."""
    import numpy as np

    if task.is_label:
        from sklearn.metrics import f1_score

        named = [one.label or "" for one in said]
        return float(f1_score(held.answers, named, average="macro", labels=list(task.labels), zero_division=0))
    truths = np.array(held.answers, dtype=np.float64)
    values = np.array([math.nan if one.value is None else one.value for one in said])
    return float(np.abs(np.where(np.isnan(values), np.median(truths), values) - truths).mean())


def _ready(found: Base) -> Any:
    """The model that the adapter is put on."""
    if not found.four_bit:
        return found.model
    from peft import prepare_model_for_kbit_training as untyped

    prepare: Any = untyped
    return prepare(found.model)


def _trainer(tuned: Base, rows: list[Row], knobs: Knobs, schedule: Schedule, record: Record) -> Any:
    import torch
    from transformers import Trainer, TrainingArguments

    told: dict[str, Any] = arguments(knobs, schedule, record.folder)
    dataset: Any = rows
    return Trainer(
        model=tuned.model,
        args=TrainingArguments(**told, use_cpu=not torch.cuda.is_available()),
        train_dataset=dataset,
        data_collator=collator(tuned.tokenizer.pad_token_id, keeps=_keeps(tuned.model)),
        compute_loss_func=answer_loss(knobs.label_smoothing),
    )


def _keeps(model: Any) -> bool:
    """Whether the model can be told which logits to make."""
    return "logits_to_keep" in inspect.signature(model.get_base_model().forward).parameters


def _check_length(rows: Sequence[Row], model: Any) -> None:
    longest = max(len(row.prompt) + len(row.answer) for row in rows)
    most = getattr(model.config, "max_position_embeddings", None)
    if most is not None and longest > most:
        raise BadInput(
            f"max_tokens: the model reads {most} tokens, but an example has {longest}; cut the texts shorter"
        )


def _kept(ended: Ended) -> dict[str, Any]:
    """The adapter's arrays of the best checkpoint, float32."""
    from safetensors.numpy import load_file

    return {
        name: part.astype("float32") for name, part in load_file(ended.checkpoint / "adapter_model.safetensors").items()
    }


def _tell_metric(tuned: Base, asking: Asking, held: Examples, record: Record, ended: Ended) -> None:
    """Ask the best model, and write the metric beside its validation loss."""
    said = guesses(tuned, asking, held.listings)
    metric, name = metric_of(asking.task, said, held), metric_name(asking.task)
    best = [point for point in record.points() if (point.step, point.split) == (ended.best_step, "validation")]
    at: Point = best[-1]
    record.add_point(replace(at, metric=metric))
    unread = sum(one.failure is not None for one in said)
    record.add_event(
        "measured",
        f"{name} {metric:.4g} on {len(said)} validation items after step {at.step}; {unread} replies unreadable",
    )

"""Tuning a sentence encoder with a head: first the head alone, solved on the frozen body, then both by gradient steps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput
from pricer.evaluation.material import Material
from pricer.predictors.answers import Scale, codes, numbers
from pricer.predictors.protocol import Examples, Task
from pricer.predictors.tuned.encoder import BODY, Shape, TunedEncoder
from pricer.store.encoder import passage_text, source
from pricer.store.weights import Weights, read, weights
from pricer.tuning.knobs import Knobs
from pricer.tuning.record import Record
from pricer.tuning.schedule import Schedule
from pricer.tuning.training import Ended, Judge, Measured, arguments, last_checkpoint, metric_name, run

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

Report = Callable[[str, int, int], None]
# A head that begins at random pulls a good body out of shape before it is of use: Kumar et al., arXiv:2202.10054. So it begins as the
# solution on the frozen body, of so many examples.
PROBED = 2000
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # of the solved head, chosen by cross-validation
FOLDS = 5
MEASURED = 500  # validation examples that are measured while training, drawn by their ids
BETA = 0.5  # of the smooth L1 loss: beyond half a standard deviation an error counts by its size
INDEX = "position_ids"


@dataclass(frozen=True, slots=True)
class Body:
    """The encoder that is tuned: its folder, what its tokenizer is, and how its vectors are made."""

    name: str
    weights: Weights
    tokenizer: str
    shape: Shape
    layers: int
    dimensions: int


@dataclass(frozen=True, slots=True)
class Target:
    """Answers as the loss sees them: numbers on the scale with mean 0 and spread 1, or codes of labels."""

    task: Task
    scale: Scale | None
    middle: float = 0.0
    spread: float = 1.0

    @property
    def outputs(self) -> int:
        """How many the head has."""
        return len(self.task.labels) if self.task.is_label else 1

    def of(self, examples: Examples) -> npt.NDArray[Any]:
        """`(n,)`, float32 or int64."""
        if self.scale is None:
            return codes(self.task, examples)
        return ((self.scale.forward(numbers(examples)) - self.middle) / self.spread).astype("float32")


def body(name: str, max_tokens: int) -> Body:
    """The encoder of that name or folder; `BadInput` when it is not a BERT whose form is known."""
    found = weights(source(name))
    config = read(found.folder / "config.json")
    pooling = read(found.folder / "1_Pooling" / "config.json")
    by_mean, by_first = (pooling.get(f"pooling_mode_{one}") for one in ("mean_tokens", "cls_token"))
    by_mean, by_first = (
        by_mean or pooling.get("pooling_mode") == "mean",
        by_first or pooling.get("pooling_mode") == "cls",
    )
    if (
        config.get("model_type") != "bert"
        or not (by_mean or by_first)
        or not (found.folder / "tokenizer.json").is_file()
    ):
        raise BadInput(
            f"{name}: wanted a BERT with mean or first-token pooling to tune, found {config.get('model_type')!r}"
        )
    limit = min(max_tokens, config["max_position_embeddings"])
    shape = Shape(config["num_attention_heads"], config["layer_norm_eps"], bool(by_mean), limit)
    tokenizer = (found.folder / "tokenizer.json").read_text(encoding="utf-8")
    return Body(name, found, tokenizer, shape, config["num_hidden_layers"], config["hidden_size"])


def target_of(material: Material) -> Target:
    """How the answers of the material are trained on."""
    if material.task.is_label:
        return Target(material.task, None)
    answers = numbers(material.train)
    scale = Scale.of(answers)
    values = scale.forward(answers)
    return Target(material.task, scale, float(values.mean()), float(values.std()) or 1.0)


def train_encoder(
    base: str, material: Material, knobs: Knobs, schedule: Schedule, record: Record, report: Report
) -> tuple[TunedEncoder | None, Ended]:
    """The tuned model at its best checkpoint, or None when the training was stopped and can go on."""
    import torch
    from transformers import Trainer, TrainingArguments, set_seed

    set_seed(knobs.seed)
    chosen, target = body(base, knobs.max_tokens), target_of(material)
    module = network(chosen, target, knobs)
    if last_checkpoint(record.folder) is None:
        report("solving the head", 0, 0)
        _solve_head(module, chosen, target, material.train, knobs.seed)
    report("training", 0, 0)
    held = few(material.validation, MEASURED) if material.validation.listings else few(material.train, MEASURED)
    judge = judge_of(module, chosen, target, held)
    trainer = Trainer(
        model=module,
        args=TrainingArguments(**arguments(knobs, schedule, record.folder), use_cpu=not torch.cuda.is_available()),
        train_dataset=rows(chosen, target, material.train),
        data_collator=collate,
    )
    ended = run(trainer, record, schedule, judge, knobs.patience)
    if ended.how == "stopped":
        return None, ended
    _restore(module, ended.checkpoint)
    return tuned(module, chosen, target, f"{Path(base).name} tuned"), ended


def untuned_encoder(base: str, material: Material, knobs: Knobs) -> TunedEncoder:
    """The frozen encoder with the head that is solved on it: what the tuning begins with."""
    from transformers import set_seed

    set_seed(knobs.seed)
    chosen, target = body(base, knobs.max_tokens), target_of(material)
    module = network(chosen, target, knobs)
    _solve_head(module, chosen, target, material.train, knobs.seed)
    return tuned(module, chosen, target, f"{Path(base).name} as it is")


def network(chosen: Body, target: Target, knobs: Knobs) -> Any:
    """Body, pooling, dropout and head as a torch module. Its forward takes ids, mask and answers and gives loss and outputs."""
    import torch
    from transformers import AutoModel
    from transformers.utils import logging as untyped

    logging: Any = untyped
    logging.set_verbosity_error()
    logging.disable_progress_bar()

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            drop = {"hidden_dropout_prob": knobs.dropout, "attention_probs_dropout_prob": knobs.dropout}
            self.body = AutoModel.from_pretrained(
                chosen.weights.folder, add_pooling_layer=False, local_files_only=True, **drop
            )
            self.head = torch.nn.Linear(chosen.dimensions, target.outputs)
            self.drop = torch.nn.Dropout(knobs.dropout)

        def forward(self, ids: Tensor, mask: Tensor, answers: Tensor) -> dict[str, Tensor]:
            states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
            shares = mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * shares).sum(1) / shares.sum(1) if chosen.shape.by_mean else states[:, 0]
            outputs = self.head(self.drop(pooled))
            return {"loss": loss_of(outputs, answers, knobs.label_smoothing), "outputs": outputs}

    module = Network()
    frozen = [module.body.embeddings, *module.body.encoder.layer[: knobs.frozen_layers]] if knobs.frozen_layers else []
    for part in frozen:
        part.requires_grad_(False)
    return module


def loss_of(outputs: Tensor, answers: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy for codes of labels, smooth L1 for numbers."""
    from torch.nn.functional import cross_entropy, smooth_l1_loss

    if answers.dtype.is_floating_point:
        return smooth_l1_loss(outputs[:, 0], answers, beta=BETA)
    return cross_entropy(outputs, answers, label_smoothing=smoothing)


def rows(chosen: Body, target: Target, examples: Examples) -> list[dict[str, Any]]:
    """Each example's tokens and answer."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(chosen.tokenizer)
    tokenizer.enable_truncation(chosen.shape.max_tokens)
    tokenizer.no_padding()
    told = tokenizer.encode_batch_fast([passage_text(one) for one in examples.listings])
    return [{"ids": one.ids or [0], "answer": answer} for one, answer in zip(told, target.of(examples), strict=True)]


def collate(batch: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """A batch, padded to its longest text: ids and mask `(batch, tokens)`, answers `(batch,)`."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    ids = [torch.tensor(one["ids"]) for one in batch]
    mask = [torch.ones(len(one["ids"]), dtype=torch.long) for one in batch]
    answers = torch.tensor([one["answer"].item() for one in batch])
    return {
        "ids": pad_sequence(ids, batch_first=True),
        "mask": pad_sequence(mask, batch_first=True),
        "answers": answers,
    }


def few(examples: Examples, most: int) -> Examples:
    """At most so many of the examples, drawn by their ids."""
    order = sorted(
        range(len(examples.listings)), key=lambda at: hashlib.sha256(examples.listings[at].id.encode()).digest()
    )
    kept = sorted(order[:most])
    answers: Any = tuple(examples.answers[at] for at in kept)
    return Examples(tuple(examples.listings[at] for at in kept), answers)


def judge_of(module: Any, chosen: Body, target: Target, held: Examples) -> Judge:
    """Measures the module as it stands on held-out examples: the loss and the mean absolute error in the unit, or macro-F1."""
    import torch

    answers = torch.from_numpy(target.of(held))
    texts = [passage_text(one) for one in held.listings]

    def measure() -> Measured:
        outputs = tuned(module, chosen, target, "").outputs(texts)
        loss = float(loss_of(torch.from_numpy(outputs), answers))
        return Measured(loss, metric_of(target, outputs, held))

    return Judge(measure, metric_name(target.task), not target.task.is_label)


def metric_of(target: Target, outputs: npt.NDArray[np.float32], held: Examples) -> float:
    """The mean absolute error in the unit, or macro-F1."""
    if target.scale:
        return target.scale.error(target.middle + target.spread * outputs[:, 0], held)
    from sklearn.metrics import f1_score

    said = outputs.argmax(axis=1)
    return float(
        f1_score(codes(target.task, held), said, average="macro", labels=range(target.outputs), zero_division=0)
    )


def tuned(module: Any, chosen: Body, target: Target, name: str) -> TunedEncoder:
    """The module as it stands, as a predictor with its own copy of the weights."""
    state = {key: value.detach().cpu().numpy().copy() for key, value in module.state_dict().items()}
    parts = {key.removeprefix(BODY): array for key, array in state.items() if key.startswith(BODY) and INDEX not in key}
    return TunedEncoder(
        target.task, name, chosen.shape, parts, state["head.weight"].T.copy(), state["head.bias"], chosen.tokenizer,
        target.scale, target.middle, target.spread,
    )  # fmt: skip


def _solve_head(module: Any, chosen: Body, target: Target, train: Examples, seed: int) -> None:
    """Set the head to the best one on the frozen body."""
    import numpy as np
    import torch

    some = few(train, PROBED)
    plain = replace(
        tuned(module, chosen, target, ""),
        head=np.eye(chosen.dimensions, dtype=np.float32),
        bias=np.zeros(1, np.float32),
    )
    pooled, answers = plain.outputs([passage_text(one) for one in some.listings]), target.of(some)
    solve = _solved_ridge if target.scale else _solved_logistic
    weight, bias = solve(pooled, answers, target.outputs, seed)
    with torch.no_grad():
        module.head.weight.copy_(torch.from_numpy(weight))
        module.head.bias.copy_(torch.from_numpy(bias))


def _solved_ridge(pooled: Any, answers: Any, outputs: int, seed: int) -> tuple[Any, Any]:  # noqa: ARG001
    """Weight `(1, dimensions)` and bias `(1,)`; the penalty by leaving out one example at a time, which ridge has in closed form."""
    import numpy as np
    from sklearn.linear_model import RidgeCV

    solved = RidgeCV(alphas=PENALTIES).fit(pooled, answers)
    return np.asarray(solved.coef_).reshape(outputs, -1), np.full(outputs, solved.intercept_)


def _solved_logistic(pooled: Any, answers: Any, outputs: int, seed: int) -> tuple[Any, Any]:
    """Weight `(labels, dimensions)` and bias `(labels,)`, both 0 where a label has no example or only one has any; the penalty by the
    log loss on folds left out, as far as the rarest label has examples for folds."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    weight, bias = np.zeros((outputs, pooled.shape[1])), np.zeros(outputs)
    known, counts = np.unique(answers, return_counts=True)
    if len(known) < 2:
        return weight, bias

    def head(penalty: float) -> LogisticRegression:
        return LogisticRegression(C=1 / penalty, max_iter=500, random_state=seed)

    penalty, folds = 1.0, min(FOLDS, int(counts.min()))
    if folds > 1:
        left_out = StratifiedKFold(folds, shuffle=True, random_state=seed)
        scores = [
            cross_val_score(head(one), pooled, answers, cv=left_out, scoring="neg_log_loss").mean() for one in PENALTIES
        ]
        penalty = PENALTIES[int(np.argmax(scores))]
    fitted = head(penalty).fit(pooled, answers)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(known) == 2:
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weight[known], bias[known] = coefficients, intercepts
    return weight, bias


def _restore(module: Any, checkpoint: Path) -> None:
    from safetensors.torch import load_file

    module.load_state_dict(load_file(checkpoint / "model.safetensors"))

"""The shelf of learners: each by its name, with what it does, what it answers and about how long it takes. Imported when taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, cast

from pricer.errors import BadInput

if TYPE_CHECKING:
    from pricer.predictors.protocol import Learner, Task
    from pricer.predictors.saved import Trained

NUMBERS = frozenset({"number"})
LABELS = frozenset({"label"})
BOTH = NUMBERS | LABELS


@dataclass(frozen=True, slots=True)
class Entry:
    """A learner on the shelf. `factory` in `module` makes it without arguments.

    `seconds` is a rough time to fit 10,000 items on one core. `trains` says whether it learns from the texts, so that it is worth
    saving and must not be scored on what it has seen; `encodes` whether it needs an encoder's weights.
    """

    name: str
    says: str
    kinds: frozenset[str]
    module: str
    factory: str
    seconds: float
    trains: bool = True
    encodes: bool = False


SHELF: tuple[Entry, ...] = (
    Entry("random", "a training answer drawn by lot", BOTH, "constants", "random", 0.1, False),
    Entry("mean", "the mean of the training answers", NUMBERS, "constants", "mean", 0.1, False),
    Entry("median", "the median of the training answers", NUMBERS, "constants", "median", 0.1, False),
    Entry("majority", "the commonest label", LABELS, "constants", "majority", 0.1, False),
    Entry("category-mean", "the mean of the listing's category", NUMBERS, "constants", "category_mean", 0.1, False),
    Entry("category-median", "the median of the listing's category", NUMBERS, "constants", "category_median", 0.1, False),
    Entry("category-majority", "the commonest label of the category", LABELS, "constants", "category_majority", 0.1, False),
    Entry("features-linear", "linear regression on engineered features", NUMBERS, "dense", "FeaturesLearner", 5),
    Entry("words-linear", "linear regression on 2,000 word counts", NUMBERS, "linear", "words_linear", 20),
    Entry("words-forest", "random forest on 2,000 word counts", NUMBERS, "forest", "words_forest", 60),
    Entry("word2vec-linear", "linear regression on mean word vectors", NUMBERS, "vectors", "word2vec_linear", 60),
    Entry("word2vec-svr", "linear support vectors on mean word vectors", NUMBERS, "vectors", "word2vec_svr", 60),
    Entry("word2vec-forest", "random forest on mean word vectors", NUMBERS, "vectors", "word2vec_forest", 150),
    Entry("tfidf-ridge", "ridge regression on weighted words and pairs", NUMBERS, "linear", "tfidf_ridge", 10),
    Entry("tfidf-char-ridge", "the same with pieces of words", NUMBERS, "linear", "tfidf_char_ridge", 60),
    Entry("tfidf-logistic", "logistic regression on weighted words and pairs", LABELS, "linear", "tfidf_logistic", 20),
    Entry("neighbours", "the answers of the most similar listings", BOTH, "neighbours", "NeighboursLearner", 30),
    Entry("boosting", "boosted trees on features and word themes", BOTH, "boosting", "BoostingLearner", 120),
    Entry("deep", "a deep residual network on hashed words", NUMBERS, "deep", "DeepLearner", 60),
    Entry("mlp", "an ensemble of small networks on sparse words", NUMBERS, "network", "MlpLearner", 120),
    Entry("similar", "the answers of the most similar listings, by words and by meaning", BOTH, "similar", "SimilarLearner", 250, encodes=True),
    Entry("best", "the best of the shelf together", BOTH, "best", "BestLearner", 300),
    Entry("blend", "the same with retrieval by meaning", NUMBERS, "blend", "BlendLearner", 550, encodes=True),
)  # fmt: skip

# A trained model's `kind` and the module whose class carries it. A kind is never given a second meaning: saved models name it.
KINDS = {
    "random": "constants",
    "by-category": "constants",
    "features-linear": "dense",
    "words": "linear",
    "words-forest": "forest",
    "vectors": "vectors",
    "boosting": "boosting",
    "deep": "deep",
    "neighbours": "neighbours",
    "mlp": "network",
    "best": "best",
    "similar": "similar",
    "blend": "blend",
    "tuned-encoder": "tuned.encoder",
    "tuned-causal": "tuned.causal",
}


def names(task: Task) -> tuple[str, ...]:
    """The names of the learners that fit the task, simplest first."""
    return tuple(entry.name for entry in SHELF if _answer(task) in entry.kinds)


def entry(name: str, task: Task) -> Entry:
    """The entry called `name`; `BadInput` when there is none, or it does not answer what the task asks."""
    found = next((one for one in SHELF if one.name == name), None)
    if found is None:
        near = get_close_matches(name, names(task), 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names(task))}"
        raise BadInput(f"no learner named {name!r}; {hint}")
    if _answer(task) not in found.kinds:
        raise BadInput(
            f"wanted a learner that answers with a {_answer(task)} for {task.name!r}, found {name!r}, which answers with a "
            f"{' or a '.join(sorted(found.kinds))}; choose one of {', '.join(names(task))}"
        )
    return found


def learner(name: str, task: Task) -> Learner:
    """The learner called `name`, made anew; `BadInput` when there is none or it does not fit the task."""
    found = entry(name, task)
    make: Callable[[], Learner] = getattr(import_module(f"pricer.predictors.{found.module}"), found.factory)
    return make()


def restorer(kind: str) -> type[Trained]:
    """The class of trained models of this kind; `BadInput` when no module of ours makes such."""
    if kind not in KINDS:
        raise BadInput(
            f"wanted a model of a known kind ({', '.join(sorted(KINDS))}), found {kind!r:.80}; train it again"
        )
    module = import_module(f"pricer.predictors.{KINDS[kind]}")
    for thing in vars(module).values():
        if isinstance(thing, type) and getattr(thing, "kind", None) == kind:
            return cast("type[Trained]", thing)
    raise BadInput(f"wanted a class for models of kind {kind!r}, found none in {module.__name__}; train it again")


def _answer(task: Task) -> str:
    return "label" if task.is_label else "number"

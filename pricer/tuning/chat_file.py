"""A training file as an outsider brings it: read as a stream, every fault told with its place and how to mend it, tokens counted."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low

from pricer.products.tokens import Tokenizer, tokenizer
from pricer.tuning.chat_line import Fault, column, truth_in
from pricer.tuning.chat_stream import MOST_FILE_BYTES, MOST_LINE_BYTES, Read, answer_of, lines, question_of, readable

COUNTED_AT_ONCE, COUNTED_CHARACTERS = 512, 50_000  # examples at once; a longer one is counted without waiting for more
# What a chat template adds, as OpenAI's cookbook counts it ("Data preparation and analysis for chat model fine-tuning"): three tokens and the
# role for each message, three for the beginning of the reply. Other hosts' templates add a few more or fewer.
TOKENS_A_MESSAGE, TOKENS_A_CONVERSATION = 4, 3
MENDS = {
    "encoding": "save the file as UTF-8",
    "bom": "save it as UTF-8 without a byte order mark",
    "compressed": "compress it again, or give the plain file",
    "long": f"wanted at most {MOST_LINE_BYTES:,} bytes a line and {MOST_FILE_BYTES:,} a file",
    "list": "write each element on a line of its own, without [ ] and without commas between them (jq -c '.[]' FILE)",
    "blank": "take the empty line out",
    "comma": "take the comma out",
    "json": "write one whole JSON object on one line, with double quotes",
    "twice": "keep one of the two",
    "object": 'write {"messages": [...]}',
    "messages": 'write {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}',
    "key": "take it out: an example has messages, and a message has role and content",
    "role": "write system, user or assistant",
    "content": "write the words of the turn as one text, or take the example out",
    "assistant": "add the answer that the model is to learn, as the last turn",
    "last": "end with the assistant's answer",
    "user": "add what the model is asked",
    "system": "put the system turn first, and only one",
    "tokens": "shorten it: hosts cut or refuse what is longer",
    "truth": "take the price out of the question, or the model learns to copy it",
    "duplicate": "keep it once; to weigh it more, train more epochs",
    "conflict": "keep the answer that is right",
    "overlap": "take it out of the training file, or validation measures what was learned by heart",
    "few": "add examples; some hundreds are usual",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked of a file. 10 examples is OpenAI's minimum and 65,536 tokens an example its training limit (supervised fine-tuning
    guide). `truth` False lets a question state the price that is its answer. `shown` faults are told in full, all are counted."""

    most_tokens: int = 65_536
    least_examples: int = 10
    tokenizer: str = "o200k_base"
    truth: bool = True
    shown: int = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault with its place, from 1; `line` None concerns the whole file."""

    kind: str
    line: int | None
    column: int | None
    found: str

    @property
    def mend(self) -> str:
        """What to do about it."""
        return MENDS[self.kind]

    @property
    def text(self) -> str:
        """The problem as one line for a person."""
        place = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{place}{self.found}; {self.mend}"


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of all examples whose form is right, what the chat template adds among them; `assistant` counts the last turns' words alone."""

    tokenizer: str
    total: int
    assistant: int
    least: int
    median: int
    most: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds. `lines` were looked at; `problems` are the first that were found, `counted` is all of them by kind; `tokens` is None
    without an example that can be read.

    `examples` are those whose form is right, though they may be too long, repeated or hold their answer.
    """

    name: str
    lines: int
    examples: int
    problems: tuple[Problem, ...]
    counted: dict[str, int]
    tokens: TokenCount | None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counted

    @property
    def left_out(self) -> int:
        """How many problems are counted but not shown."""
        return sum(self.counted.values()) - len(self.problems)


def check_file(path: Path, *, validation: Path | None = None, limits: Limits | None = None) -> Checked:
    """Everything that is wrong with a training file, plain or gzip. With `validation`, also which of its questions stand there too.

    Memory holds one line, and about a quarter of a kilobyte for each example to find repeats. `BadInput` when there is no such file.
    """
    held_out = {} if validation is None else _questions(validation)
    return _Check(limits or Limits(), held_out).of(path)


@dataclass(slots=True)
class _Check:
    """One pass over a file."""

    limits: Limits
    held_out: dict[int, int]
    problems: list[Problem] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)
    sizes: array[int] = field(default_factory=lambda: array("q"))
    assistant: int = 0
    last: int = 0

    def of(self, path: Path) -> Checked:
        encoder, waiting = tokenizer(self.limits.tokenizer), list[Read]()
        for read in lines(path, self):
            self.last = read.number
            for fault in read.line.faults:
                self._tell(read, fault)
            if not read.line.faults:
                self._judge(read)
                waiting.append(read)
            if len(waiting) == COUNTED_AT_ONCE or len(read.text) > COUNTED_CHARACTERS:
                self._count(encoder, waiting)
                waiting = []
        self._count(encoder, waiting)
        found, wanted = len(self.sizes), self.limits.least_examples
        if found < wanted and "list" not in self.counted:
            self.add("few", None, None, f"{found} examples that can be read, wanted at least {wanted}")
        problems = sorted(self.problems, key=lambda problem: problem.line or self.last + 1)
        return Checked(path.name, self.last, found, tuple(problems), dict(self.counted), self._tokens())

    def add(self, kind: str, number: int | None, at: int | None, found: str) -> None:
        """Count a problem, and keep it while there is room."""
        self.last = max(self.last, number or 0)
        self.counted[kind] += 1
        if len(self.problems) < self.limits.shown:
            self.problems.append(Problem(kind, number, at, found))

    def _tell(self, read: Read, fault: Fault) -> None:
        """Add a fault of a line; its column is worked out only when it will be shown."""
        shown = len(self.problems) < self.limits.shown
        at = column(read.text, fault.path) if shown and fault.path else fault.at + 1
        self.add(fault.kind, read.number, at, fault.found)

    def _judge(self, read: Read) -> None:
        """What is wrong with an example beyond its form."""
        question, answer = question_of(read.line), answer_of(read.line)
        if (place := self.held_out.get(question)) is not None:
            self.add("overlap", read.number, 1, f"the same question stands in the validation file, line {place}")
        if question not in self.seen:
            self.seen[question] = (read.number, answer)
        elif self.seen[question][1] == answer:
            self.add("duplicate", read.number, 1, f"the same example as line {self.seen[question][0]}")
        else:
            self.add(
                "conflict", read.number, 1, f"line {self.seen[question][0]} asks the same and is answered otherwise"
            )
        if self.limits.truth:
            self._look_for_truth(read)

    def _look_for_truth(self, read: Read) -> None:
        for place, message in enumerate(read.line.question):
            stated = truth_in(message.content, read.line.answer) if message.role == "user" else None
            if stated is not None:
                found = f"the user's turn states {stated!r}, and the answer is {read.line.answer.strip()!r:.20}"
                self._tell(read, Fault("truth", found, path=("messages", place, "content")))

    def _count(self, encoder: Tokenizer, reads: Sequence[Read]) -> None:
        counts = iter(encoder.count([message.content for read in reads for message in read.line.messages]))
        for read in reads:
            own = [next(counts) for _ in read.line.messages]
            size = sum(own) + TOKENS_A_MESSAGE * len(own) + TOKENS_A_CONVERSATION
            self.sizes.append(size)
            self.assistant += own[-1]
            if size > self.limits.most_tokens:
                self.add("tokens", read.number, 1, f"{size:,} tokens, wanted at most {self.limits.most_tokens:,}")

    def _tokens(self) -> TokenCount | None:
        if not self.sizes:
            return None
        told = (min(self.sizes), median_low(self.sizes), max(self.sizes))
        return TokenCount(self.limits.tokenizer, sum(self.sizes), self.assistant, *told)


def _questions(path: Path) -> dict[int, int]:
    """The questions of a file with the line on which each stands first."""
    found: dict[int, int] = {}
    for read in readable(path):
        found.setdefault(question_of(read.line), read.number)
    return found

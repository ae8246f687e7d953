"""The terminal of a conversation: what is asked and answered, what tools are called, and the questions only the user may decide."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.conversation.events import Called, Event, Noticed, Question, Reply, Returned, Said, Turn
from agent.output import console
from pricer.products.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from agent.conversation.conversation import Conversation
    from agent.conversation.evidence import Step

YES = ("y", "yes", "はい", "ja", "oui", "ok")
HELP = """/evidence [N]    the results behind the answers, or one of them
/memo [FILE]     the decision as a memo (Markdown), every figure linked to its evidence
/limits          what this session has used of what it may
/history         what was said
/quit            leave; assay chat --resume last goes on"""
SHOWN_ARGUMENTS = 70  # characters of a call's arguments
NARROW = 30  # columns; below them nothing hangs
LONGEST_RESULT = 2_000


@dataclass
class TalkScreen:
    """Lines on the terminal; with `quiet` only questions to the user, on stderr."""

    quiet: bool = False
    console: Console = field(default_factory=console)
    _streamed: str = ""

    def starting(self) -> None:
        """Say that the assistant is being loaded: it takes seconds."""
        if not self.quiet and sys.stderr.isatty():
            sys.stderr.write("starting…\r")
            sys.stderr.flush()

    def begin(self, talk: Conversation, model: str, session: str) -> None:
        """Who answers, within which limits, and how to get help."""
        limits = talk.spending.limits
        priced = f"its own bill at most ${limits.usd:f}" if talk.spending.tariff else "no bill for the model"
        price = "its bill is NOT KNOWN, no cap holds" if talk.spending.unpriced else priced
        self._say(
            f"[bold]{_shown(model)}[/bold]  {len(talk.gateway.tools)} tools · {price} · what spends, trains or writes asks first"
        )
        self._say(f"[dim]session {session} · /help · Ctrl-C stops an answer · Ctrl-D leaves[/dim]")
        if tariff := talk.spending.tariff:
            dated = f"{_shown(tariff.source)}, {tariff.as_of or 'undated'}"
            self._say(
                f"[dim]price ${tariff.rates.input} in, ${tariff.rates.output} out per million tokens, {dated}[/dim]"
            )
        for problem in talk.gateway.problems:
            self.notice(problem)
        if talk.messages:
            asked = sum(message.type == "human" and message.name is None for message in talk.messages)
            self._say(f"[dim]going on after {asked} questions and {len(talk.steps)} results[/dim]")

    def line(self) -> str | None:
        """The next line of the user; None at the end of the input. Ctrl-C at the prompt clears the line."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self._say("")
            return input("> ").strip()
        except EOFError:
            self._say("")
            return None
        except KeyboardInterrupt:
            self._say("\n[dim]Ctrl-D or /quit leaves[/dim]")
            return ""
        finally:
            signal.signal(signal.SIGINT, before)

    def command(self, line: str, talk: Conversation) -> bool:
        """Do what a /command says; False when it is to leave."""
        name, _, rest = line[1:].partition(" ")
        if name in ("quit", "exit", "q"):
            return False
        known = {
            "help": self._help,
            "evidence": self._evidence,
            "memo": self._memo,
            "limits": self._used,
            "history": self._history,
        }
        if name not in known:
            self.notice(f"no command /{name}: /help lists them")
            return True
        known[name](talk, rest.strip())
        return True

    def watch(self, event: Event) -> None:
        """Show what happens."""
        if self.quiet:
            return
        if isinstance(event, Said):
            self._streamed += event.text
            self.console.file.write(_lines(event.text))
            self.console.file.flush()
        elif isinstance(event, Called):
            self._end_line()
            where = "" if event.server == "llm-assay" else f"{event.server}: "
            self._line(
                f"[dim]· {_shown(where + event.tool)}  {_shown(_arguments(event.arguments, self.console.width))}[/dim]"
            )
        elif isinstance(event, Returned):
            step = event.step
            mark = "[red]✗[/red]" if step.is_error else "[green]✓[/green]"
            self._line(f"[dim]  {mark} \\[{step.number}] {_shown(_told(step))}[/dim]")
        elif isinstance(event, Noticed):
            self._end_line()
            self.notice(event.text)

    async def approve(self, question: Question) -> Reply:
        """Ask the user; no answer is no."""
        self._end_line()
        out = _stderr_console() if self.quiet else self.console
        out.print(f"[bold yellow]?[/bold yellow] {_shown(question.text)}", highlight=False)
        if question.kind == "approval":
            for name, value in question.arguments.items():
                out.print(f"  [dim]{_shown(_argument(name, value))}[/dim]", highlight=False)
            return Reply(_yes(_input("  approve? [y/N] ")))
        return _filled(question)

    def answer(self, turn: Turn) -> None:
        """The answer, unless it has been streamed, and what it took."""
        if self.quiet:
            return
        if turn.answer and self._streamed.strip()[-40:] != turn.answer.strip()[-40:]:
            self._end_line()
            self._write(turn.answer)
        elif self._streamed:
            self.console.file.write("\n")
        self._streamed = ""
        if turn.ungrounded:
            self.notice(f"no evidence for: {', '.join(turn.ungrounded)}")
        if turn.tokens:
            bill = "bill not known" if turn.usd is None else f"${turn.usd} this session"
            self._say(f"[dim]{turn.tokens:,} tokens · {bill}[/dim]")

    def stopped(self) -> None:
        """Say that an answer was stopped."""
        self._end_line()
        self.notice("stopped; what was answered so far is kept")

    def notice(self, text: str) -> None:
        """Something the user should know."""
        (_stderr_console() if self.quiet else self.console).print(f"[yellow]! {_shown(text)}[/yellow]", highlight=False)

    def end(self, talk: Conversation) -> None:
        """How to go on."""
        if talk.messages and talk.session:
            self._say(f"[dim]kept as {talk.session.id}; assay chat --resume {talk.session.id} goes on[/dim]")

    def _help(self, talk: Conversation, rest: str) -> None:  # noqa: ARG002
        self._say(HELP)

    def _evidence(self, talk: Conversation, rest: str) -> None:
        chosen = [step for step in talk.steps if not rest or str(step.number) == rest.strip("[]")]
        if not chosen:
            self.notice("no evidence yet" if not talk.steps else f"no result {rest}: there are 1 to {len(talk.steps)}")
        for step in chosen:
            self._say(
                f"\\[{step.number}] {_shown(step.tool)}  {_shown(_arguments(step.arguments))}  [dim]{_shown(_told(step))}[/dim]"
            )
            if rest:
                import json

                text = json.dumps(step.result, ensure_ascii=False, indent=1)
                self.console.file.write(
                    _lines(text[:LONGEST_RESULT] + ("\n…\n" if len(text) > LONGEST_RESULT else "\n"))
                )

    def _memo(self, talk: Conversation, rest: str) -> None:
        import datetime as dt

        from agent.conversation.memo import memo, source_addresses
        from agent.conversation.memo_command import save_memo
        from pricer.errors import BadInput

        path = Path(rest) if rest else Path("memo.md")
        said = [message.text for message in talk.messages if message.type == "human" and message.name is None]
        try:
            save_memo(path, memo(talk.steps, dt.datetime.now(dt.UTC).date(), said, source_addresses()))
        except (BadInput, OSError) as error:
            self.notice(f"not written: {error}")
            return
        self._say(f"wrote {_shown(str(path))}")

    def _used(self, talk: Conversation, rest: str) -> None:  # noqa: ARG002
        spent, limits = talk.spending, talk.spending.limits
        self._say(f"{spent.tokens:,} of {limits.tokens:,} tokens · ${spent.usd:.4f} of ${limits.usd:f} · a question: at most "
                  f"{limits.turns} model calls and {limits.tool_calls} tool calls")  # fmt: skip

    def _history(self, talk: Conversation, rest: str) -> None:  # noqa: ARG002
        for message in talk.messages:
            if message.type == "human" and message.name is None:
                self._say(f"[bold]> {_shown(message.text)}[/bold]")
            elif message.type == "ai" and message.text:
                self._write(message.text)

    def _say(self, markup: str) -> None:
        if not self.quiet:
            self.console.print(markup, highlight=False)

    def _line(self, markup: str) -> None:
        """One line, cut at the edge."""
        self.console.print(markup, highlight=False, no_wrap=True, overflow="ellipsis")

    def _write(self, text: str) -> None:
        """Others' words, whole, wrapped between words; a list's lines hang under their first."""
        from rich.padding import Padding
        from rich.text import Text

        for line in text.split("\n"):
            mark = "- " if line.startswith("- ") else "  " if line.startswith("  ") else ""
            if not mark or self.console.width < NARROW:
                self.console.print(Text(printable(line)))
                continue
            self.console.print(mark, end="", markup=False, highlight=False)
            rows = Text(printable(line[2:])).wrap(self.console, self.console.width - 2)
            for place, row in enumerate(rows):
                self.console.print(row if place == 0 else Padding(row, (0, 0, 0, 2)))

    def _end_line(self) -> None:
        if self._streamed and not self._streamed.endswith("\n"):
            self.console.file.write("\n")
        self._streamed = ""


def _filled(question: Question) -> Reply:
    """The fields of a form, asked one by one; a single yes-or-no field is one question."""
    fields: dict[str, Any] = question.schema.get("properties", {})
    content: dict[str, Any] = {}
    for name, field_ in fields.items():
        label = printable(str(field_.get("description") or field_.get("title") or name))[:120]
        kind = field_.get("type")
        said = _input(f"  {label}? [y/N] " if kind == "boolean" else f"  {label}: ")
        if kind == "boolean":
            content[name] = _yes(said)
        elif said:
            content[name] = _number(said, kind)
    agreed = bool(content) and all(content[name] for name, one in fields.items() if one.get("type") == "boolean")
    return Reply(agreed or not fields, content)


def _number(said: str, kind: Any) -> Any:
    try:
        return int(said) if kind == "integer" else float(said) if kind == "number" else said
    except ValueError:
        return said


def _input(prompt: str) -> str:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return input().strip()
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")
        return ""
    finally:
        signal.signal(signal.SIGINT, before)


def _yes(said: str) -> bool:
    return said.lower() in YES


def _told(step: Step) -> str:
    """A result in a few words."""
    told = step.result
    if step.is_error:
        return str(told.get("text", "failed"))[:160]
    if step.tool == "recommend_models":
        return f"{told.get('qualified', '?')} qualify, {told.get('rejected', {}).get('total', '?')} rejected"
    for name, said in (("rows", "rows"), ("shortlist", "models"), ("items", "items"), ("jobs", "jobs")):
        if isinstance(told.get(name), list):
            return f"{len(told[name])} {said}"
    return str(told.get("state") or told.get("recommended") or told.get("next") or "answered")[:120]


def _arguments(arguments: dict[str, Any], longest: int = SHOWN_ARGUMENTS) -> str:
    import json

    said = " ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
    )
    return said if len(said) <= longest else said[: longest - 1] + "…"


def _argument(name: str, value: Any) -> str:
    """One argument of a call that is to be approved: on one line, quoted, its length said where its middle is left out."""
    import json

    said = json.dumps(value, ensure_ascii=False, default=str)
    if len(said) > LONGEST_RESULT:
        said = f"{said[:1400]} … ({len(said):,} characters, the middle is not shown) … {said[-400:]}"
    return f"{json.dumps(name, ensure_ascii=False)[1:-1]} = {said}"


def _lines(text: str) -> str:
    """Text of several lines in which nothing steers the terminal."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _shown(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))


def _stderr_console() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)

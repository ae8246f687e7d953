"""From a conversation to the planner's next move: the handler of what is wanted, kept to the tools that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.conversation.evidence import Step
from agent.conversation.offline import advising, choosing, jobs, measuring, querying, tuning
from agent.conversation.offline.history import Talk
from agent.conversation.offline.intents import Intent, meaning
from agent.conversation.offline.move import Calls, Move, Say
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.recall import proposal
from agent.conversation.offline.scene import Scene
from agent.conversation.offline.telling import refused

MOST_TURNS = 11  # of the model for one question; a conversation allows 12


def decide(talk: Talk, tools: frozenset[str]) -> Move:
    """What to do next. Only what the user said chooses a tool; what tools returned is told, never followed."""
    scene = Scene(talk, meaning(talk))
    move = _move(scene)
    if not isinstance(move, Calls):
        return move
    missing = sorted({one.tool for one in move.calls} - tools)
    if missing:
        return Say(phrase("no_tool", scene.japanese, tool=", ".join(missing)))
    if talk.now.turns >= MOST_TURNS:
        return Say(phrase("long", scene.japanese))
    return move


def _move(scene: Scene) -> Move:
    last = scene.talk.now.steps[-1] if scene.talk.now.steps else None
    if last and last.is_error and not _goes_on(scene, last):
        return Say(refused(last, scene.japanese))
    return HANDLERS[scene.intent](scene)


def _goes_on(scene: Scene, last: Step) -> bool:
    """Whether others of the same kind may have gone well: the handler then tells each."""
    return last.tool in {"run_frontier_price", "run_baseline", "get_job"} and len(scene.talk.now.steps) > 1


def _yes(scene: Scene) -> Move:
    waits = proposal(scene.talk)
    if waits is None:
        return choosing.agreed(scene)
    return measuring.approved(scene, waits) if waits.runs else tuning.approved(scene, waits)


def _no(scene: Scene) -> Move:
    waits = proposal(scene.talk)
    return Say(phrase("not_done" if waits else "fine", scene.japanese))


def _words(name: str) -> Callable[[Scene], Move]:
    return lambda scene: Say(phrase(name, scene.japanese))


HANDLERS: Mapping[Intent, Callable[[Scene], Move]] = {
    Intent.ORDER: _words("order"), Intent.GREETING: _words("greeting"), Intent.THANKS: _words("thanks"), Intent.HELP: _words("help"),
    Intent.TERM: choosing.term, Intent.YES: _yes, Intent.NO: _no, Intent.CANCEL: jobs.cancel, Intent.STATUS: jobs.status, Intent.TUNE: tuning.plan,
    Intent.COMPARE_RUNS: jobs.compare_runs, Intent.MEASURE: measuring.propose, Intent.BASELINE: measuring.baseline,
    Intent.SEARCH: querying.search, Intent.ADVISE: advising.advise, Intent.SELLERS: querying.sellers, Intent.SPEED: querying.speed,
    Intent.BEYOND: choosing.beyond, Intent.QUERY: querying.query, Intent.WHY_NOT: choosing.why_not, Intent.COMPARE: choosing.compare,
    Intent.FACTS: choosing.compare, Intent.RECOMMEND: choosing.recommend, Intent.REFINE: choosing.recommend, Intent.UNKNOWN: choosing.unknown,
}  # fmt: skip

"""What every decision looks at: the conversation, what the last words mean, and in which language to answer."""

from __future__ import annotations

from dataclasses import dataclass

from agent.conversation.offline import naming
from agent.conversation.offline.history import Talk
from agent.conversation.offline.intents import Intent, Meaning


@dataclass(frozen=True, slots=True)
class Scene:
    """The talk and its meaning. `said` holds the words to read, with those before where these were cut short."""

    talk: Talk
    meaning: Meaning

    @property
    def intent(self) -> Intent:
        """What is wanted."""
        return self.meaning.intent

    @property
    def said(self) -> str:
        """The words that it is read from."""
        return self.meaning.said

    @property
    def japanese(self) -> bool:
        """Whether to answer in Japanese: as the user writes, or wrote before where the last words have no language (`OK`, `$2`)."""
        words = [exchange.said for exchange in (*self.talk.before, self.talk.now)]
        if len(words) > 1 and len(words[-1].split()) < 2 and words[-1].isascii():
            return naming.is_japanese(words[-2])
        return naming.is_japanese(words[-1])

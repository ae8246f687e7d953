"""The offline planner: a question in English or Japanese to requirements, saying what it understood and what it ignored."""

from agent.planner.plan import Plan, understand

__all__ = ["Plan", "understand"]

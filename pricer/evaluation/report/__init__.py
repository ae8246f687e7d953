"""The report on runs: one page that needs nothing but itself, its pictures, and a summary in Markdown."""

from pricer.evaluation.report.write import Written, write_report

__all__ = ["Written", "write_report"]

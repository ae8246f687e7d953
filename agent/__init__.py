"""The assistant: offline planner, the `assay` command and its screens."""

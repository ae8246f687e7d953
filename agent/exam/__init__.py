"""The tool-choice exam: tasks with the expected first call, asked of a chat model and marked."""

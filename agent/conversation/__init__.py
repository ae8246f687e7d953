"""The assistant: a chat model, the server's tools, limits, approval, and what is kept of it all."""

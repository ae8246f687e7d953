"""The planner as a chat model: it calls the server's tools by rules and tells what they said. No key, no network, no chance."""

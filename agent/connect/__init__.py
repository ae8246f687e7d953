"""This server in the configuration of MCP clients: where each keeps it, our entry, and how to add it without losing anything."""

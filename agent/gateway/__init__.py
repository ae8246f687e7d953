"""The gateway: this program's MCP server and other people's, as tools of one conversation."""

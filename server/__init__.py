"""The MCP server: tools, resources, prompts. It registers functions of the other rooms and decides nothing."""

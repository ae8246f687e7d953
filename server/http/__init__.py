"""The server over HTTP: who may come in, how much, how often, and at what cost. The tools are those of `server.app`."""

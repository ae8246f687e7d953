"""The start of the bundle: serve over stdio."""

from __future__ import annotations

from server.app import main

if __name__ == "__main__":
    main()

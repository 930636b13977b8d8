"""``python -m cvfast`` is the command ``cvfast``."""

from __future__ import annotations

import sys

from cvfast.cli.app import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m collector` is the same as `aom-collector`."""

import sys

from collector.cli import main

if __name__ == "__main__":
    sys.exit(main())

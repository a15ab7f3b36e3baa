"""`python -m tests.simulate`: runs histories, and replays one; see `--help`."""

import sys

from tests.simulate.place import settle

if __name__ == "__main__":
    settle("tests.simulate")
    from tests.simulate.command import main

    sys.exit(main(sys.argv[1:]))

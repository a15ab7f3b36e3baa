"""`python -m tests.simulate.mutants [name ...]`: plants bugs, and prints which seed catches each of them."""

import sys

from tests.simulate.place import settle

if __name__ == "__main__":
    settle("tests.simulate.mutants")
    from tests.simulate.mutants.command import main

    sys.exit(main(sys.argv[1:]))

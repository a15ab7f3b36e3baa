"""Work side by side, in threads of its own that end with it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def run_parallel[Item, Result](do: Callable[[Item], Result], each: Iterable[Item], most: int) -> list[Result]:
    with ThreadPoolExecutor(most) as pool:
        return list(pool.map(do, each))

"""The rules by which removals are chosen, and the order that comes of one."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from leastloss.arguments import computed
from leastloss.errors import InputError, choose
from leastloss.information.complexity import Blocks
from leastloss.information.engine import removal_loop, rounds, symbol_blocks
from leastloss.information.engine.array_types import Queue, Terms
from leastloss.information.engine.ranks import FAR, GRID

_MOST = 2**31
STRATEGIES: dict[str, str] = {
    "min_absolute": "the smallest change first, whatever its sign (MILS)",
    "max_absolute": "the largest change first, whatever its sign",
    "min_increase": "of the removals that raise the complexity, the smallest rise first",
    "max_increase": "of the removals that raise the complexity, the largest rise first",
    "min_decrease": "of the removals that lower the complexity, the smallest fall first",
    "max_decrease": "of the removals that lower the complexity, the largest fall first",
}
TIES: dict[str, str] = {
    "random": "one of the tied is drawn, and all is evaluated again",
    "index": "the tied with the lowest number goes, and all is evaluated again",
    "together": "all tied go at once, before anything is evaluated again",
}


def strategy_number(strategy: str) -> int:
    """Number of a strategy for the compiled code, in the order of ``STRATEGIES``."""
    return list(STRATEGIES).index(choose("strategy", strategy, STRATEGIES))


@computed
def removal_cost(loss: ArrayLike, strategy: str = "min_absolute") -> NDArray[np.float64]:
    """What a strategy sorts by: lower is removed first, equal is a tie.

    Effects are compared on a grid of 2**-32 bit, so that rounding errors never decide. Removals
    without the sign that the strategy wants come after all that have it, smallest change first.

    Args:
        loss: C(before) - C(after) of each removal, in bits (as from ``information_loss``).
        strategy: One of ``STRATEGIES``, named by the effect C(after) - C(before).

    Returns:
        float64 array of the same shape, whole numbers; NaN where the loss is NaN.

    Raises:
        InputError: If the strategy is unknown.

    Example:
        >>> removal_cost([0.5, -0.25], "min_absolute").argsort().tolist()
        [1, 0]
        >>> removal_cost([0.5, -0.25, -3.0], "max_increase").argsort().tolist()
        [2, 1, 0]
    """
    number = strategy_number(strategy)
    effect = np.rint(-np.asarray(loss, dtype=np.float64) * GRID)
    size = np.abs(effect)
    cost = size if number % 2 == 0 else -size
    if number >= 2:
        unwanted = effect <= 0 if number < 4 else effect >= 0
        cost = np.where(unwanted, FAR + size, cost)
    return cost


def whole_number(name: str, value: object) -> int:
    """Return ``value`` if it is a whole number; raise InputError if not."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} is {value!r}; it must be an integer")
    return int(value)


def _salt(seed: object) -> np.uint64:
    if isinstance(seed, np.random.Generator):
        return seed.integers(2**64, dtype=np.uint64)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed is {seed!r}; it must be an integer >= 0 or a NumPy Generator")
    return np.random.default_rng(int(seed)).integers(2**64, dtype=np.uint64)


@dataclass(frozen=True)
class Rule:
    """How removals are chosen; see :func:`~leastloss.information.removal_order`."""

    strategy: int
    ties: int
    batch: int
    salt: np.uint64
    progress: bool

    @classmethod
    def of(cls, strategy: str, ties: str, batch: object, seed: object, progress: bool) -> "Rule":
        """Check the options.

        Raises:
            InputError: If one of them is unknown or does not go with another.
        """
        number = strategy_number(strategy)
        choose("treatment of ties", ties, TIES)
        many = whole_number("batch", batch)
        if many < 1:
            raise InputError(f"batch is {many}; it must be at least 1")
        if many > 1 and ties == "together":
            raise InputError(
                f"ties='together' with batch={many}: a batch of given size may cut through tied "
                "removals; use batch=1, or ties='random' or 'index'"
            )
        many = min(many, _MOST)  # no order is longer: one batch takes all
        return cls(number, list(TIES).index(ties), many, _salt(seed), progress)

    @property
    def by_rounds(self) -> bool:
        """Whether many are removed before anything is evaluated again."""
        return self.batch > 1 or self.ties == rounds.TOGETHER

    @property
    def lowest(self) -> bool:
        """Whether the queue has to know the lowest cell of every cost."""
        return self.ties == rounds.INDEX and not self.by_rounds

    @property
    def dealt(self) -> bool:
        """Whether blocks are dealt out at the end, the choice among them being free until then."""
        return self.ties == rounds.RANDOM and not self.by_rounds


def run(blocks: Blocks, terms: Terms, queue: Queue, rule: Rule, steps: int) -> NDArray[np.int64]:
    """Remove up to ``steps`` candidates; the blocks and the queue are used up."""
    order = np.empty(steps, np.int64)
    counts, symbols, windows = blocks.counts, blocks.symbols, blocks.windows
    strategy, salt = rule.strategy, rule.salt
    listed = rule.by_rounds
    removal_loop.start(queue, terms, counts, windows, symbols, strategy, listed)

    def onward(begin: int, end: int) -> int:
        arguments = (queue, terms, counts, windows, symbols, strategy, salt)
        if listed:
            return int(rounds.rounds(*arguments, rule.ties, rule.batch, order, begin, end))
        advance = removal_loop.advance_lowest if rule.lowest else removal_loop.advance_drawn
        return int(advance(*arguments, order, begin, end))

    order = order[: _with_bar(onward, steps, rule.progress)]
    if rule.dealt:
        symbol_blocks.deal(queue, windows, symbols, order)
    return order


def _with_bar(onward: Callable[[int, int], int], steps: int, progress: bool) -> int:
    """Go on in pieces of about a quarter of a second; return where it ended."""
    done, piece = 0, 1
    off = None if progress else True  # None: only where there is a terminal
    with tqdm(total=steps, desc="ordering", unit="removal", delay=2, disable=off) as bar:
        while done < steps:
            begin, clock = done, time.perf_counter()
            done = onward(begin, min(begin + piece, steps))
            bar.update(done - begin)
            if done < min(begin + piece, steps):
                break  # nothing is left
            took = time.perf_counter() - clock
            piece = piece * 2 if took < 0.12 else max(1, piece // 2 if took > 0.5 else piece)
    return done

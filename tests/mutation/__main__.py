"""`make mutants`: which mistakes in the core do the tests not notice?

A random sample of all mutants is tried, until the time is over; the same seed tries the same ones
in the same order.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation import covering
from tests.mutation.core import CORE, noticing
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.mutants import is_equivalent, mutants_of
from tests.mutation.trials import Copy, Order, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.mutation.mutants import Mutant

_SHARE_TO_NOTICE = 0.95


def main() -> int:
    """Try mutants and tell what became of them.

    Returns:
        0 where the tests notice nearly all; 1 where they don't; 2 where nothing can be said.
    """
    options = _options()
    end = time.monotonic() + 60 * options.minutes
    _tell(f"seed {options.seed}, {options.minutes:g} minutes, {options.workers} workers")
    everything = [mutant for module in options.modules for mutant in mutants_of(module)]
    equivalent = [mutant for mutant in everything if is_equivalent(mutant, EQUIVALENTS)]
    sample = [mutant for mutant in everything if mutant not in equivalent]
    random.Random(options.seed).shuffle(sample)  # noqa: S311  no secret
    with tempfile.TemporaryDirectory() as folder:
        copies = [Copy(Path(folder, f"copy{n}")) for n in range(options.workers)]
        tests = dict.fromkeys(test for module in options.modules for test in noticing(module))
        seen = Path(folder, "covering")
        seen.mkdir()
        code, written = copies[0].run(
            list(tests),
            end - time.monotonic(),
            *("-p", covering.__name__, "-n", "auto", "--dist", "loadfile"),
            **{covering.FOLDER: str(seen)},
        )
        if code != 0:
            _tell(written or "The time is over before the tests are, without any mistake.")
            return 2
        order = Order(covering.Covering(seen))
        outcomes = _tried(sample, copies, order, lambda: end - time.monotonic())
    return _told(sample, outcomes, len(equivalent))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="when to stop")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="which sample")  # noqa: S311
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="how many at once")
    parser.add_argument(
        "modules", nargs="*", default=list(CORE), help="such as salesforce/http/quota.py"
    )
    options = parser.parse_args()
    if unknown := set(options.modules) - set(CORE):
        parser.error(f"not in tests/mutation/core.py: {', '.join(sorted(unknown))}")
    return options


def _tried(
    sample: Sequence[Mutant],
    copies: Sequence[Copy],
    order: Order,
    seconds_left: Callable[[], float],
) -> list[Outcome]:
    free = list(copies)

    def outcome(mutant: Mutant) -> Outcome:
        seconds = seconds_left()
        if seconds <= 0:
            return Outcome.NOT_TRIED
        copy = free.pop()
        try:
            found = copy.outcome(mutant, order, seconds)
        finally:
            free.append(copy)
        if found is Outcome.KILLED:
            _tell(".", end="")
        elif found is Outcome.SURVIVED:
            _tell(f"\nsurvived, in {mutant.change.function}:\n{mutant.diff}")
        return found

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(outcome, sample))


def _told(sample: Sequence[Mutant], outcomes: Sequence[Outcome], equivalent: int) -> int:
    _tell("\nmodule              killed  survived  not tried")
    for module in dict.fromkeys(mutant.module for mutant in sample):
        found = Counter(o for m, o in zip(sample, outcomes, strict=True) if m.module == module)
        killed, survived, left = (found[each] for each in Outcome)
        _tell(f"{module:18}  {killed:6}  {survived:8}  {left:9}")
    total = Counter(outcomes)
    killed, tried = total[Outcome.KILLED], total[Outcome.KILLED] + total[Outcome.SURVIVED]
    if not tried:
        _tell("No mutant was tried: the time was over.")
        return 2
    share = killed / tried
    _tell(
        f"{killed} of {tried} mistakes were noticed ({share:.1%}), {equivalent} more are "
        f"equivalent, {total[Outcome.NOT_TRIED]} were not tried."
    )
    return 0 if share >= _SHARE_TO_NOTICE else 1


def _tell(text: str, end: str = "\n") -> None:
    sys.stdout.write(f"{text}{end}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

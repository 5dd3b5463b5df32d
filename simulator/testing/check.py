"""What a check of a link's block is, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from unittest import SkipTest


class ContractError(AssertionError):
    """A block breaks a rule; the text says what came and what to do."""


class DoesNotApply(SkipTest):
    """A check asks for something that the block does not have; pytest shows it as skipped."""


@dataclass(frozen=True)
class Check:
    """One rule of the contract.

    Args:
        name: One word or two.
        rule: What every block of its kind keeps to, in a line.
        run: Checks what a function makes; raises ContractError, or DoesNotApply.
    """

    name: str
    rule: str
    run: Callable[[Callable[..., Any]], None]

    def __call__(self, make: Callable[..., Any]) -> None:
        """Check the rule.

        Args:
            make: Makes the block anew, always the same; a rate for the band given as `bandwidth_hz`.

        Raises:
            ContractError: If the block breaks it.
            DoesNotApply: If the block has nothing that the rule is about.
        """
        self.run(make)


@dataclass(frozen=True)
class Outcome:
    """What came of a check.

    Args:
        check: Which.
        verdict: pass, FAIL, or no for a check that does not apply.
        reason: Why, where it is not pass.
    """

    check: Check
    verdict: Literal["pass", "FAIL", "no"]
    reason: str = ""


def outcome(check: Check, make: Callable[..., Any]) -> Outcome:
    """Run a check; whatever the block raises is a reason to fail."""
    try:
        check(make)
    except DoesNotApply as error:
        return Outcome(check, "no", str(error))
    except ContractError as error:
        return Outcome(check, "FAIL", str(error))
    except Exception as error:
        return Outcome(check, "FAIL", f"the block raised {type(error).__name__}: {error}")
    return Outcome(check, "pass")

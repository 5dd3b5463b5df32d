"""What a check is, and what comes of it: for codecs here, and for a link's blocks in the simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar
from unittest import SkipTest

from coinfer.codecs.registry import told

if TYPE_CHECKING:
    import pytest

Subject = TypeVar("Subject")


class ContractError(AssertionError):
    """What is checked breaks a rule; the text says what came and what to do."""


class DoesNotApply(SkipTest):
    """A check asks for something that is not claimed; pytest shows it as skipped."""


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """One rule of a contract.

    Args:
        name: one word or two.
        rule: what all of a kind keep to, in a line.
        run: checks a subject; raises ContractError, or DoesNotApply.
    """

    name: str
    rule: str
    run: Callable[[Subject], None]

    kind: ClassVar[str] = "codec"
    """What is checked, in a word."""

    def __call__(self, subject: Subject) -> None:
        """Checks the rule.

        Raises:
            ContractError: the subject breaks it; the text says what came and what to do.
            DoesNotApply: the subject claims nothing that the rule is about.
        """
        self.run(subject)


@dataclass(frozen=True)
class Outcome:
    """What came of a check.

    Args:
        check: which.
        verdict: pass, FAIL, or no for a check that does not apply.
        reason: why, where it is not pass.
    """

    check: Check[Any]
    verdict: Literal["pass", "FAIL", "no"]
    reason: str = ""


def outcome(check: Check[Subject], subject: Subject) -> Outcome:
    """Runs a check; whatever the subject raises is a reason to fail."""
    try:
        check(subject)
    except DoesNotApply as error:
        return Outcome(check, "no", str(error))
    except ContractError as error:
        return Outcome(check, "FAIL", str(error))
    except (Exception, SystemExit) as error:
        return Outcome(check, "FAIL", f"the {check.kind} raised {told(error)}")
    return Outcome(check, "pass")


class Battery:
    """Checks as the tests of a class for pytest."""

    checks: ClassVar[tuple[Check[Any], ...]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Makes a test of each check."""
        if "check" in metafunc.fixturenames:
            metafunc.parametrize("check", self.checks, ids=[check.name for check in self.checks])

    def test_contract(self, check: Check[Any]) -> None:
        """Runs a check."""
        check(self.subject())

    def subject(self) -> Any:
        """What to check."""
        raise NotImplementedError

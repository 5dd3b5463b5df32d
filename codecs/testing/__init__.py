"""One battery of checks for any codec: what the contract in `protocol` asks, tried out.

In a test of your own:

    from coinfer.codecs.testing import CodecBattery
    from my_codec import MyCodec

    class TestMyCodec(CodecBattery):
        codec = MyCodec

On the command line: `coinfer check-codec my_codec`. By hand: `outcome(check, Subject(make, frames()))` for
each check of `CHECKS`.
"""

from coinfer.codecs.testing.battery import CHECKS, CodecBattery
from coinfer.codecs.testing.check import Check, ContractError, DoesNotApply, Outcome, outcome
from coinfer.codecs.testing.subject import Subject, frames

__all__ = [
    "CHECKS",
    "Check",
    "CodecBattery",
    "ContractError",
    "DoesNotApply",
    "Outcome",
    "Subject",
    "frames",
    "outcome",
]

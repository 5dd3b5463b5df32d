"""What every way of sharing the uplink owes the engine."""

import numpy as np
import pytest

from coinfer.simulator.link.sharing.csma import CsmaUplink
from coinfer.simulator.link.sharing.dcf import Dcf
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.link.sharing.ofdma import OfdmaUplink
from coinfer.simulator.link.sharing.proportional_fair import ProportionalFair
from coinfer.simulator.link.sharing.round_robin import RoundRobin
from coinfer.simulator.link.sharing.slotted import SlottedUplink
from coinfer.simulator.link.sharing.tdma import TdmaUplink
from coinfer.simulator.link.sharing.trace_sender import TraceSender


def slotted(policy):
    def make(env, told, traces):
        return SlottedUplink(env, told, [TraceSender(trace, 0.01) for trace in traces], policy())

    return make


SHARINGS = {
    "fifo": FifoUplink,
    "frozen": lambda *ends: FifoUplink(*ends, frozen=True),
    "equal": EqualShareUplink,
    "tdma": lambda *ends: TdmaUplink(*ends, turn_s=0.013),
    "ofdma": lambda env, told, traces: OfdmaUplink(env, told, len(traces), lambda device, _: traces[device]),
    "round robin": slotted(RoundRobin),
    "proportional fair": slotted(ProportionalFair),
    "csma": lambda *ends: CsmaUplink(*ends, np.random.default_rng(1), Dcf(mac_header_bytes=0, mtu_bytes=10)),
}


@pytest.fixture(params=SHARINGS.values(), ids=SHARINGS.keys())
def sharing(request, random_trace):
    rng = np.random.default_rng(3)
    traces = [random_trace(rng) for _ in range(4)]
    return lambda env, told: request.param(env, told, traces)


def test_whoever_never_expires_gets_through_in_the_device_s_order(sharing, transmit, random_payloads):
    payloads = random_payloads(np.random.default_rng(1), devices=4)
    log = transmit(sharing, payloads)
    ready_s, device, _ = (np.array(column) for column in zip(*payloads, strict=True))
    ended = ~np.isnan(log.end_s)
    # A fade frozen at rate 0 never ends; only that one may leave payloads unsent.
    assert ended.all() or isinstance(log.uplink, FifoUplink)
    assert (ready_s <= log.start_s)[ended].all()
    assert (log.start_s < log.end_s)[ended].all()
    for number in range(4):
        own = ended & (device == number)
        assert (log.end_s[own][:-1] <= log.start_s[own][1:]).all(), "one payload of a device at a time"


@pytest.mark.parametrize("patience_s", [0.1, 1.0, 10.0])
def test_every_payload_ends_by_its_expiry_or_is_aborted_at_it(sharing, transmit, random_payloads, patience_s):
    payloads = random_payloads(np.random.default_rng(2), devices=4, patience_s=patience_s)
    log = transmit(sharing, payloads)
    _, _, _, expires_s = (np.array(column) for column in zip(*payloads, strict=True))
    aborted = ~np.isnan(log.abort_s)
    assert 0 < np.count_nonzero(aborted) < len(payloads)
    np.testing.assert_array_equal(~np.isnan(log.end_s), ~aborted)
    np.testing.assert_array_equal(log.abort_s[aborted], expires_s[aborted])
    assert (log.end_s <= expires_s)[~aborted].all()
    assert not np.isnan(log.start_s[~aborted]).any()
    assert not (log.start_s[aborted] >= expires_s[aborted]).any(), "nobody starts at or after its expiry"


def test_the_channel_is_free_after_an_abort(sharing, transmit):
    first, second = (0.0, 0, 1e6, 0.5), (0.1, 0, 10.0, np.inf)
    log = transmit(sharing, [first, second])
    assert log.abort_s[0] == 0.5
    assert 0.5 <= log.start_s[1] < log.end_s[1] < 2.0


def test_one_that_expires_in_the_queue_never_starts(sharing, transmit):
    log = transmit(sharing, [(0.0, 0, 1e3, np.inf), (0.0, 0, 10.0, 0.01), (0.0, 0, 10.0, np.inf)])
    assert np.isnan([log.start_s[1], log.end_s[1]]).all()
    assert log.abort_s[1] == 0.01
    assert log.end_s[0] <= log.start_s[2] < log.end_s[2]

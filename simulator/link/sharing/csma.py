"""Devices contend for the air by the rules of IEEE 802.11."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from simpy import Environment

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.link.capacity import Capacity
from coinfer.simulator.link.sharing.backlog import Backlog, Payload
from coinfer.simulator.link.sharing.dcf import Dcf
from coinfer.simulator.link.uplink import Notices


class CsmaUplink:
    """Stations contend for each frame with carrier sensing and random backoff, the DCF with basic access.

    A payload is cut into frames of at most `Dcf.mtu_bytes`. For each frame its station draws a backoff and
    counts idle slots down to 0, then sends. Alone on the air, the frame is through; frames sent in the same
    slot collide, are all lost, and are sent again after a backoff from twice the window. A frame goes at the
    rate of its device's channel, and is lost in collisions only; it is sent again until it is through. A
    payload is through with the last bit of its last frame; its ACK occupies the air after that. At its
    expiry a payload is given up, but a frame on the air is sent to its end, as no station cuts a frame.

    Everybody hears everybody. A busy time counts as one slot to those who wait, as in Bianchi's model; in the
    standard they count idle slots only, which favours who sent last. Every frame waits for a backoff, also
    the first on an idle air, where the standard would send at once (at most W - 1 slots, .135 ms, earlier).

    Two events a frame, none while nobody contends: an event comes when the smallest backoff is over.

    Args:
        env: The simulated time.
        notices: Whom to tell.
        channels: What each device's channel carries, `[devices]`.
        rng: Draws the backoffs.
        dcf: Windows and timing; 802.11a/g by default.

    Attributes:
        sent_frames: How many frames went on the air, each try of one counted.
        lost_frames: How many of those collided.

    References:
        G. Bianchi, "Performance analysis of the IEEE 802.11 distributed coordination function", IEEE J. Sel.
        Areas Commun. 18 (2000).
        I. Tinnirello, G. Bianchi and Y. Xiao, "Refinements on IEEE 802.11 distributed coordination function
        modeling approaches", IEEE Trans. Veh. Technol. 59 (2010): the rule of counting down.
    """

    def __init__(
        self,
        env: Environment,
        notices: Notices,
        channels: Sequence[Capacity],
        rng: np.random.Generator,
        dcf: Dcf | None = None,
    ) -> None:
        self.sent_frames = 0
        self.lost_frames = 0
        self._env = env
        self._notices = notices
        self._channels = channels
        self._rng = rng
        self._dcf = dcf or Dcf()
        self._waiting = [Backlog(env, notices.aborted) for _ in channels]
        self._stations: dict[int, _Station] = {}
        self._counting_from_s = 0.0
        self._is_busy = False
        self._next_access: Alarm | None = None

    def send(self, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        payload = Payload(task, device, bits, expires_s)
        if device in self._stations:
            self._waiting[device].add(payload)
        else:
            self._join(payload, self._env.now)
            self._set_next_access()

    def _join(self, payload: Payload, now_s: float) -> None:
        """Let a payload contend from the next slot on, or from the end of the busy time."""
        station = _Station(payload, Alarm(self._env, payload.expires_s, self._abort, payload))
        self._backoff(station)
        if not self._is_busy:
            if self._stations:
                elapsed = ceil((now_s - self._counting_from_s) / self._dcf.slot_s)
                station.backoff += min(elapsed, self._smallest_backoff())
            else:
                self._counting_from_s = now_s
        self._stations[payload.device] = station

    def _backoff(self, station: "_Station") -> None:
        station.backoff = int(self._rng.integers(self._dcf.window_at(station.stage)))

    def _smallest_backoff(self) -> int:
        return min(station.backoff for station in self._stations.values())

    def _set_next_access(self) -> None:
        """Set the alarm for the end of the smallest backoff if nobody joins or leaves before."""
        if self._next_access is not None:
            self._next_access.cancel()
            self._next_access = None
        if self._stations and not self._is_busy:
            access_s = self._counting_from_s + self._smallest_backoff() * self._dcf.slot_s
            self._next_access = Alarm(self._env, max(access_s, self._env.now), self._access, None)

    def _access(self, alarm: Alarm) -> None:
        """Send the frames whose backoff is over."""
        now_s, self._next_access, self._is_busy = alarm.time_s, None, True
        slots = self._smallest_backoff()
        sending = [station for station in self._stations.values() if station.backoff == slots]
        for station in self._stations.values():
            station.backoff -= slots + 1
        ends_s = [self._send_frame(station, now_s) for station in sending]
        self.sent_frames += len(sending)
        if len(sending) == 1:
            self._get_through(sending[0], ends_s[0])
        else:
            self.lost_frames += len(sending)
            for station in sending:
                station.stage += 1
                self._backoff(station)
        Alarm(self._env, max(ends_s) + self._dcf.after_frame_s, self._resume, None)

    def _send_frame(self, station: "_Station", now_s: float) -> float:
        """Send the next frame of a payload; give its end in seconds."""
        if not station.is_started:
            station.is_started = True
            self._notices.started(station.payload.task, now_s)
        bits = self._dcf.header_bits + min(station.left_bits, self._dcf.mtu_bits)
        return self._channels[station.payload.device].finish_s(now_s + self._dcf.preamble_s, bits)

    def _get_through(self, station: "_Station", end_s: float) -> None:
        station.left_bits -= min(station.left_bits, self._dcf.mtu_bits)
        station.stage = 0
        self._backoff(station)
        if station.left_bits <= 0.0 and end_s <= station.payload.expires_s:
            station.expiry.cancel()
            Alarm(self._env, end_s, self._end, station.payload)

    def _resume(self, alarm: Alarm) -> None:
        self._is_busy = False
        self._counting_from_s = alarm.time_s
        self._set_next_access()

    def _end(self, alarm: Alarm) -> None:
        self._notices.ended(alarm.item.task, alarm.time_s)
        self._replace(alarm.item.device, alarm.time_s)

    def _abort(self, alarm: Alarm) -> None:
        self._notices.aborted(alarm.item.task, alarm.time_s)
        self._replace(alarm.item.device, alarm.time_s)

    def _replace(self, device: int, now_s: float) -> None:
        del self._stations[device]
        payload = self._waiting[device].next(now_s)
        if payload is not None:
            self._join(payload, now_s)
        self._set_next_access()


class _Station:
    """A payload at the head of its device's queue.

    Attributes:
        backoff: How many slots after the last busy time its frame goes.
        stage: How many times in a row it collided.
    """

    __slots__ = ("backoff", "expiry", "is_started", "left_bits", "payload", "stage")

    def __init__(self, payload: Payload, expiry: Alarm) -> None:
        self.payload = payload
        self.expiry = expiry
        self.left_bits = payload.bits
        self.backoff = 0
        self.stage = 0
        self.is_started = False

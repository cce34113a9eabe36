"""The pace at which a server is asked: evenly up to its limits, and slower when it says so.

`Pacing` is arithmetic on a clock that is handed in; `Gate` lets tasks wait for it.
"""

from __future__ import annotations

import asyncio
import math
import time

from emoalign.elicitation.engines.served import Limits
from emoalign.errors import EngineError

CATCH_UP = 0.01
"""Share of a minute's allowance that may be sent at once after a delay: what a late timer or a slow
answer left unused, and never enough to exceed the allowance of any minute by more than that."""


class Allowance:
    """So many requests or tokens per minute, spent evenly (the generic cell rate algorithm).

    Times are seconds on any monotonic clock. The algorithm is that of ITU-T I.371, annex A.
    """

    def __init__(self, per_minute: float) -> None:
        self._seconds_each = 60 / per_minute
        self._catch_up_s = math.floor(CATCH_UP * per_minute) * self._seconds_each
        self._next = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until something may be spent, 0 or less if it may be at once."""
        return self._next - now

    def spend(self, amount: float, now: float) -> None:
        """Take `amount` out of the allowance; what follows waits for it to be there again."""
        unused_since = now if math.isinf(self._next) else now - self._catch_up_s
        self._next = max(self._next, unused_since) + amount * self._seconds_each

    def correct(self, amount: float) -> None:
        """Add to what was spent, or give back where `amount` is below 0."""
        self._next += amount * self._seconds_each


class Pacing:
    """The times at which requests may be sent to one server; `now` is in seconds on one clock.

    Too many requests (429) halve how many may be under way at once, only once for those that were
    sent before. Every full round of successes allows one more again, up to the limit.
    """

    def __init__(self, limits: Limits) -> None:
        self.allowed = self._most = limits.concurrency
        self.under_way = 0
        self._requests = _allowance(limits.requests_per_minute)
        self._tokens = _allowance(limits.tokens_per_minute)
        self._allowances = [allowance for allowance in (self._requests, self._tokens) if allowance]
        self._quiet_until = self._slowed = -math.inf
        self._successes = 0

    def wait(self, now: float) -> float:
        """Seconds until a request may be sent; 0 is now, infinity is after one has ended."""
        if self.under_way >= self.allowed:
            return math.inf
        return max(
            0.0, self._quiet_until - now, *(allowance.wait(now) for allowance in self._allowances)
        )

    def start(self, tokens: float, now: float) -> None:
        """A request is sent that will cost about so many tokens."""
        self.under_way += 1
        if self._requests:
            self._requests.spend(1, now)
        if self._tokens:
            self._tokens.spend(tokens, now)

    def end(self) -> None:
        """A request has ended, whether or not it brought an answer."""
        self.under_way -= 1

    def succeeded(self, estimated: float, used: float) -> None:
        """A request brought answers and cost `used` tokens instead of the `estimated` ones."""
        if self._tokens:
            self._tokens.correct(used - estimated)
        if self.allowed < self._most:
            self._successes += 1
            if self._successes >= self.allowed:
                self.allowed += 1
                self._successes = 0

    def slow_down(self, sent: float, now: float) -> None:
        """A request that was `sent` then has been one too many."""
        self._successes = 0
        if sent >= self._slowed:
            self.allowed = max(1, self.allowed // 2)
            self._slowed = now

    def pause(self, seconds: float, now: float) -> None:
        """Send nothing for so long."""
        self._quiet_until = max(self._quiet_until, now + seconds)


def _allowance(per_minute: float | None) -> Allowance | None:
    return None if per_minute is None else Allowance(per_minute)


class Gate:
    """A queue of the tasks that ask one server: first come, first served."""

    def __init__(self, limits: Limits) -> None:
        self.pacing = Pacing(limits)
        self._queue = asyncio.Lock()
        self._changed = asyncio.Event()
        self._stopped: EngineError | None = None

    async def enter(self, tokens: float) -> float:
        """Wait until a request of about so many tokens may be sent; returns when that was.

        Every entry needs a `leave`. Raises the error that stopped the gate.
        """
        async with self._queue:
            while True:
                if self._stopped:
                    raise self._stopped
                now = time.monotonic()
                wait = self.pacing.wait(now)
                if not wait:
                    self.pacing.start(tokens, now)
                    return now
                await self._change_or(wait)

    def leave(self) -> None:
        """A request has ended."""
        self.pacing.end()
        self._changed.set()

    async def rest(self, seconds: float) -> None:
        """Pause one task. Raises the error that stopped the gate meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._stopped:
                raise self._stopped
            await self._change_or(left)

    def stop(self, error: EngineError) -> None:
        """Let nothing through any more: who waits fails with `error`, what is under way goes on."""
        self._stopped = self._stopped or error
        self._changed.set()

    async def _change_or(self, seconds: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

"""The event times of all sites together, by stratum: the points at which risk sets are summed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.survival.follow_up import FollowUp
from cohortium.errors import InvalidRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

MOST_CLASSES = 200


@dataclass(frozen=True, slots=True)
class EventPoints:
    """K points, sorted by stratum and then by time.

    first  : (strata + 1,) where each stratum begins.
    time   : (K,) the step of the grid that the point stands at.
    until  : (K,) the last step whose events belong to the point; its ``time`` where no points were merged.
    deaths : (K,) events there, over all sites.
    """

    first: Places
    time: Places
    until: Places
    deaths: Places

    @classmethod
    def of(cls, events: Places, fewest: int) -> EventPoints:
        """From counts (strata, T + 1).

        Neighbouring times are merged until each point has ``fewest`` events, so that sums over neighbouring risk sets
        differ by at least as many persons. The point stands at the median of its events.
        """
        first, parts = [0], []
        for counts in events:
            places = np.flatnonzero(counts)
            total = np.cumsum(counts[places])
            ends, reached = [], 0
            for place, upto in enumerate(total.tolist()):
                if upto - reached >= fewest:
                    ends.append(place)
                    reached = upto
            if len(places) and (not ends or ends[-1] != len(places) - 1):
                ends[-1:] = [len(places) - 1]
            deaths = np.diff(total[ends], prepend=0)
            middle = np.searchsorted(total, total[ends] - deaths / 2)
            parts.append(np.stack([places[middle], places[ends], deaths]))
            first.append(first[-1] + len(ends))
        time, until, every = np.concatenate(parts, axis=1).astype(np.int64)
        return cls(np.array(first, dtype=np.int64), time, until, every)

    def to_arrays(self) -> dict[str, Places]:
        """For a state."""
        return {"first": self.first, "time": self.time, "until": self.until, "deaths": self.deaths}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> EventPoints:
        """What ``to_arrays`` made."""
        return cls(arrays["first"], arrays["time"], arrays["until"], arrays["deaths"])

    @property
    def stratum(self) -> Places:
        """(K,) the stratum of each point."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def spans(self, follow: FollowUp, stratum: Places) -> tuple[Places, Places, Places]:
        """Of each row the first point at which it is at risk, the one after its last, and that of its event or -1.

        Raises : InvalidRecords where a row has an event at a time that was not counted before.
        """
        width = int(max(self.until.max(initial=0), follow.leaves.max(initial=0))) + 2
        keys, ends = self.stratum * width + self.time, self.stratum * width + self.until
        start = np.searchsorted(keys, stratum * width + follow.enters, "right")
        end = np.searchsorted(keys, stratum * width + follow.leaves, "right")
        own = np.full(len(stratum), -1, dtype=np.int64)
        event = follow.cause > 0
        own[event] = np.searchsorted(ends, (stratum * width + follow.leaves)[event], "left")
        if (own[event] >= self.first[stratum[event] + 1]).any():
            raise InvalidRecords("The records changed while the study ran: events came that were not there before.")
        # Where times were merged, a row can enter between its point's time and its own event; it is at risk there.
        return np.where(event, np.minimum(start, own), start), np.where(event, own + 1, end), own

    def classes(self) -> tuple[Places, Places]:
        """Points in at most about ``MOST_CLASSES`` runs of neighbours: the class of each (K,), and where each
        stratum's classes begin (strata + 1,)."""
        size = -(-len(self.time) // MOST_CLASSES)
        within = (np.arange(len(self.time)) - self.first[self.stratum]) // max(size, 1)
        counts = -(-np.diff(self.first) // max(size, 1))
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return first[self.stratum] + within, first

    def survived_class(self, end: Places, stratum: Places) -> Places:
        """The last class all of whose times a censored row outlived, -1 where there is none."""
        of, first = self.classes()
        point = end - 1
        known = point >= self.first[stratum]
        safe = np.where(known, point, 0)
        if not len(of):
            return np.full(len(end), -1, dtype=np.int64)
        whole = np.append(of[1:] != of[:-1], True)[safe]
        found = of[safe] - np.where(whole, 0, 1)
        return np.where(known & (found >= first[stratum]), found, -1)

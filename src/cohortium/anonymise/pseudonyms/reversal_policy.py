"""Who may turn a pseudonym back, and how often: the policy that stands between the keys and a name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from cohortium.errors import DisclosureRefused, InvalidRequest, SourceUnreadable
from cohortium.sources.toml_keys import Keys, is_texts

EVENT = "pseudonym reversed"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReversalPolicy:
    """Which pseudonyms may be turned back, by whom, and how many.

    kinds         : that may be turned back.
    accounts      : of the operating system that may; None where every one that can read the keys.
    most_in_a_day : distinct pseudonyms per account within 24 hours.
    """

    title: str
    kinds: tuple[str, ...]
    accounts: tuple[str, ...] | None
    most_in_a_day: int

    def permit(
        self, kind: str, pseudonym: str, account: str, journal: Iterable[Mapping[str, Any]], now: datetime
    ) -> None:
        """Return where this may be turned back now.

        journal : entries as ``Reversal.entry`` makes them, with "by" and "time" (ISO 8601).
        Raises  : DisclosureRefused, with what the policy says.
        """
        if kind not in self.kinds:
            raise DisclosureRefused(
                f"The policy '{self.title}' lets {sorted(self.kinds)} be turned back, not pseudonyms of '{kind}'."
            )
        if self.accounts is not None and account not in self.accounts:
            raise DisclosureRefused(
                f"The policy '{self.title}' lets {sorted(self.accounts)} turn pseudonyms back, not '{account}'."
            )
        found = {
            entry["pseudonym"]
            for entry in journal
            if entry.get("event") == EVENT
            and entry.get("by") == account
            and now - datetime.fromisoformat(entry["time"]) < _DAY
        }
        if pseudonym not in found and len(found) >= self.most_in_a_day:
            raise DisclosureRefused(
                f"'{account}' has turned back {len(found)} pseudonyms within 24 hours; the policy '{self.title}' "
                f"allows {self.most_in_a_day}. Wait, or have the policy changed by whoever answers for it."
            )


def load_reversal_policy(path: Path | None = None) -> ReversalPolicy:
    """The policy in a TOML file; the shipped one where None.

    Raises : SourceUnreadable; InvalidRequest naming the key that cannot be understood.
    """
    where = path or Path(str(resources.files("cohortium.privacy") / "policies" / "reversal.toml"))
    try:
        document = tomllib.loads(where.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The policy {where} cannot be read: {type(error).__name__}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{where} is not TOML: {error}.") from error
    keys = Keys(where, "the policy", document, {"title", "kinds", "accounts", "most_in_a_day"})
    keys.refuse_unknown()
    kinds = keys.get("kinds", "a list of texts", is_texts)
    most = keys.get("most_in_a_day", "a whole number from 1", lambda value: type(value) is int and value > 0)
    if kinds is None or most is None:
        raise InvalidRequest(f"{where}: the policy must say 'kinds' and 'most_in_a_day'.")
    accounts = keys.get("accounts", "a list of texts", is_texts)
    return ReversalPolicy(
        keys.text("title") or where.stem, tuple(kinds), None if accounts is None else tuple(accounts), most
    )

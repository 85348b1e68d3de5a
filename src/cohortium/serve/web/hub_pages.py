"""The hub's pages as parts: home, studies, permits, airlock, ledger, accounts. Each shows what its reader may know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cohortium.federate.hub.airlock import for_the_reviewer, in_words
from cohortium.federate.hub.permits import dossier_told
from cohortium.federate.hub.store import ENDED, Held, HubStore, Run
from cohortium.govern.accounts import Account, Accounts, Role
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.ledger.canonical import parsed
from cohortium.govern.ledger.checking import check_log
from cohortium.govern.permits.dossier import Deed, Dossier, State
from cohortium.govern.permits.permit import MODES, OUTPUTS, permit_from_plain
from cohortium.govern.permits.purposes import PROHIBITED, Purpose
from cohortium.govern.permits.register import Register
from cohortium.pages import svg
from cohortium.serve.federation.permits import OFFICIAL, permit_in_words
from cohortium.serve.run_in_words import details
from cohortium.serve.web.parts import Cell, Field, Form, Page, Rows, Section

if TYPE_CHECKING:
    from cohortium.federate.channel import Channel
    from cohortium.federate.hub.invitations import Invitations

OVERSEERS = (Role.ADMINISTRATOR, Role.PROTECTION)
"""Who sees every study and permit, not only their own."""
MOST = 100
_BADGES = {"done": "pass", "failed": "fail", "cancelled": "not applicable", "granted": "pass", "refused": "fail",
           "revoked": "fail", "suspended": "warn", "expired": "not applicable"}  # fmt: skip
_WIDE, _ROW, _BOX, _TALL = 660.0, 46.0, 190.0, 32.0


@dataclass(frozen=True, slots=True)
class Hub:
    """What the pages are made from. root : where they lie on this site, such as "/web"."""

    name: str
    root: str
    store: HubStore
    register: Register
    ledger: Ledger
    accounts: Accounts
    channel: Channel
    invitations: Invitations

    def home(self, account: Account) -> Page:
        """Sites, what runs, what was released; fetched again by itself."""
        connected = set(self.channel.sites())
        sites = {site: site in connected for site in self.invitations.nodes()}
        runs = self._runs(account)
        under_way = [run for run in runs if run.status not in ENDED]
        checkpoint = self.ledger.log.checkpoint()
        words = self.ledger.words()
        facts = (
            ("Hospitals", f"{sum(sites.values())} of {len(sites)} connected"),
            ("Studies under way", f"{len(under_way):,}"),
            ("Studies ended", f"{len(runs) - len(under_way):,}"),
            ("Events in the ledger", f"{checkpoint.size:,}"),
            ("Watched by", f"{len(words):,}"),
        )
        empty = "No study yet. Write one as a file, and submit it: cohortium study submit study.toml"
        return Page(
            self.name,
            "Hub",
            (
                Section("Now", facts=facts, drawing=_map(self.name, sites, len(under_way)),
                        intro="" if sites else "No hospital has joined. Invite one: cohortium hub invite-node NAME"),
                Section("Latest studies", table=Rows(_RUN_COLUMNS, tuple(map(self._run_row, runs[:10])), empty)),
            ),
            again_s=15,
        )  # fmt: skip

    def studies(self, account: Account) -> Page:
        """Every study that the reader may see."""
        runs = self._runs(account)[:MOST]
        intro = "All studies of this hub." if set(OVERSEERS) & account.roles else "Your studies."
        empty = "None yet. Start from: cohortium study algorithms; docs/federation.md shows a study file."
        return Page(
            "Studies",
            "Hub",
            (Section("Studies", intro, table=Rows(_RUN_COLUMNS, tuple(map(self._run_row, runs)), empty)),),
        )

    def run(self, account: Account, name: str) -> Page | None:
        """One run: where it stands, who is awaited, what happened; None where the reader may not see it."""
        found = next((run for run in self._runs(account) if run.run == name), None)
        if found is None:
            return None
        held = [one for one in self.store.held(name) if one.decided != "released"]
        results = self.store.released_results(name)
        facts = (
            ("State", found.status), ("Trust", found.study.mode), ("Dataset", found.study.dataset),
            ("Researcher", found.study.researcher or "–"), ("Submitted", _time(found.submitted)),
            *((("Permit", found.study.permit),) if found.study.permit else ()),
        )  # fmt: skip
        rows = tuple(
            (Cell(one, f"{self.root}/studies/{name}/results" if one in results else ""), f"{result.persons:,}")
            for one, result in results.items()
        )
        events = tuple(
            (_time(at), what, details({"what": what, **detail}))
            for _, at, what, detail in self.store.events(name)[-MOST:]
        )
        return Page(
            found.study.title,
            f"Run {name}",
            (
                Section("Where it stands", found.said, facts=facts, words=tuple(in_words(one) for one in held)),
                Section("Results", table=Rows(("Analysis", "Persons"), rows, "None has been released yet."),
                        intro="As files, with receipts, they come by 'cohortium study result'."),
                Section("What happened", table=Rows(("When", "What", "Details"), events)),
            ),
            again_s=0 if found.status in ENDED else 5,
        )  # fmt: skip

    def permits(self, account: Account) -> Page:
        """Applications: all for overseers and stewards, a researcher's own otherwise."""
        shown = [one for one in self.register.dossiers() if self._may_see(account, one)][:MOST]
        rows = tuple(self._permit_row(one) for one in shown)
        forms = (Form(f"{self.root}/permits/new", "Start an application"),) if Role.RESEARCHER in account.roles else ()
        table = Rows(
            ("Number", "Title", "Applicant", "State", "Waits for"), rows, "Nobody has applied for a permit yet."
        )
        return Page("Data permits", "Hub", (Section("Applications", table=table, forms=forms),))

    def permit(self, account: Account, number: str, *, said: str = "", wrong: str = "") -> Page | None:
        """One application with its acts, and what the reader can do about it; None where he may not see it."""
        dossier = self.register.dossier(number)
        if not self._may_see(account, dossier):
            return None
        told = dossier_told(self.register, dossier)
        acts = tuple((_time(one["at"]), one["deed"], one["by"], one["reason"] or "–") for one in told["acts"])
        signed = ", ".join(told["signed_by"]) or "nobody yet"
        waits = ", ".join(told["awaited"]) if told["state"] == "submitted" else ""
        facts = (("State", told["state"]), ("Signed by", signed), *((("Waits for", waits),) if waits else ()))
        return Page(
            dossier.permit.title,
            f"Permit {number}",
            (
                Section("Where it stands", facts=facts, forms=self._deeds(account, dossier)),
                Section("What it asks for", words=tuple(permit_in_words(dossier.permit))),
                Section("What was done", table=Rows(("When", "What", "By", "Reason"), acts, "It is a draft.")),
            ),
            said=said,
            wrong=wrong,
        )

    def application(self, account: Account, *, wrong: str = "", values: dict[str, str] | None = None) -> Page:
        """The form of an application."""
        kept = values or {}
        sites = tuple((site, site) for site in self.invitations.nodes())
        day = date.fromisoformat(self.register.clock()[:10])

        def text(name: str, label: str, hint: str = "", kind: str = "text", start: str = "") -> Field:
            return Field(name, label, kind, kept.get(name, start), help=hint)

        fields = (
            text("title", "What is it about?"),
            text("organisation", "Your organisation"),
            text("country", "Country", "Two letters, such as DE."),
            Field("purposes", "For which purposes? (Article 53)", "many",
                  options=tuple((one.value, f"{one.value.replace('_', ' ')}: {one.in_words}") for one in Purpose)),
            text("dataset", "Dataset", "Its name at the hospitals."),
            Field("sites", "At which hospitals?", "many", options=sites),
            text("columns", "Which columns?", "Names with commas between; those that you select by, too."),
            text("algorithms", "By which algorithms?", "Such as describe, cox, kaplan_meier."),
            Field("modes", "In which trust modes?", "many", options=tuple((one, one) for one in MODES)),
            Field("outputs", "What may leave?", "many", options=tuple((one, one) for one in OUTPUTS)),
            Field("epsilon", "Privacy budget (epsilon), with mode dp", value=kept.get("epsilon", ""), required=False),
            Field("delta", "Delta, with mode dp", value=kept.get("delta", ""), required=False),
            text("minimisation", "Why are these columns needed, and not fewer? (Article 66)", kind="area"),
            text("ethics", "Ethics vote", "Its reference, or why none is needed."),
            text("starts", "From", kind="date", start=day.isoformat()),
            text("ends", "To", "At most ten years later (Article 68).", "date", (day + timedelta(730)).isoformat()),
        )  # fmt: skip
        intro = "Never permitted, whatever is written here (Article 54): " + "; ".join(PROHIBITED) + "."
        form = Form(f"{self.root}/permits", "Keep as a draft", fields)
        return Page("Apply for a permit", "Hub", (Section("Application", intro, forms=(form,)),), wrong=wrong)

    def airlock(self) -> Page:
        """Results that wait, what they are made of, and the reviewer's two ways."""
        waiting = [one for one in self.store.held() if not one.decided]
        decided = tuple(
            (one.run, one.analysis, one.decided, one.decided_by, one.reason) for one in self.store.held() if one.decided
        )
        sections = tuple(map(self._waiting, waiting)) or (Section("Waiting", "Nothing waits for a reviewer."),)
        table = Rows(("Run", "Analysis", "Decided", "By", "Reason"), decided, "Nothing was decided yet.")
        return Page("Airlock", "Hub", (*sections, Section("Decided", table=table)))

    def ledger_page(self, *, checked: bool = False) -> Page:
        """The ledger's state, who watches it, its last events, and a check of the whole."""
        size = self.ledger.recorder.settle()
        words = tuple((name.removesuffix("/witness"), _moment(at)) for name, at in sorted(self.ledger.words().items()))
        first = max(0, size - 50)
        events = tuple(
            (Cell(f"{first + at:,}", number=True), _time(one["at"]), one["event"], _told(one))
            for at, one in enumerate(map(parsed, self.ledger.log.tiles().entries(first)))
        )[::-1]
        forms = (Form(f"{self.root}/ledger", "Check every entry now"),)
        intro = "An event that is here cannot be changed unseen: the others have the hash over all."
        told = (f"Key of the ledger, to compare by telephone: {self.ledger.log.key}",)
        sections = [Section("State", intro, (("Events", f"{size:,}"),), told, forms=forms)]
        if checked:
            keys = (self.ledger.log.key, *self.ledger.witness.known_keys())
            signs = {True: "pass", False: "fail", None: "not applicable"}
            rows = tuple(
                (Cell(one.name, badge=signs[one.holds]), one.said) for one in check_log(self.ledger.log.folder, keys)
            )
            sections.append(Section("Checked just now", table=Rows(("What", "Found"), rows)))
        sections += [
            Section("Who watches it", table=Rows(("Witness", "Seen unchanged at"), words, "Nobody yet.")),
            Section("Last events", table=Rows(("Entry", "When", "Event", "Details"), events)),
        ]
        return Page("Ledger", "Hub", tuple(sections))

    def accounts_page(self, *, said: str = "", wrong: str = "") -> Page:
        """Who has an account; invitations."""
        rows = tuple(
            (one.account, one.name, ", ".join(sorted(one.roles)), "yes" if one.has_second_factor else "no",
             "active" if one.is_active else "deactivated")
            for one in self.accounts.accounts()
        )  # fmt: skip
        invite = Form(
            f"{self.root}/accounts", "Make a link for a new account or password",
            (Field("account", "Account", help="Letters, digits and . _ - @"), Field("name", "Name"),
             Field("roles", "Roles", "many", options=tuple((one.value, one.value) for one in Role))),
        )  # fmt: skip
        end = Form(f"{self.root}/accounts/end", "Deactivate", (Field("account", "Account"),), grave=True)
        table = Rows(("Account", "Name", "Roles", "Second factor", "State"), rows)
        return Page(
            "Accounts", "Hub",
            (Section("Accounts", table=table), Section("Invite", forms=(invite,)),
             Section("End an account", forms=(end,))),
            said=said, wrong=wrong,
        )  # fmt: skip

    def me(self, account: Account, *, said: str = "", wrong: str = "", secret: str = "", address: str = "") -> Page:
        """One's own account: another password, a second factor.

        secret, address : of a second factor that is being set up.
        """
        word = ("current-password", "new-password")
        password = Form(
            f"{self.root}/me/password", "Change it",
            (Field("old", "The password now", "password", autocomplete=word[0]),
             Field("new", "The new one", "password", autocomplete=word[1], help="15 characters or more."),
             Field("again", "The same again", "password", autocomplete=word[1])),
        )  # fmt: skip
        begin = Form(
            f"{self.root}/me/second-factor", "Set up a new one" if account.has_second_factor else "Set it up",
            (Field("old", "Your password", "password", autocomplete=word[0]),),
        )  # fmt: skip
        second = Section(
            "Second factor",
            "A code of an authenticator beside the password." + (" You have one." if account.has_second_factor else ""),
            forms=(begin,),
        )
        if secret:
            confirm = Form(
                f"{self.root}/me/second-factor/confirm", "Confirm",
                (Field("secret", "", "hidden", secret),
                 Field("code", "The code that it shows", autocomplete="one-time-code")),
            )  # fmt: skip
            words = (f"Enter this key into your authenticator: {secret}", f"Or this address: {address}")
            second = Section(
                "Second factor", "It counts once you have confirmed a code.", words=words, forms=(confirm,)
            )
        return Page(
            account.name, "Your account", (second, Section("Password", forms=(password,))), said=said, wrong=wrong
        )

    def _runs(self, account: Account) -> list[Run]:
        """The latest first."""
        found = self.store.runs()[::-1]
        return (
            found
            if set(OVERSEERS) & account.roles
            else [one for one in found if one.study.researcher == account.account]
        )

    def _run_row(self, run: Run) -> tuple[Cell | str, ...]:
        state = Cell(run.status, badge=_BADGES.get(run.status, "informative"))
        return (
            Cell(run.study.title, f"{self.root}/studies/{run.run}"), state, run.study.mode, run.study.researcher or "–",
            _time(run.submitted), run.said or "–",
        )  # fmt: skip

    def _may_see(self, account: Account, dossier: Dossier) -> bool:
        return bool(set(OVERSEERS) & account.roles) or dossier.permit.applicant.account == account.account

    def _permit_row(self, dossier: Dossier) -> tuple[Cell | str, ...]:
        state = dossier.state(date.fromisoformat(self.register.clock()[:10])).value
        who = dossier.permit.applicant
        waits = ", ".join(dossier.awaited()) if state == "submitted" else "–"
        number = dossier.permit.number
        badge = Cell(state, badge=_BADGES.get(state, "informative"))
        return (
            Cell(number, f"{self.root}/permits/{number}"),
            dossier.permit.title,
            f"{who.name}, {who.organisation}",
            badge,
            waits,
        )

    def _deeds(self, account: Account, dossier: Dossier) -> tuple[Form, ...]:
        """What the reader can do in the present state."""
        state = dossier.state(date.fromisoformat(self.register.clock()[:10]))
        place = f"{self.root}/permits/{dossier.permit.number}"
        reason = Field("reason", "Reason or answer", "area")
        if dossier.permit.applicant.account == account.account:
            if state is State.DRAFT:
                return (Form(f"{place}/submit", "Submit"),)
            return (Form(f"{place}/answer", "Answer", (reason,)),) if state is State.QUESTIONS else ()
        if Role.ADMINISTRATOR not in account.roles:
            return ()
        suits = {
            State.SUBMITTED: ("ask", "refuse"), State.QUESTIONS: ("refuse",), State.GRANTED: ("suspend", "revoke"),
            State.SUSPENDED: ("resume", "revoke"),
        }.get(state, ())  # fmt: skip
        return tuple(
            Form(f"{place}/{one}", one.capitalize(), (reason,), grave=one in ("refuse", "revoke")) for one in suits
        )

    def _waiting(self, one: Held) -> Section:
        told = for_the_reviewer(self.store.results(one.run)[one.analysis])
        study = self.store.run(one.run).study
        words = [
            f"{name}: {table['rows']:,} rows of {', '.join(table['columns'])}" for name, table in told["tables"].items()
        ]
        words += [f"{name}: an array of {' x '.join(map(str, shape))}" for name, shape in told["arrays"].items()]
        place, reason = f"{self.root}/airlock/{one.run}/{one.analysis}", Field("reason", "Reason", "area")
        return Section(
            f"{one.analysis} of '{study.title}'",
            f"{told['title']}, {told['persons']:,} persons; for {study.researcher}, since {_time(one.since)}.",
            words=(*words, *(f"Look at this: {said}" for said in told["look_at"])),
            forms=(
                Form(f"{place}/release", "Let it out", (reason,)),
                Form(f"{place}/withhold", "Keep it in", (reason,), grave=True),
            ),
        )


def asked_from_form(asked: Any, account: Account) -> dict[str, Any]:
    """What the form of an application asks for, as ``Register.draft`` takes it; raises InvalidRequest."""
    from cohortium.errors import InvalidRequest
    from cohortium.govern.permits.permit import MICRO

    def listed(name: str) -> list[str]:
        return [one.strip() for one in asked.one(name).split(",") if one.strip()]

    plain: dict[str, Any] = {name: asked.one(name) for name in ("title", "minimisation", "ethics", "starts", "ends")}
    plain |= {name: asked.all(name) for name in ("purposes", "modes", "outputs")}
    plain["algorithms"] = listed("algorithms")
    plain["datasets"] = [{"dataset": asked.one("dataset"), "sites": asked.all("sites"), "columns": listed("columns")}]
    who = {"name": account.name, "organisation": asked.one("organisation"), "country": asked.one("country").upper()}
    plain["applicant"] = {**who, "account": account.account}
    if "dp" in plain["modes"]:
        try:
            plain |= {"micro_epsilon": round(float(asked.one("epsilon")) * MICRO), "delta": float(asked.one("delta"))}
        except ValueError as error:
            raise InvalidRequest("With mode dp, epsilon and delta are numbers.") from error
    permit_from_plain({**plain, "number": "draft"})
    return plain


def officials_deed(name: str) -> Deed | None:
    """The authority's act of that name."""
    return Deed(name) if name in OFFICIAL else None


_RUN_COLUMNS = ("Study", "State", "Trust", "Researcher", "Submitted", "Said")


def _map(name: str, sites: dict[str, bool], under_way: int) -> str:
    """The hub and its hospitals; those that are away are dashed."""
    if not sites:
        return ""
    height = _ROW * max(len(sites), 2) + 20
    middle, hub = height / 2, _WIDE - _BOX
    body = [svg.mark(svg.box(hub, middle - _TALL / 2, _BOX, _TALL), "place"),
            svg.words(hub + _BOX / 2, middle + 4, svg.shortened(name, _BOX - 16), "label", "middle")]  # fmt: skip
    for number, (site, is_here) in enumerate(sorted(sites.items())):
        y = height * (number + 0.5) / len(sites)
        away = "" if is_here else " away"
        body += [svg.mark(svg.box(0, y - _TALL / 2, _BOX, _TALL), f"place{away}"),
                 svg.words(_BOX / 2, y + 4, svg.shortened(site, _BOX - 16), "label", "middle"),
                 svg.line(_BOX, y, hub, middle, f"flow{away}")]  # fmt: skip
    away_named = ", ".join(site for site, is_here in sites.items() if not is_here) or "none"
    told = f"{len(sites)} hospitals; not connected: {away_named}; {under_way} studies under way"
    return svg.document("".join(body), _WIDE, height, "Hospitals and hub", told)


def _told(event: dict[str, Any]) -> str:
    hidden = ("at", "event")
    parts = (f"{name}: {value}" for name, value in event.items() if name not in hidden and value not in ("", []))
    return svg.shortened(", ".join(parts), 900)


def _time(at: str) -> str:
    return at[:16].replace("T", " ")


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")

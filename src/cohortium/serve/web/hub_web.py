"""The hub's web: routes, who may take them, and what they answer."""

# annotations are evaluated here, not postponed: FastAPI reads the dependencies of a route from them

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from cohortium import pages
from cohortium.errors import CohortiumError, InvalidRequest, PermitDenied
from cohortium.govern.accounts import Role, Session
from cohortium.govern.permits.dossier import Deed
from cohortium.serve.study_page import study_page
from cohortium.serve.web.door import Door, SignInFirst, led_to, let_in, let_out, shown
from cohortium.serve.web.hub_pages import OVERSEERS, Hub, asked_from_form, officials_deed
from cohortium.serve.web.parts import Field, Form, Page, Section

TEMPLATES = Path(__file__).parents[1] / "templates" / "web"
NOT_FOUND = "There is no such page, or it is not for you."
_MISSING, _FORBIDDEN, _UNUSABLE = 404, 403, 422


def hub_web(hub: Hub) -> FastAPI:
    """The pages of a hub, to be mounted at ``hub.root``."""
    app = FastAPI(title="Cohortium hub", docs_url=None, redoc_url=None, openapi_url=None)
    door, root = Door(hub.accounts), hub.root

    def page(made: Page | None, session: Session | None, status: int = 200, here: str = "") -> HTMLResponse:
        if made is None:
            made, status = Page("Not found", "Hub", (Section(NOT_FOUND),)), _MISSING
        html = pages.page(
            TEMPLATES, sheets=[pages.LISTING], forms=True, page=made, site=hub.name, root=root, here=here,
            ways=_ways(session, root, here), who=session.account.name if session else "",
            csrf=session.csrf if session else "",
        )  # fmt: skip
        answer = shown(html, status)
        if made.again_s and status == 200:
            answer.headers["Refresh"] = str(made.again_s)
        return answer

    @app.exception_handler(SignInFirst)
    async def sign_in_first(_request: Request, _error: SignInFirst) -> Response:
        return led_to(f"{root}/sign-in")

    @app.exception_handler(CohortiumError)
    async def refuse(request: Request, error: CohortiumError) -> Response:
        status = _FORBIDDEN if isinstance(error, PermitDenied) else _UNUSABLE
        made = Page("That did not work", "Hub", (Section("What to do", "Go back, and try again."),), wrong=str(error))
        return page(made, door.session(request), status)

    @app.exception_handler(404)
    async def missing(request: Request, _error: Exception) -> Response:
        return page(None, door.session(request))

    @app.get("/sign-in")
    def sign_in_page() -> HTMLResponse:
        return page(_sign_in(root), None)

    @app.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        asked = await door.form(request, None)
        address = request.client.host if request.client else ""
        try:
            secret = hub.accounts.sign_in(
                asked.one("account"), asked.secret("password"), asked.one("code"), address=address
            )
        except PermitDenied as error:
            return page(_sign_in(root, str(error)), None, _FORBIDDEN)
        return let_in(led_to(f"{root}/"), secret)

    @app.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        session = door.enter(request)
        await door.form(request, session)
        hub.accounts.sign_out(request.cookies.get("__Host-cohortium", ""))
        return let_out(led_to(f"{root}/sign-in"))

    @app.get("/set-up/{secret}")
    def set_up_page(secret: str) -> HTMLResponse:
        return page(_set_up(root, secret), None)

    @app.post("/set-up/{secret}")
    async def set_up(request: Request, secret: str) -> Response:
        asked = await door.form(request, None)
        if asked.secret("password") != asked.secret("again"):
            return page(_set_up(root, secret, "The two passwords differ."), None, _UNUSABLE)
        try:
            hub.accounts.accept(secret, asked.secret("password"), account=asked.one("account"), name=asked.one("name"))
        except CohortiumError as error:
            return page(_set_up(root, secret, str(error)), None, _UNUSABLE)
        return led_to(f"{root}/sign-in")

    @app.get("/")
    def home(request: Request) -> HTMLResponse:
        session = door.enter(request)
        return page(hub.home(session.account), session, here="home")

    @app.get("/studies")
    def studies(request: Request) -> HTMLResponse:
        session = door.enter(request, Role.RESEARCHER, *OVERSEERS)
        return page(hub.studies(session.account), session, here="studies")

    @app.get("/studies/{run}")
    def study(request: Request, run: str) -> HTMLResponse:
        session = door.enter(request, Role.RESEARCHER, *OVERSEERS)
        return page(hub.run(session.account, run), session, here="studies")

    @app.get("/studies/{run}/results")
    def results(request: Request, run: str) -> HTMLResponse:
        session = door.enter(request, Role.RESEARCHER, *OVERSEERS)
        if hub.run(session.account, run) is None:
            return page(None, session)
        found = hub.store.run(run)
        record = {"roster": found.facts.get("roster", []), "events": [], "results": {}}
        return shown(study_page(found.study, hub.store.released_results(run), record))

    @app.get("/permits")
    def permits(request: Request) -> HTMLResponse:
        session = door.enter(request, Role.RESEARCHER, *OVERSEERS)
        return page(hub.permits(session.account), session, here="permits")

    @app.post("/permits/new")
    async def permit_form(request: Request) -> HTMLResponse:
        session = door.enter(request, Role.RESEARCHER)
        await door.form(request, session)
        return page(hub.application(session.account), session, here="permits")

    @app.post("/permits")
    async def draft(request: Request) -> Response:
        session = door.enter(request, Role.RESEARCHER)
        asked = await door.form(request, session)
        try:
            made = hub.register.draft(asked_from_form(asked, session.account))
        except CohortiumError as error:
            kept = {name: values[0] for name, values in asked.values.items()}
            return page(hub.application(session.account, wrong=str(error), values=kept), session, _UNUSABLE, "permits")
        return led_to(f"{root}/permits/{made.permit.number}")

    @app.get("/permits/{number}")
    def permit(request: Request, number: str) -> HTMLResponse:
        session = door.enter(request, Role.RESEARCHER, *OVERSEERS)
        return page(_or_none(lambda: hub.permit(session.account, number)), session, here="permits")

    @app.post("/permits/{number}/{deed}")
    async def act(request: Request, number: str, deed: str) -> Response:
        session = door.enter(request, Role.RESEARCHER, Role.ADMINISTRATOR)
        asked = await door.form(request, session)
        if _or_none(lambda: hub.permit(session.account, number)) is None:
            return page(None, session)
        official = officials_deed(deed)
        if official is not None:
            door.enter(request, Role.ADMINISTRATOR)
        elif deed not in (Deed.SUBMIT, Deed.ANSWER):
            return page(None, session)
        try:
            hub.register.act(number, official or Deed(deed), session.account.account, reason=asked.one("reason"))
        except CohortiumError as error:
            return page(hub.permit(session.account, number, wrong=str(error)), session, _UNUSABLE, "permits")
        return led_to(f"{root}/permits/{number}")

    @app.get("/airlock")
    def airlock(request: Request) -> HTMLResponse:
        return page(hub.airlock(), door.enter(request, Role.REVIEWER), here="airlock")

    @app.post("/airlock/{run}/{analysis}/{decision}")
    async def review(request: Request, run: str, analysis: str, decision: str) -> Response:
        session = door.enter(request, Role.REVIEWER)
        asked = await door.form(request, session)
        if decision not in ("release", "withhold"):
            return page(None, session)
        hub.store.review(
            run, analysis, lets_out=decision == "release", by=session.account.account, reason=asked.one("reason")
        )
        return led_to(f"{root}/airlock")

    @app.get("/ledger")
    def ledger(request: Request) -> HTMLResponse:
        return page(hub.ledger_page(), door.enter(request, *OVERSEERS), here="ledger")

    @app.post("/ledger")
    async def check(request: Request) -> HTMLResponse:
        session = door.enter(request, *OVERSEERS)
        await door.form(request, session)
        return page(hub.ledger_page(checked=True), session, here="ledger")

    @app.get("/accounts")
    def accounts(request: Request) -> HTMLResponse:
        return page(hub.accounts_page(), door.enter(request, Role.ADMINISTRATOR), here="accounts")

    @app.post("/accounts")
    async def invite(request: Request) -> HTMLResponse:
        session = door.enter(request, Role.ADMINISTRATOR)
        asked = await door.form(request, session)
        try:
            roles = [Role(one) for one in asked.all("roles")]
            secret = hub.accounts.invite(asked.one("account"), asked.one("name"), roles, session.account.account)
        except (InvalidRequest, ValueError) as error:
            return page(hub.accounts_page(wrong=str(error)), session, _UNUSABLE, "accounts")
        said = f"Give this link to {asked.one('account')}; it counts once, within two days: {root}/set-up/{secret}"
        return page(hub.accounts_page(said=said), session, here="accounts")

    @app.post("/accounts/end")
    async def end(request: Request) -> Response:
        session = door.enter(request, Role.ADMINISTRATOR)
        asked = await door.form(request, session)
        try:
            hub.accounts.deactivate(asked.one("account"), session.account.account)
        except InvalidRequest as error:
            return page(hub.accounts_page(wrong=str(error)), session, _UNUSABLE, "accounts")
        return led_to(f"{root}/accounts")

    @app.get("/me")
    def me(request: Request) -> HTMLResponse:
        session = door.enter(request)
        return page(hub.me(session.account), session, here="me")

    @app.post("/me/password")
    async def password(request: Request) -> Response:
        session = door.enter(request)
        asked = await door.form(request, session)
        if asked.secret("new") != asked.secret("again"):
            return page(hub.me(session.account, wrong="The two new passwords differ."), session, _UNUSABLE, "me")
        try:
            secret = hub.accounts.change_password(session.account.account, asked.secret("old"), asked.secret("new"))
        except CohortiumError as error:
            return page(hub.me(session.account, wrong=str(error)), session, _UNUSABLE, "me")
        return let_in(led_to(f"{root}/me"), secret)

    @app.post("/me/second-factor")
    async def second_factor(request: Request) -> HTMLResponse:
        session = door.enter(request)
        asked = await door.form(request, session)
        try:
            hub.accounts.confirm_password(session.account.account, asked.secret("old"))
        except PermitDenied as error:
            return page(hub.me(session.account, wrong=str(error)), session, _FORBIDDEN, "me")
        secret, address = hub.accounts.begin_second_factor(session.account.account, hub.name)
        return page(hub.me(session.account, secret=secret, address=address), session, here="me")

    @app.post("/me/second-factor/confirm")
    async def confirm(request: Request) -> HTMLResponse:
        session = door.enter(request)
        asked = await door.form(request, session)
        try:
            codes = hub.accounts.confirm_second_factor(session.account.account, asked.one("secret"), asked.one("code"))
        except (PermitDenied, ValueError) as error:
            return page(hub.me(session.account, wrong=str(error)), session, _UNUSABLE, "me")
        said = f"From now on a code is asked for. If you lose the device, each of these counts once: {', '.join(codes)}"
        return page(hub.me(hub.accounts.account(session.account.account), said=said), session, here="me")

    return app


def _or_none(made: Callable[[], Page | None]) -> Page | None:
    """None also where there is nothing of that name, so that nobody learns which numbers there are."""
    try:
        return made()
    except InvalidRequest:
        return None


def _ways(session: Session | None, root: str, here: str) -> list[tuple[str, str, bool]]:
    """Where the reader can go."""
    if session is None:
        return [(f"{root}/sign-in", "Sign in", True)]
    roles = session.account.roles
    found: list[tuple[str, str, Any]] = [("home", "Home", True)]
    if roles & {Role.RESEARCHER, *OVERSEERS}:
        found += [("studies", "Studies", True), ("permits", "Data permits", True)]
    if Role.REVIEWER in roles:
        found.append(("airlock", "Airlock", True))
    if roles & set(OVERSEERS):
        found.append(("ledger", "Ledger", True))
    if Role.ADMINISTRATOR in roles:
        found.append(("accounts", "Accounts", True))
    found.append(("me", "Your account", True))
    return [(f"{root}/" if name == "home" else f"{root}/{name}", text, name == here) for name, text, _ in found]


def _sign_in(root: str, wrong: str = "") -> Page:
    fields = (
        Field("account", "Account", autocomplete="username"),
        Field("password", "Password", "password", autocomplete="current-password"),
        Field("code", "Code of your second factor", required=False, autocomplete="one-time-code",
              help="Only if you have set one up."),
    )  # fmt: skip
    form = Form(f"{root}/sign-in", "Sign in", fields)
    return Page("Sign in", "Hub", (Section("Who are you?", forms=(form,)),), wrong=wrong)


def _set_up(root: str, secret: str, wrong: str = "") -> Page:
    fields = (
        Field("account", "Account", required=False,
              help="Only for the first account of this hub; others have a name already."),
        Field("name", "Your name", required=False, help="Likewise."),
        Field("password", "Password", "password", autocomplete="new-password",
              help="15 characters or more; several words do well."),
        Field("again", "The same again", "password", autocomplete="new-password"),
    )  # fmt: skip
    form = Form(f"{root}/set-up/{secret}", "Set up the account", fields)
    return Page("Set up your account", "Hub", (Section("Choose a password", forms=(form,)),), wrong=wrong)

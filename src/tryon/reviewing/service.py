"""What the page asks for, answered: pictures, previews, masks, decisions. Refusals are JSON `{error, remedy}`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256 as hash_sha256
from importlib import resources
from pathlib import PurePath
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tryon.errors import DataError
from tryon.formats.decisions import Decision
from tryon.reviewing.finding import BackgroundFinder
from tryon.reviewing.guarding import refuse
from tryon.reviewing.messages import MaskWishes, SentSteps
from tryon.reviewing.ordering import order_pictures
from tryon.reviewing.overlays import Overlays
from tryon.reviewing.pictures import Collection, Picture
from tryon.reviewing.previews import SIZES_PX, Previews
from tryon.reviewing.store import DecisionStore

# Those that a person gives most often, by the keys 1 to 9.
REASONS = (
    "no shirt",
    "several shirts",
    "not frontal",
    "folded or cut off",
    "covered",
    "blurred or dark",
    "text or watermark",
    "wrong colour or pattern",
    "no photo",
)
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, eq=False)
class Review:
    """One review: what is looked at, by whom, and where the decisions go.

    Args:
        collection: the pictures.
        store: the decisions.
        previews: the pictures as they are shown.
        finder: the model that finds masks; None: there is none.
        person: who decides.
    """

    collection: Collection
    store: DecisionStore
    previews: Previews
    finder: BackgroundFinder | None
    person: str


def create_service(review: Review) -> FastAPI:
    """The application behind the page; `tryon.reviewing.guarding.Guard` stands before it."""
    app = FastAPI(title="tryon curate", docs_url=None, redoc_url=None, openapi_url=None)
    _add_refusals(app)
    _add_page(app)
    _add_pictures(app, review)
    _add_decisions(app, review)
    return app


def _add_page(app: FastAPI) -> None:
    for file in (resources.files("tryon.reviewing") / "page").iterdir():
        kind = _KINDS[PurePath(file.name).suffix]
        path = "/" if file.name == "review.html" else f"/{file.name}"
        app.add_api_route(path, _answering(Response(file.read_bytes(), media_type=kind)), methods=["GET"])


def _answering(response: Response) -> Callable[[], Response]:
    return lambda: response


def _add_pictures(app: FastAPI, review: Review) -> None:
    pictures = {picture.sha256: picture for picture in review.collection.pictures}
    overlays = Overlays(review.finder)

    def find(sha256: str) -> Picture:
        if sha256 not in pictures:
            raise HTTPException(404)
        return pictures[sha256]

    @app.get("/pictures")
    def list_pictures() -> JSONResponse:
        return JSONResponse(_list(review))

    @app.get("/previews/{size}/{sha256}")
    def preview(size: str, sha256: str) -> Response:
        if size not in SIZES_PX:
            raise HTTPException(404)
        return Response(review.previews.get(find(sha256), size), media_type="image/jpeg")

    @app.post("/masks")
    def prepare_masks(wishes: MaskWishes) -> JSONResponse:
        return JSONResponse(overlays.prepare([find(sha256) for sha256 in wishes.pictures]))

    @app.get("/masks/{sha256}")
    def mask(sha256: str) -> Response:
        return Response(overlays.png(find(sha256)), media_type="image/png")


def _add_decisions(app: FastAPI, review: Review) -> None:
    known = {picture.sha256 for picture in review.collection.pictures}

    @app.post("/decisions")
    def decide(sent: SentSteps) -> JSONResponse:
        steps = [step.to_step() for step in sent.steps]
        if any(step.sha256 not in known for step in steps):
            return refuse(404, "a picture is not of this collection", "load the page again")
        try:
            held = review.store.decide(steps)
        except OSError as error:
            return refuse(507, f"the decision could not be stored: {error.strerror}", "make room on the disk")
        answer = _changes(review, sent.since)
        decisions = review.store.decisions()
        for step, holds in zip(steps, held, strict=True):
            if not holds:
                answer["decisions"][step.sha256] = _decision(decisions.get(step.sha256))
        return JSONResponse({"held": held, **answer})

    @app.get("/changes")
    def changes(since: int) -> JSONResponse:
        return JSONResponse(_changes(review, max(since, 0)))


def _add_refusals(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    def refuse_request(_: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 400
        words = "there is nothing here" if status == 404 else "this cannot be answered"
        return refuse(status, words, "load the page again")

    @app.exception_handler(RequestValidationError)
    def refuse_message(_: Request, error: Exception) -> JSONResponse:
        faults = error.errors() if isinstance(error, RequestValidationError) else []
        where = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        return refuse(422, f"what was sent is malformed: {where}", "load the page again")

    @app.exception_handler(DataError)
    def refuse_picture(_: Request, error: Exception) -> JSONResponse:
        return refuse(422, str(error), "the picture can still be rejected")


def _list(review: Review) -> dict[str, Any]:
    scores = None if review.finder is None else review.finder.scores()
    order = order_pictures(review.collection.pictures, scores)
    # The revision first: a change between the two is sent again, none is missed.
    revision, decisions, contested = review.store.revision, review.store.decisions(), review.store.contested()
    place = f"{review.collection.folder.resolve()}\n{review.store.path.resolve()}"
    return {
        "review": hash_sha256(place.encode()).hexdigest()[:16],
        "folder": str(review.collection.folder),
        "file": str(review.store.path),
        "person": review.person,
        "reasons": REASONS,
        "order": order.words,
        "revision": revision,
        "contested": _to_json(contested, {picture.sha256 for picture in order.pictures}),
        "pictures": [
            {
                "sha256": picture.sha256,
                "name": picture.name,
                "cleaning": picture.cleaning,
                "doubt": order.doubts.get(picture.sha256),
                "details": picture.details,
                "decision": _decision(decisions.get(picture.sha256)),
            }
            for picture in order.pictures
        ],
    }


def _changes(review: Review, since: int) -> dict[str, Any]:
    known = {picture.sha256 for picture in review.collection.pictures}
    revision = review.store.revision
    finder = review.finder
    return {
        "revision": revision,
        "decisions": _to_json(review.store.changes_since(since), known),
        "contested": _to_json(review.store.contested(), known),
        "problem": review.store.problem,
        "scored": 0 if finder is None else len(finder.scores()),
        "model": "" if finder is None else finder.failure,
    }


def _to_json(decisions: Mapping[str, Decision | None], known: set[str]) -> dict[str, dict[str, str] | None]:
    return {sha256: _decision(decision) for sha256, decision in decisions.items() if sha256 in known}


def _decision(decision: Decision | None) -> dict[str, str] | None:
    if decision is None:
        return None
    return {"verdict": decision.verdict, "reason": decision.reason, "person": decision.person}

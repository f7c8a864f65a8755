"""The program round the page: a socket of this machine only, regular folding, and an end at which nothing is lost."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import uvicorn
from numpy.typing import NDArray

from tryon.errors import ServiceError
from tryon.reviewing.finding import BackgroundFinder, MaskFinder, Shirts
from tryon.reviewing.guarding import Guard, new_token
from tryon.reviewing.pictures import Collection
from tryon.reviewing.previews import Previews
from tryon.reviewing.service import Review, create_service
from tryon.reviewing.store import FOLD_INTERVAL_S, DecisionStore

HOST = "127.0.0.1"
_GRACE_S = 2


@contextmanager
def open_review(
    collection: Collection, decisions: Path, person: str, load_finder: Callable[[], MaskFinder] | None
) -> Iterator[Review]:
    """A review whose decisions are folded regularly and at the end.

    Args:
        collection: what is looked at.
        decisions: file that they are written to.
        person: who decides.
        load_finder: gives the model that finds masks; called in a thread. None: masks of annotations only.

    Raises:
        DataError, OSError: the decisions file is damaged, or cannot be written at the end; the journal is kept.
    """
    store = DecisionStore(decisions)
    previews = Previews(collection)
    ended = threading.Event()
    folding = threading.Thread(target=_fold_regularly, args=(store, ended), name="folding decisions")
    # Without cleaning's doubt the order rests on the model's score of every picture; else only wishes are met.
    unscored = () if any(picture.doubt is not None for picture in collection.pictures) else collection.pictures
    folding.start()
    finder = None if load_finder is None else BackgroundFinder(load_finder, previews.decode, unscored)
    try:
        yield Review(collection, store, previews, finder, person)
    finally:
        ended.set()
        folding.join()
        try:
            store.close()
        finally:
            if finder is not None:
                finder.close()


def serve(review: Review, port: int, announce: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C or SIGTERM.

    Args:
        review: an open one.
        port: of this machine; 0: any free one.
        announce: called with the page's address once it can be opened.

    Raises:
        ServiceError: the port is taken.
    """
    listening, token = listen(port), new_token()
    announce(f"http://{HOST}:{listening.getsockname()[1]}/{token}/")
    # uvicorn raises the signal again once it has ended; as an exception it lets the review fold what is left.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        create_server(review, listening, token).run(sockets=[listening])
    except KeyboardInterrupt:
        return
    finally:
        listening.close()


def create_server(review: Review, listening: socket.socket, token: str) -> uvicorn.Server:
    """The server of a review's page, behind its guard."""
    config = uvicorn.Config(
        Guard(create_service(review), token, listening.getsockname()[1]),
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,  # it would print the token
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return uvicorn.Server(config)


def load_mask_rcnn(folder: Path) -> MaskFinder:
    """A trained Mask R-CNN as a finder of masks.

    Raises:
        ModelError: there is none in the folder, or it is damaged.
    """
    from tryon.models.mask_rcnn import load_predictor

    predictor = load_predictor(folder)

    def find(picture: NDArray[np.uint8]) -> Shirts:
        found = predictor.predict([picture])[0]
        return Shirts(found.scores, found.masks)

    return find


def listen(port: int) -> socket.socket:
    """A socket that only this machine reaches; port 0: any free one.

    Raises:
        ServiceError: the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise ServiceError(
            f"port {port} of this machine cannot be used",
            received=error.strerror,
            remedy="end the program that uses it, or choose another with --port (0: any free one)",
        ) from error
    return listening


def _fold_regularly(store: DecisionStore, ended: threading.Event) -> None:
    while not ended.wait(FOLD_INTERVAL_S):
        store.fold_and_note()


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt

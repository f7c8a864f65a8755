"""Why a candidate was kept or not: the words of the ledger's column `verdict`."""

from enum import StrEnum

from tryon.formats import ledger


class Verdict(StrEnum):
    """What became of a candidate; kinds of `tryon.images.decoding` are taken over as they are."""

    KEPT = ledger.KEPT
    DUPLICATE = "duplicate"  # the same bytes as a picture that is kept here or in another collection
    # Before anything is asked
    FORGOTTEN = "forgotten"  # its address or content stands in decisions/forgotten.csv
    NO_LICENCE = "no_licence"  # none is given, or none of `collecting.licences`
    BAD_ADDRESS = "bad_address"  # not http(s), another port, a name that is spelled oddly, too long
    DOMAIN = "domain"  # not one of `collecting.domains`
    PRIVATE_ADDRESS = "private_address"  # a name that leads to anything but public hosts
    ROBOTS = "robots"  # robots.txt forbids it, or cannot be read
    # By what the server said
    OPTED_OUT = "opted_out"  # X-Robots-Tag noai, noimageai; TDM-Reservation
    REDIRECTS = "redirects"
    GONE = "gone"  # 410: for good
    HTTP_ERROR = "http_error"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    HOST_STOPPED = "host_stopped"  # this run asks the host for nothing more
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CUT_OFF = "cut_off"
    # By what came
    EMPTY = "empty"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    NOT_A_PICTURE = "not_a_picture"
    TOO_SMALL = "too_small"
    WRONG_SHAPE = "wrong_shape"
    ANIMATED = "animated"
    DAMAGED = "damaged"


# Worth another try in the same run, after a pause.
PASSING = frozenset({Verdict.UNREACHABLE, Verdict.TIMED_OUT, Verdict.CUT_OFF})
# Worth another try in the next run; all others are for good.
ASKED_AGAIN = PASSING | {Verdict.SERVER_ERROR, Verdict.RATE_LIMITED, Verdict.HOST_STOPPED}


class RefusedError(Exception):
    """A candidate is not kept.

    Args:
        verdict: the kind.
        reason: the same in words.
        status: HTTP status of the last answer; 0 if there was none.
        robots: as in the ledger.
    """

    def __init__(self, verdict: Verdict, reason: str, *, status: int = 0, robots: str = "") -> None:
        self.verdict, self.reason, self.status, self.robots = verdict, reason, status, robots
        super().__init__(f"{verdict}: {reason}")

# SPDX-License-Identifier: GPL-3.0-or-later
"""One call to Scenario's API: sent once, answered with JSON or with one of our errors.

Facts about errors, retries and their hints come from Scenario's API reference and its SDK. Status 269 answers a dry
run. 408, 409, 429 and 5xx are temporary. `Retry-After`, `retry-after-ms`, `x-should-retry` and `remainingSeconds` are
hints. A 429 with `details` of `actionName` and `actionLimit` is a limit on jobs that run at once.

A paid call was certainly not accepted in two cases only: no connection was made, or Scenario itself refused, with a
status that means just that and JSON that says why. A gateway may answer 503 for a call that went through, or send any
page. For the same reason, a call that only reads is made again after any other 4xx. A status about the picture, or
about a limit on jobs, applies only to calls that send a picture or a job.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.auth import HTTPBasicAuth

from ..errors import (
    AccountError,
    AnswerLostError,
    CreditsError,
    LimitError,
    LongAnswerError,
    PassingError,
    RefusedError,
    Remedy,
    Text,
    TooLargeError,
    TrellisError,
    advised,
)
from ..request.account import Account
from ..text import plain_values, redacted
from .connection import Connections, Session
from .surroundings import words_for

CALL_SECONDS = 90.0  # for a whole call, its answer included
PICTURE_SECONDS = 300.0  # for a whole call that holds some megabytes of picture
ANSWER_BYTES_MAXIMUM = 8 * 1024 * 1024
VALUES_MAXIMUM = 300_000  # in an answer: eight megabytes of tiny objects would take up half a gigabyte
REFUSAL_BYTES_MAXIMUM = 64 * 1024  # of the body of a refusal, which is read for its words
DIGITS_MAXIMUM = 300  # of a number; Python refuses to read one of 4,300 and all that stands around it
WAIT_MAXIMUM = 3600.0
DRY_RUN_STATUS = 269
PASSING = frozenset({408, 409, 425, 429})
# Statuses that Scenario's own gateway answers with a page: the request is too large, or it has a problem.
SCENARIOS_PAGES = frozenset({413, *range(500, 511)})
# Statuses with which Scenario refuses a request after reading it.
_REFUSALS = frozenset({400, 401, 402, 403, 404, 422, 429})
_WORDS_MAXIMUM = 300
_CREDIT_WORDS = re.compile(
    r"credit|creative unit|compute unit|\bCUs?\b|quota|billing|subscri|upgrade|\bplan\b", re.IGNORECASE
)

Json = Mapping[str, Any]


class NotDryError(Exception):
    """A price request that was about to be sent as a paid call: a bug in the program."""


class Caller:
    """The maker of calls for one account, from one thread."""

    def __init__(self, account: Account, connections: Connections, agent: str) -> None:
        self.account = account
        self._connections, self._secrets = connections, account.traces
        self._session = Session(connections, agent)
        # bytes: `requests` would encode a text as Latin-1, and a pasted key may hold any character
        self._session.auth = HTTPBasicAuth(account.key.encode(), account.secret.encode())

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        query: Json | None = None,
        *,
        paid: bool = False,
        sends_picture: bool = False,
        may_leave: Callable[[], bool] | None = None,
    ) -> Json:
        """Return the answer's JSON object. `sends_picture`: the call holds the picture, or says how large it is.

        `may_leave`: asked just before the call's first byte leaves; if it says no, nothing is sent.

        Raises PassingError, AccountError, CreditsError or RefusedError. A paid call also raises AnswerLostError, and
        then PassingError only if Scenario certainly did not accept it.
        """
        seconds = PICTURE_SECONDS if sends_picture else CALL_SECONDS
        with one_call(self._connections, seconds, may_leave, paid=paid):
            response, content = self._exchange(self._prepared(method, path, body, query))
        data = _json_object(content, self._secrets)
        is_page = content.lstrip()[:1] == b"<"  # such as that of a network that asks to sign in first
        if is_page and not paid and response.status_code not in PASSING | SCENARIOS_PAGES:
            raise _elsewhere(response.status_code, None)
        if response.status_code >= 300:
            kind = {"paid": paid, "sends_picture": sends_picture}
            raise error_for(response.status_code, response.headers, data or {}, **kind)
        if data is None:
            raise (AnswerLostError if paid else PassingError)("Scenario's answer could not be read.")
        return data

    def dry_run(self, path: str, body: Json) -> tuple[int, Json]:
        """Send a call that returns a price instead of acting. Return the answer's status and JSON object.

        The object is empty if the answer holds none. The call is sent once, and never in a form that would act. Raises
        PassingError if no answer comes, NotDryError before anything is sent.
        """
        with one_call(self._connections, CALL_SECONDS):
            prepared = self._prepared("POST", path, body, {"dryRun": "true"})
            if parse_qs(urlsplit(prepared.url or "").query).get("dryRun") != ["true"]:
                raise NotDryError(path)
            response, content = self._exchange(prepared)
        return response.status_code, _json_object(content, self._secrets) or {}

    def _prepared(self, method: str, path: str, body: Json | None, query: Json | None) -> requests.PreparedRequest:
        params = {**(query or {}), **({"projectId": self.account.project} if self.account.project else {})}
        address = self.account.address + path
        return self._session.prepare_request(requests.Request(method, address, params=params, json=body))

    def _exchange(self, prepared: requests.PreparedRequest) -> tuple[requests.Response, bytes]:
        """Return the answer and its body, as far as it is of use. Raises RequestException."""
        # no redirects: the key must not follow them, and a paid call must not go out twice
        with self._session.exchange(prepared) as response:
            return response, _content(response)


class _TooLong(requests.ConnectionError):
    """An answer that is longer than any of Scenario's should be."""


@contextlib.contextmanager
def one_call(
    connections: Connections, seconds: float, may_leave: Callable[[], bool] | None = None, *, paid: bool = False
) -> Iterator[None]:
    """Make one call in the block, within a deadline; see `Connections.deadline`. Its errors are ours.

    Raises PassingError, LongAnswerError for an answer that is too long, AnswerLostError if the call is paid and may
    have left this computer. None of them leads back to the library's error, which holds the request with its key, and
    the address with its signature: a log or a traceback would show them.
    """
    problem: TrellisError
    try:
        with connections.deadline(seconds, may_leave):
            yield
        return
    except requests.RequestException as error:
        if paid and connections.on_this_thread.has_sent:
            problem = AnswerLostError("The connection broke after the request was sent.")
        elif isinstance(error, _TooLong):
            problem = LongAnswerError("Scenario's answer is longer than it should be.")
        else:
            problem = PassingError(words_for(error))
        problem.add_note(type(error).__name__)
    try:
        raise problem
    finally:
        problem.__context__ = None


def _content(response: requests.Response) -> bytes:
    """Return the body; the beginning of a refusal's, nothing of a redirect's.

    Raises RequestException if it breaks off or is unreasonably long. The header is asked first.
    """
    if 300 <= response.status_code < 400:
        return b""
    is_refusal = response.status_code >= 400
    most = REFUSAL_BYTES_MAXIMUM if is_refusal else ANSWER_BYTES_MAXIMUM
    length = response.headers.get("Content-Length", "")
    if not is_refusal and length.isascii() and length.isdigit() and int(length[:18]) > most:
        raise _TooLong("the answer is too long")
    chunks, size = [], 0
    for chunk in response.iter_content(8192):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            if is_refusal:
                break
            raise _TooLong("the answer is too long")
    content = b"".join(chunks)
    if sum(map(content.count, (b",", b"[", b"{"))) > VALUES_MAXIMUM:
        raise _TooLong("the answer holds too many values")
    return content


def _json_object(content: bytes, secrets: Collection[str]) -> Json | None:
    """Return the answer's JSON object, without the secrets that a server may echo; None if there is none."""
    try:
        data = plain_values(json.loads(content, parse_int=_whole_number), secrets)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _whole_number(digits: str) -> int | float:
    """Return the number; infinity if it has more digits than anything that we are told."""
    return int(digits) if len(digits) <= DIGITS_MAXIMUM else float("inf")


def error_for(
    status: int, headers: Mapping[str, str], data: Json, *, paid: bool = False, sends_picture: bool = False
) -> TrellisError:
    """Return the error that this status means for a call of that kind. `data`: the answer's JSON object, or empty."""
    may_retry, words, hint = headers.get("x-should-retry", "").lower(), own_words(data), _retry_after(headers, data)
    if paid and not _is_refusal(status, data, may_retry):
        return AnswerLostError(Text("Scenario answered with an error ({status}).", status=status))
    if status == 429 and _limit(data):
        return LimitError(_at_limit(data), hint) if paid else PassingError("Scenario is busy.", hint)
    error = _account_error(status, words, hint) or _passing_error(status, may_retry, hint)
    if error is not None:
        return error
    if sends_picture and status == 413:
        return TooLargeError("Scenario does not take that much at once. Choose a smaller picture.")
    sentence = "Scenario refused the request: {words}" if words else "Scenario refused the request ({status})."
    said: str = Text(sentence, words=words, status=status)
    if paid or sends_picture:
        said = advised(said, words, "{said} Change the settings or the picture, then try again.")
        return RefusedError(said, is_gone=status == 404)
    if may_retry != "false" and not _is_refusal(status, data, may_retry):
        return _elsewhere(status, hint)
    return RefusedError(advised(said, words, "{said} Try again."), remedy=Remedy.RETRY, is_gone=status == 404)


def _is_refusal(status: int, data: Json, may_retry: str) -> bool:
    """Return whether Scenario itself says that it has not accepted the call."""
    is_said = bool(own_words(data) or _limit(data))
    return status in _REFUSALS and is_said and (status == 429 or may_retry != "true")


def _limit(data: Json) -> Json:
    """Return what a refusal says about a limit on jobs that run at once; empty if it says nothing."""
    details = data.get("details")
    return details if isinstance(details, Mapping) and "actionLimit" in details else {}


def _at_limit(data: Json) -> str:
    count = _limit(data)["actionLimit"]
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 10_000:
        return "Scenario runs no more of your jobs at once. This one is sent when another ends."
    return Text("Scenario runs {count} of your jobs at once. This one is sent when another ends.", count=count)


def _account_error(status: int, words: str, hint: float | None) -> TrellisError | None:
    """Return the error of an answer about the key, the credits or the plan; None for any other answer."""
    if (status in (402, 403) or (status == 429 and hint is None)) and _CREDIT_WORDS.search(words):
        said = Text("Scenario says: {words}", words=words)
        return CreditsError(
            advised(said, words, "{said} Buy credits or change the plan at app.scenario.com, then retry.")
        )
    if status == 402:
        return CreditsError(
            "Scenario asks for payment. Buy credits or change the plan at app.scenario.com, then retry."
        )
    if status == 401:
        return AccountError("Scenario does not know this API key. Enter key and secret again.")
    if status == 403:
        refusal = "Your API key is not allowed to do this."
        if words:
            refusal = Text("{refusal} It says: {words}", refusal=refusal, words=words)
        return AccountError(advised(refusal, words, "{said} Enter another key, or another project."))
    return None


def _passing_error(status: int, may_retry: str, hint: float | None) -> PassingError | None:
    """Return the error of an answer whose status says that the failure is temporary; None for any other answer."""
    passes = status in PASSING or status >= 500 or may_retry == "true"
    if passes and may_retry != "false":
        return PassingError(
            "Scenario is busy." if status == 429 else Text("Scenario has a problem ({status}).", status=status), hint
        )
    return _elsewhere(status, hint) if status < 400 else None


def _elsewhere(status: int, hint: float | None) -> PassingError:
    return PassingError(
        Text("Something else answers in Scenario's place ({status}). Check the network.", status=status), hint
    )


def own_words(data: Json) -> str:
    """Return the server's reason as one sentence: short, on one line, without a signed address."""
    texts = (data.get(name) for name in ("reason", "message", "error", "detail"))
    words = " ".join(next((text for text in texts if isinstance(text, str) and text.strip()), "").split())
    words = redacted(words)
    if len(words) > _WORDS_MAXIMUM:
        words = words[:_WORDS_MAXIMUM] + "…"
    return words if not words or words[-1] in ".!?…" else words + "."


def _retry_after(headers: Mapping[str, str], data: Json) -> float | None:
    """Return the seconds the server asks to wait; None if it does not say (RFC 9110 §10.2.3 for `Retry-After`)."""
    hints: tuple[Callable[[], float], ...] = (
        lambda: float(headers["retry-after-ms"]) / 1000,
        lambda: float(headers["Retry-After"]),
        lambda: parsedate_to_datetime(headers["Retry-After"]).timestamp() - time.time(),
        lambda: float(data["remainingSeconds"]),
    )
    for hint in hints:
        try:
            seconds = hint()
        except (KeyError, IndexError, TypeError, ValueError, OverflowError, OSError):
            continue
        if 0 <= seconds < float("inf"):
            return min(seconds, WAIT_MAXIMUM)
    return None

"""Over https: certificates are verified, proxies used, and what fails before the call proves that it was not sent."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from tests.core.recorder import Recorder, Reply
from tests.core.scenario.proxy import Proxy
from tests.core.studio import AGENT, tells_what_to_do
from trellis_blender.core.errors import AnswerLostError, PassingError, TrellisError
from trellis_blender.core.request.account import Account
from trellis_blender.core.scenario.connection import Connections
from trellis_blender.core.scenario.http import Caller

Through = Callable[[str], None]
PAST = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whoever signs the certificates that this test trusts."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `requests` trust that authority, as a company's own is trusted."""
    path = tmp_path / "the company's authorities.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Through:
    """Yield what names a proxy for every host, this machine's too."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return lambda address: monkeypatch.setenv("HTTPS_PROXY", address)


def context(authority: trustme.CA, name: str = "127.0.0.1", **options: object) -> ssl.SSLContext:
    """Return a server's side of TLS, with a certificate for that name."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **options).configure_cert(made)  # type: ignore[arg-type]  # as trustme takes them
    return made


def call(url: str, *, paid: bool = False) -> object:
    """Make a call and return the answer, or the error that it ends in."""
    caller = Caller(Account.checked("a-key", "a-secret", "", url), Connections(), AGENT)
    try:
        return caller.call("POST", "/jobs", {"a": 1}, paid=paid)
    except TrellisError as error:
        return error


@pytest.mark.usefixtures("trusted")
def test_a_call_is_answered_over_https(authority: trustme.CA) -> None:
    with Recorder(Reply(200, b'{"job": 1}'), tls=context(authority)) as recorder:
        assert call(recorder.url) == {"job": 1}
    assert [(asked.method, asked.path) for asked in recorder.asked] == [("POST", "/jobs")]


def expect_not_sent(answer: object) -> None:
    """Check that the error says that the call was not made, and what to do."""
    assert isinstance(answer, PassingError), answer
    assert tells_what_to_do(answer.sentence), answer.sentence


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("fault", ["unknown authority", "another host", "expired"])
def test_a_certificate_that_does_not_hold_ends_the_call_before_it_is_sent(
    authority: trustme.CA, request: pytest.FixtureRequest, fault: str, paid: bool
) -> None:
    if fault != "unknown authority":
        request.getfixturevalue("trusted")
    name = "elsewhere.example" if fault == "another host" else "127.0.0.1"
    options = {"not_before": PAST, "not_after": PAST + datetime.timedelta(days=1)} if fault == "expired" else {}
    with Recorder(tls=context(authority, name, **options)) as recorder:
        answer = call(recorder.url, paid=paid)
    expect_not_sent(answer)
    assert "not trusted" in str(answer)
    assert recorder.asked == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("paid", "kind"), [(False, PassingError), (True, AnswerLostError)])
def test_a_connection_that_ends_after_the_call_was_read_may_have_brought_it(
    authority: trustme.CA, paid: bool, kind: type[TrellisError]
) -> None:
    read: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with context(authority).wrap_socket(server.accept()[0], server_side=True) as client:
                read.append(client.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        assert type(call(f"https://127.0.0.1:{server.getsockname()[1]}", paid=paid)) is kind
        thread.join()
    assert read[0].startswith(b"POST /jobs")


AWAY = "https://api.example"


@pytest.mark.usefixtures("trusted")
def test_a_call_goes_through_the_proxy_that_the_environment_names(authority: trustme.CA, through: Through) -> None:
    with Recorder(tls=context(authority, "api.example")) as recorder, Proxy(leads_to=recorder.url) as proxy:
        through(proxy.url)
        assert call(AWAY) == {}
        (asked,) = proxy.asked
        assert asked.startswith("CONNECT api.example:443 ")
    assert len(recorder.asked) == 1


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
def test_a_proxy_that_opens_no_tunnel_proves_that_the_call_was_not_sent(
    through: Through, refusal: str, paid: bool
) -> None:
    with Proxy(refusal) as proxy:
        through(proxy.url)
        answer = call(AWAY, paid=paid)
        expect_not_sent(answer)
        assert len(proxy.asked) == 1
    asks = "asks for a name and a password" if refusal.startswith("407") else "does not let Blender reach Scenario"
    assert f"The network's proxy {asks}" in str(answer)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("paid", [False, True])
def test_a_proxy_that_is_not_there_proves_that_the_call_was_not_sent(through: Through, paid: bool) -> None:
    with Proxy() as gone:
        pass
    through(gone.url)
    answer = call(AWAY, paid=paid)
    expect_not_sent(answer)
    assert "The network's proxy does not answer" in str(answer)

"""The key goes to one origin, and nothing that this computer is set to changes that. Files come from safe addresses."""

from __future__ import annotations

import base64
import os
import socket
from pathlib import Path

import pytest
import requests
import trustme

from tests.core.recorder import Recorder, Reply
from tests.core.scenario.proxy import Proxy
from tests.core.scenario.test_https import call, context, expect_not_sent
from tests.core.studio import AGENT
from tests.glbs.draft import container
from trellis_blender.core.errors import AnswerLostError, PassingError, RefusedError
from trellis_blender.core.request.account import DEFAULT_ADDRESS, Account
from trellis_blender.core.request.service import Asset
from trellis_blender.core.scenario.connection import Connections, Session
from trellis_blender.core.scenario.download import REDIRECTS_MAXIMUM, download
from trellis_blender.core.scenario.http import Caller
from trellis_blender.core.scenario.surroundings import (
    CERTIFICATE_VARIABLES,
    HOST_CHARACTERS_MAXIMUM,
    check_file_address,
    is_public,
)

KEY = base64.b64encode(b"a-key:a-secret").decode()
GLB = container({"asset": {"version": "2.0"}}, bytes(4096))


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of this machine's own settings take part."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in CERTIFICATE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_computer_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch, name: str, host: str) -> None:
    with Recorder(host="::1" if host == "[::1]" else "127.0.0.1") as recorder, Proxy() as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert call(recorder.url.replace("127.0.0.1", host)) == {}
        assert proxy.asked == []
    assert recorder.asked[0].headers["authorization"] == f"Basic {KEY}"


@pytest.mark.parametrize("entry", ["machine 127.0.0.1", "default", "machine localhost"])
def test_no_password_of_this_computers_reaches_any_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    (tmp_path / ".netrc").write_text(f"{entry} login canary password canary\n", encoding="ascii")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Recorder(Reply(200, GLB)) as recorder:
        call(recorder.url)
        fetch(recorder.url, tmp_path)
    assert [asked.headers.get("authorization", "") for asked in recorder.asked] == [f"Basic {KEY}", ""]


def test_another_add_on_that_prints_all_connections_does_not_print_the_key(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("http.client.HTTPConnection.debuglevel", 1)
    with Recorder() as recorder:
        assert call(recorder.url) == {}
    printed = "".join(capfd.readouterr())
    assert KEY not in printed
    assert "send:" not in printed


def test_no_cookie_is_kept_or_sent(tmp_path: Path) -> None:
    cookies = {"Set-Cookie": "canary=canary; Path=/; Max-Age=9999"}
    with Recorder(Reply(200, b"{}", cookies), Reply(200, GLB, cookies)) as recorder:
        made = Caller(Account.checked("a-key", "a-secret", "", recorder.url), Connections(), AGENT)
        files = Session(Connections(), AGENT, recorder.url)
        for path in ("/one", "/two"):
            made.dry_run(path, {})
            download(
                files,
                Asset("asset_1", "", recorder.url, is_glb=True),
                tmp_path / "model.glb",
                lambda _seconds: True,
                lambda _: None,
            )
    assert len(recorder.asked) == 4
    assert [asked.headers.get("cookie") for asked in recorder.asked] == [None] * 4


def fetch(url: str, folder: Path, api: str = "http://127.0.0.1:1") -> None:
    """Download a model from that address, for an API at another one."""
    session = Session(Connections(), AGENT, api)
    download(
        session, Asset("asset_1", "", url, is_glb=True), folder / "model.glb", lambda _seconds: True, lambda _: None
    )


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("name", CERTIFICATE_VARIABLES)
def test_named_certificates_that_are_missing_are_said_and_nothing_counts_as_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, paid: bool
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "gone.pem"))
    with Recorder(tls=context(trustme.CA())) as recorder:
        answer = call(recorder.url, paid=paid)
    assert type(answer) is PassingError
    assert name in str(answer)
    assert "is not there" in str(answer)
    assert recorder.asked == []


@pytest.mark.parametrize("content", [b"", b"no certificate", bytes(4096), b"-----BEGIN CERTIFICATE-----\nx\n"])
@pytest.mark.parametrize("name", CERTIFICATE_VARIABLES[:3])
def test_named_certificates_that_cannot_be_read_are_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / "own.pem").write_bytes(content)
    monkeypatch.setenv(name, str(tmp_path / "own.pem"))
    with Recorder(tls=context(trustme.CA())) as recorder:
        answer = call(recorder.url, paid=True)
    assert type(answer) is PassingError
    assert f"that {name} names cannot be read" in str(answer)
    assert recorder.asked == []


# What would be read for ever in place of certificates.
ENDLESS = ["a large file", *(["a pipe"] if hasattr(os, "mkfifo") else [])]


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("name", CERTIFICATE_VARIABLES)
def test_named_certificates_that_never_end_are_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / "own.pem"
    if kind == "a pipe":
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            file.truncate(2**34)
    monkeypatch.setenv(name, str(path))
    with Recorder(tls=context(trustme.CA())) as recorder:
        answer = call(recorder.url, paid=True)
    assert type(answer) is PassingError
    assert f"that {name} names cannot be read" in str(answer)


def test_several_folders_of_certificates_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    with Recorder(tls=context(trustme.CA())) as recorder:
        answer = call(recorder.url)
    expect_not_sent(answer)
    assert "not trusted" in str(answer)


def test_a_socks_proxy_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    answer = call("https://api.example", paid=True)
    expect_not_sent(answer)
    assert "SOCKS" in str(answer)


@pytest.mark.parametrize("name", CERTIFICATE_VARIABLES[:3])
def test_the_certificates_that_the_environment_names_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "own.pem"))
    monkeypatch.setenv(name, str(tmp_path / "own.pem"))
    with Recorder(tls=context(authority)) as recorder:
        assert call(recorder.url) == {}


@pytest.mark.parametrize("value", ["", "0", "False"])
def test_nothing_in_the_environment_switches_the_verification_off(
    monkeypatch: pytest.MonkeyPatch, value: str, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHONHTTPSVERIFY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, value)
    with Recorder(tls=context(trustme.CA())) as recorder:
        expect_not_sent(call(recorder.url))
    assert recorder.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("paid", [False, True])
def test_the_key_follows_no_redirect(status: int, paid: bool) -> None:
    with Recorder() as elsewhere, Recorder(Reply(status, b"", {"Location": elsewhere.url})) as recorder:
        assert type(call(recorder.url, paid=paid)) is (AnswerLostError if paid else PassingError)
    assert (len(recorder.asked), elsewhere.asked) == (1, [])


UNSAFE = [
    "http://cdn.example/a.glb",
    "https://10.0.0.1/a.glb",
    "https://192.168.1.1/a.glb",
    "https://172.16.0.9/a.glb",
    "https://172.16.0.9%25eth0/a.glb",
    "https://169.254.169.254/latest/meta-data",
    "https://127.0.0.1/a.glb",
    "https://localhost/a.glb",
    "https://[::1]/a.glb",
    "https://[::ffff:127.0.0.1]/a.glb",
    "https://[::127.0.0.1]/a.glb",
    "https://[::]/a.glb",
    "https://[::ffff:10.0.0.1]/a.glb",
    "https://100.100.100.200/latest/meta-data",
    "https://[64:ff9b::a00:1]/a.glb",
    "https://[64:ff9b:1::a00:1]/a.glb",
    "https://[::ffff:0:10.0.0.1]/a.glb",
    "https://[fec0::1]/a.glb",
    "https://[2002:a00:1::]/a.glb",
    "https://[fe80::1%25eth0]/a.glb",
    "https://[fd00::1]/a.glb",
    "https://[fc00::1]/a.glb",
    "https://[febf::1]/a.glb",
    "https://[ff02::1]/a.glb",
    "https://[2001:db8::1]/a.glb",
    "https://[2001::1]/a.glb",
    "https://0.0.0.0/a.glb",
    "https://255.255.255.255/a.glb",
    "file:///etc/passwd",
    "ftp://cdn.example/a.glb",
    "data:model/gltf-binary;base64,AAAA",
    "javascript:alert(1)",
    "//cdn.example/a.glb",
    "https:///a.glb",
    "https://cdn.example:99999999/a.glb",
    "https://10.0.0.1\\@cdn.example/a.glb",
    "https://127.0.0.1\\.cdn.example/a.glb",
    "https://[::1",
    "",
]


@pytest.mark.parametrize("address", UNSAFE)
def test_an_unsafe_address_of_a_file_is_not_used(address: str) -> None:
    with pytest.raises(PassingError) as error:
        check_file_address(address, api=DEFAULT_ADDRESS)
    assert not set(address.split("/")) - {""} & set(str(error.value).split()), "the address is told"


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example/a?Policy=1",
        "https://93.184.215.14/a",
        "https://[2606::1]/a",
        "https://[::ffff:93.184.215.14]/a",
    ],
)
def test_a_safe_address_of_a_file_is_used(address: str) -> None:
    check_file_address(address, api=DEFAULT_ADDRESS)


@pytest.mark.parametrize("address", ["http://cdn.example/a.glb", "https://10.0.0.1/a", "file:///etc/passwd"])
def test_even_for_an_api_on_this_computer_files_come_from_here_or_from_a_safe_address(address: str) -> None:
    check_file_address("http://127.0.0.1:8000/a.glb", api="http://localhost:8000")
    with pytest.raises(PassingError):
        check_file_address(address, api="http://localhost:8000")


@pytest.mark.parametrize("address", ["http://cdn.example\\@127.0.0.1/a", "http://cdn.example\\@[::1]/a"])
def test_what_urllib3_reads_as_another_host_is_not_this_computer(address: str) -> None:
    with pytest.raises(PassingError):
        check_file_address(address, api="http://localhost:8000")


@pytest.mark.parametrize("letter", ["a", "\u0660", "\u30fb", "\u00b7"])
def test_a_host_that_is_longer_than_names_are_never_reaches_what_would_work_on_it_for_minutes(
    letter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[object] = []
    monkeypatch.setattr("idna.encode", lambda *given, **_named: reached.append(given))
    with pytest.raises(PassingError, match="not safe"):
        fetch(f"https://{letter * (HOST_CHARACTERS_MAXIMUM + 1)}/a.glb", tmp_path, DEFAULT_ADDRESS)
    assert reached == []


@pytest.mark.parametrize(("api", "files"), [("[::1]", "127.0.0.1"), ("127.0.0.1", "[::1]"), ("[::1]", "[::1]")])
def test_for_an_api_on_this_computer_files_may_be_at_any_of_its_addresses(
    api: str, files: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recorder(Reply(200, GLB), host=files.strip("[]")) as recorder, Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        fetch(recorder.url, tmp_path, f"http://{api}:1")
        assert (tmp_path / "model.glb").read_bytes() == GLB
        assert proxy.asked == []


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the addresses that a connection is made to."""
    found: list[object] = []
    connect = socket.socket.connect

    def noted(sock: socket.socket, address: object) -> None:
        found.append(address)
        connect(sock, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", noted)
    return found


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_a_name_that_leads_to_this_computer_is_not_connected_to(
    host: str, tmp_path: Path, connected: list[object]
) -> None:
    with Recorder(Reply(200, GLB), tls=context(trustme.CA())) as recorder:
        port = recorder.url.rpartition(":")[2]
        with pytest.raises(PassingError):
            fetch(f"https://{host}:{port}/a.glb", tmp_path, DEFAULT_ADDRESS)
    assert (connected, recorder.asked) == ([], [])


def test_an_address_is_looked_at_just_before_it_is_used_however_it_came_there(connected: list[object]) -> None:
    session = Session(Connections(), AGENT, DEFAULT_ADDRESS)
    request = session.prepare_request(requests.Request("PUT", "http://127.0.0.1:9/part", data=b"picture"))
    with pytest.raises(PassingError, match="not safe"), session.connections.deadline(30):
        session.exchange(request)
    assert connected == []


@pytest.mark.parametrize("place", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_where_a_name_leads_is_what_counts(
    monkeypatch: pytest.MonkeyPatch, place: str, connected: list[object]
) -> None:
    assert is_public("cdn.example")  # not known before the connection is made
    session = Session(Connections(), AGENT, DEFAULT_ADDRESS)
    with Recorder(host="::1" if place == "::1" else "127.0.0.1") as recorder:
        port = int(recorder.url.rpartition(":")[2])
        family = socket.AF_INET6 if ":" in place else socket.AF_INET
        monkeypatch.setattr(
            "urllib3.util.connection.socket.getaddrinfo", lambda *_given: [(family, 1, 6, "", (place, port))]
        )
        with pytest.raises(requests.ConnectionError), session.connections.deadline(30):
            session.exchange(session.prepare_request(requests.Request("GET", f"https://cdn.example:{port}/a")))
    assert (connected, recorder.asked) == ([], [])


@pytest.mark.parametrize("count", [0, 1, REDIRECTS_MAXIMUM, REDIRECTS_MAXIMUM + 1])
def test_a_download_follows_three_redirects_and_reads_none_of_their_bodies(count: int, tmp_path: Path) -> None:
    endless = Reply(302, b"x" * 100_000, {"Location": "/next"}, length=10**12)
    with Recorder(*[endless] * count, Reply(200, GLB)) as recorder:
        if count > REDIRECTS_MAXIMUM:
            with pytest.raises(PassingError, match="in circles"):
                fetch(recorder.url, tmp_path)
        else:
            fetch(recorder.url, tmp_path)
            assert (tmp_path / "model.glb").read_bytes() == GLB


@pytest.mark.parametrize("place", [*UNSAFE[:4], "file:///etc/passwd", "https://[::1"])
def test_a_download_is_redirected_to_safe_addresses_only(place: str, tmp_path: Path) -> None:
    with Recorder(Reply(302, b"", {"Location": place})) as recorder, pytest.raises((PassingError, RefusedError)):
        fetch(recorder.url, tmp_path)
    assert len(recorder.asked) == 1

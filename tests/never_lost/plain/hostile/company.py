"""A company's network: all goes over TLS and through a proxy, and something there is wrong for a while."""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from emulator import Emulator, calls, cdn
from tests.core.scenario.proxy import Proxy
from tests.never_lost.plain.hostile import speeches
from tests.never_lost.plain.hostile.drive import PATIENT, WAITS, Outcome, badly_said, bring, rests, word_of
from tests.never_lost.plain.hostile.front import Front, Order, Speech, Talk
from tests.never_lost.plain.hostile.speeches import changed, drips, endless, says, silent
from tests.never_lost.plain.window import ENDS, Window, account
from tests.never_lost.world import KEY, SECRET, new_emulator, picture_in
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.scenario.surroundings import CERTIFICATE_VARIABLES

API, FILES, INSIDE = "api.example", "cdn.example", "inside.example"
PAST = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass
class Company:
    """The network, as it should be until something is changed in it."""

    emulator: Emulator
    api: Front
    files: Front
    proxy: Proxy
    authority: trustme.CA
    folder: Path
    patch: pytest.MonkeyPatch

    def heal(self) -> None:
        """Put everything right again."""
        self.patch.undo()
        for name in (*PROXIES, *map(str.upper, PROXIES), *CERTIFICATE_VARIABLES):
            self.patch.delenv(name, raising=False)
        self.patch.setenv("https_proxy", self.proxy.url)
        self.patch.setenv("REQUESTS_CA_BUNDLE", str(self.folder / "authorities.pem"))
        self.proxy.speaks = self.api.greets = None
        self.api.tls = tls(self.authority, API)
        self.api.orders.clear()


def tls(authority: trustme.CA, name: str, **options: Any) -> ssl.SSLContext:
    """A server's side of TLS."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **options).configure_cert(made)
    return made


@contextlib.contextmanager
def company(folder: Path) -> Iterator[Company]:
    """Yield the network. It changes this process's environment until the end."""
    authority = trustme.CA()
    folder.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(folder / "authorities.pem"))
    with new_emulator(0.05) as emulator, pytest.MonkeyPatch.context() as patch:
        address = emulator.url.removesuffix("/v1")
        api = Front(calls.find_call, address, tls(authority, API))
        files = Front(cdn.find_call, emulator.cdn_url, tls(authority, FILES))
        api.replaced = {emulator.cdn_url: f"https://{FILES}"}
        proxy = Proxy(leads_to={f"{API}:443": api.url, f"{FILES}:443": files.url})
        with api, files, proxy:
            here = Company(emulator, api, files, proxy, authority, folder, patch)
            here.heal()
            yield here


Fault = Callable[[Company], object]


def _proxy(speech: Speech) -> Fault:
    def speak(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        speech(Talk(client, lambda: pytest.fail("a proxy forwards nothing")))

    return lambda here: setattr(here.proxy, "speaks", speak)


def _refusal(status: str, body: bytes = b"") -> Fault:
    return _proxy(says(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body))


def _named(address: str) -> Fault:
    return lambda here: here.patch.setenv("https_proxy", address)


def _greets(speech: Speech) -> Fault:
    def greet(talk: Talk) -> None:
        talk.client.recv(65536)  # otherwise hanging up would be a reset, before or after what was said
        speech(talk)

    return lambda here: setattr(here.api, "greets", greet)


def _certificate(name: str = API, *, is_known: bool = True, **options: Any) -> Fault:
    return lambda here: setattr(here.api, "tls", tls(here.authority if is_known else trustme.CA(), name, **options))


def _file(variable: str, kind: str) -> Fault:
    """Name certificates that are of no use."""

    def change(here: Company) -> None:
        path = here.folder / f"{variable} {kind}.pem"
        if kind == "a folder without any":
            path.mkdir()
        elif kind == "a pipe":
            os.mkfifo(path)
        elif kind == "another authority's":
            trustme.CA().cert_pem.write_to_path(str(path))
        elif kind != "a file that is not there":
            path.write_bytes({"an empty file": b"", "rubbish": bytes(range(256)) * 16}[kind])
        here.patch.delenv("REQUESTS_CA_BUNDLE")
        here.patch.setenv(variable, str(path))

    return change


def _unknown(here: Company) -> None:
    def look_up(*_given: object, **_named: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    here.patch.setenv("no_proxy", "*")
    here.patch.setattr(socket, "getaddrinfo", look_up)


PAGE = b"<html>Please sign in</html>"
# What is wrong with the network, and whether its end is the call's deadline.
FAULTS: dict[str, tuple[Fault, bool]] = {
    "a proxy that asks for a password (407)": (_refusal("407 Proxy Authentication Required"), False),
    "a proxy that asks with a page (407)": (_refusal("407 Proxy Authentication Required", PAGE), False),
    "a proxy that refuses (403)": (_refusal("403 Forbidden", PAGE), False),
    "a proxy that fails (502)": (_refusal("502 Bad Gateway"), False),
    "a proxy that redirects (302)": (_refusal("302 Found\r\nLocation: http://portal.example/", PAGE), False),
    "a proxy that speaks rubbish": (_proxy(says(b"\x00\x01rubbish\r\n\r\n")), False),
    "a proxy that hangs up": (_proxy(says(b"")), False),
    "a proxy that says yes, and then rubbish": (_proxy(says(b"HTTP/1.1 200 OK\r\n\r\nrubbish\r\n")), False),
    "a proxy whose headers have no end": (_proxy(endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 8192)), False),
    "a proxy with a header without an end": (_proxy(endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536)), False),
    "a proxy that goes on for ever with 100 Continue": (_proxy(endless(b"", speeches.INTERIM * 2000)), False),
    "a proxy that says nothing": (_proxy(silent), True),
    "a proxy that drips": (_proxy(drips(b"HTTP/1.1 200 OK\r\nX: ")), True),
    "a proxy that is not there": (_named("http://127.0.0.1:9"), False),
    "a proxy that speaks SOCKS": (_named("socks5://127.0.0.1:9"), False),
    "a proxy without a name": (_named("http://"), False),
    "a proxy whose name is cut": (_named("http://[::1"), False),
    "a proxy with a port of five nines": (_named("http://127.0.0.1:99999"), False),
    "a proxy over FTP": (_named("ftp://127.0.0.1:9"), False),
    "a host that nobody knows": (_unknown, False),
    "a certificate of an unknown authority": (_certificate(is_known=False), False),
    "a certificate for another host": (_certificate("elsewhere.example"), False),
    "a certificate that has expired": (_certificate(not_before=PAST, not_after=PAST + datetime.timedelta(1)), False),
    "a handshake that is never answered": (_greets(silent), True),
    "a handshake that drips": (_greets(drips(b"", b"\x16\x03\x01\x40\x00")), True),
    "a handshake of rubbish": (_greets(says(b"rubbish" * 9)), False),
    "a handshake answered by plain HTTP": (_greets(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")), False),
    "a handshake that is refused": (_greets(says(b"\x15\x03\x03\x00\x02\x02\x28")), False),
    "a handshake that is hung up on": (_greets(says(b"")), False),
}
_CERTIFICATES = ["a file that is not there", "an empty file", "rubbish", "a folder without any", "another authority's"]
FAULTS |= {
    f"certificates in {variable}: {kind}": (_file(variable, kind), False)
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    for kind in [*_CERTIFICATES, *(["a pipe"] if hasattr(os, "mkfifo") else [])]
}
AT_THE_PAID_CALL = [name for name, (_, is_slow) in FAULTS.items() if not is_slow and "certificates in" not in name][::2]
# Hosts of a model that lead to this computer or into the network, by their names or in spellings of old.
PRIVATE: dict[str, tuple[str, str]] = {
    f"a name that leads to {place}": (INSIDE, place)
    for place in (
        "127.0.0.1",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
    )
} | {
    f"the host {host}": (host, "127.0.0.1")
    for host in ("2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost.", "127.0.0.1.")
}


def try_fault(name: str, at: str, here: Company, folder: Path) -> Outcome:
    """Let one job meet what is wrong, at its first call or at the paid one; then all is well again."""
    fault, before = FAULTS[name][0], here.emulator.paid
    if at == "upload":
        fault(here)
    else:  # from the answer to the upload on

        def speak(talk: Talk) -> None:
            answer = talk.forward()
            fault(here)
            talk.send(answer.raw())

        here.api.orders.append(Order("upload", speak))
    return _drive(here, folder, before)


def try_private(host: str, place: str, here: Company, folder: Path) -> Outcome:
    """Let one job's model have an address that leads into the network."""
    look_up, connected = socket.getaddrinfo, list[object]()

    def found(name: Any, *given: Any, **named: Any) -> Any:
        if name.rstrip(".") != host.rstrip("."):
            return look_up(name, *given, **named)
        family = socket.AF_INET6 if ":" in place else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (place, here.api.port))]

    here.patch.setenv("no_proxy", host)
    here.patch.setattr(socket, "getaddrinfo", found)
    connect = socket.socket.connect

    def noted(sock: socket.socket, address: Any) -> None:
        if address[0] == place and address[1] == here.api.port:
            connected.append(address)
        connect(sock, address)

    here.patch.setattr(socket.socket, "connect", noted)

    def change(data: dict[str, Any]) -> None:
        data["asset"]["url"] = f"https://{host}/a.glb"

    here.api.orders.append(Order("asset", changed(change), float("inf")))
    outcome = _drive(here, folder, here.emulator.paid)
    proxied = len(here.proxy.asked)  # which connects to the same port, on our behalf
    return outcome if len(connected) <= proxied else Outcome("?", "", 0, (f"it was connected to {connected}",))


def _drive(here: Company, folder: Path, before: int) -> Outcome:
    window = Window(folder / "jobs", None, PATIENT)
    paying = account(f"https://{API}/v1")
    try:
        window.runner.use(paying)
        job_id = window.add(picture_in(folder), 7)
        window.wait_for(lambda: rests(window, job_id) or window.troubles(job_id), "a word")
        troubles = window.troubles(job_id)
        is_sought = any(isinstance(change, Job) and change.stage is Stage.UNCONFIRMED for change in window.told)
        window.close()  # first, since an environment is read once; and a call that was on its way now would be lost
        here.heal()
        window = Window(folder / "jobs", None, PATIENT)
        window.runner.use(paying)
        first = window.reach(job_id, *ENDS)
        word, sentence = (WAITS, troubles[0]) if troubles else word_of(window, first)
        problems = bring(window, job_id) + badly_said(window, sentence)
    except AssertionError as error:
        return Outcome("?", "", 0, (str(error),))
    finally:
        here.heal()
        window.close()
    paid = here.emulator.paid - before
    problems += [f"{paid} paid for"] * (paid != 1)
    problems += ["it counts as sent"] * is_sought
    problems += ["the key was leaked"] * here.emulator.leaked_credentials
    leaked = any(secret in line for line in here.proxy.asked for secret in (KEY, SECRET))
    return Outcome(word, sentence, paid, tuple(problems + ["the proxy was told the key"] * leaked))

"""The signed addresses of results, and downloads from them."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator import Emulator
from tests.emulator.caller import Caller, download, draw_picture
from tests.patience import PATIENCE


@pytest.fixture
def url(caller: Caller) -> str:
    """Return the address of an uploaded picture."""
    asset_id = caller.upload(draw_picture())
    return str(caller.get(f"/assets/{asset_id}").json()["asset"]["url"])


def test_the_address_is_on_another_host_than_the_api(emulator: Emulator, url: str) -> None:
    assert url.startswith(emulator.cdn_url + "/")
    assert urlsplit(emulator.url).port != urlsplit(emulator.cdn_url).port


def test_a_download_needs_no_credentials_and_has_length_and_etag(emulator: Emulator, url: str) -> None:
    answer = download(url)
    assert answer.content == draw_picture()
    assert int(answer.headers["Content-Length"]) == len(draw_picture())
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].strip('"')
    assert (emulator.leaked_credentials, emulator.calls["download"]) == (0, 1)


def test_credentials_sent_to_the_cdn_are_refused_and_counted(emulator: Emulator, caller: Caller, url: str) -> None:
    assert caller.session.get(url, timeout=PATIENCE).status_code == 400
    assert emulator.leaked_credentials == 1


def test_the_secret_in_another_header_counts_as_leaked(emulator: Emulator, url: str) -> None:
    assert download(url, Cookie=f"secret={emulator.secret}").status_code == 400
    assert emulator.leaked_credentials == 1


def test_an_address_with_a_wrong_signature_is_refused_with_xml(url: str) -> None:
    answer = download(url.replace("Signature=", "Signature=0"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/xml")
    assert "<Code>AccessDenied</Code>" in answer.text


def test_an_address_has_no_ending_and_is_signed_as_cloudfront_does_it(url: str) -> None:
    parts = urlsplit(url)
    assert "." not in parts.path
    assert set(parse_qs(parts.query)) == {"Policy", "Signature", "Key-Pair-Id"}


def test_an_address_for_another_time_is_refused(url: str) -> None:
    policy = parse_qs(urlsplit(url).query)["Policy"][0]
    later = base64.b64encode(base64.b64decode(policy.replace("_", "=")).replace(b": 1", b": 9")).decode("ascii")
    assert later != policy
    assert download(url.replace(policy, later.replace("=", "_"))).status_code == 403


def test_the_signature_of_one_file_opens_no_other(caller: Caller, url: str) -> None:
    other = caller.upload(draw_picture("ring"))
    assert download(url.replace(urlsplit(url).path, f"/assets/{other}")).status_code == 403


def test_an_unsigned_address_is_refused(url: str) -> None:
    assert download(url.split("?", maxsplit=1)[0]).status_code == 403


def test_an_address_expires_and_a_fresh_one_works() -> None:
    now = [1_800_000_000.0]
    with Emulator(url_seconds=60, clock=lambda: now[0]) as emulator:
        caller = Caller(emulator)
        asset_id = caller.upload(draw_picture())
        url = caller.get(f"/assets/{asset_id}").json()["asset"]["url"]
        now[0] += 59
        assert download(url).status_code == 200
        now[0] += 1
        expired = download(url)
        fresh = caller.get(f"/assets/{asset_id}").json()["asset"]["url"]
        assert (expired.status_code, "expired" in expired.text) == (403, True)
        assert download(fresh).content == draw_picture()


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=10-19", 10, 20), ("bytes=50-", 50, None), ("bytes=-7", -7, None), ("bytes=5-99999999", 5, None)],
)
def test_a_range_is_answered_with_206(url: str, asked: str, start: int, stop: int | None) -> None:
    whole = draw_picture()
    answer = download(url, Range=asked)
    assert (answer.status_code, answer.content) == (206, whole[start:stop])
    first = range(len(whole))[start]
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"


def test_a_range_beyond_the_end_is_refused_with_416(url: str) -> None:
    answer = download(url, Range="bytes=99999999-")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(draw_picture())}"


@pytest.mark.parametrize("asked", ["bytes=20-10", "bytes=0-1,4-5", "lines=1-2", "bytes=-"])
def test_a_range_that_cannot_be_served_is_ignored(url: str, asked: str) -> None:
    answer = download(url, Range=asked)
    assert (answer.status_code, answer.content) == (200, draw_picture())


def test_if_range_gives_the_part_only_of_the_same_file(url: str) -> None:
    etag = download(url).headers["ETag"]
    assert download(url, Range="bytes=10-", **{"If-Range": etag}).status_code == 206
    assert download(url, Range="bytes=10-", **{"If-Range": '"another"'}).status_code == 200


def test_the_etag_stays_the_same_on_a_fresh_address(caller: Caller) -> None:
    job = caller.finish(caller.submit(caller.upload(draw_picture())))
    first, second = (download(caller.model_url(job)).headers["ETag"] for _ in range(2))
    assert first == second

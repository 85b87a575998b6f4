"""The account: complete, over https, and silent about its secrets."""

from __future__ import annotations

import pytest

from tests.core.studio import tells_what_to_do
from trellis_blender.core.errors import AccountError, Remedy
from trellis_blender.core.request.account import DEFAULT_ADDRESS, Account, check_address, is_loopback


def test_an_empty_address_is_scenarios_own() -> None:
    assert check_address("  ") == DEFAULT_ADDRESS == "https://api.cloud.scenario.com/v1"


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com/v1",
        "HTTPS://api.example.com",
        "https://api.example.com:8443/v1",
        "http://localhost:8000/v1",
        "http://LOCALHOST/v1",
        "http://127.0.0.1:1/v1",
        "http://127.8.9.1",
        "http://[::1]:8000/v1",
        "http://[0:0:0:0:0:0:0:1]:8000/v1",
        "http://[::ffff:127.0.0.1]:8000/v1",
        "http://[::ffff:7f00:1]/v1",
    ],
)
def test_https_and_this_computer_are_allowed(address: str) -> None:
    assert check_address(f" {address}/ ") == address


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.com/v1",
        "http://192.168.0.10/v1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://128.0.0.1",
        "http://[::2]",
        "http://[::]",
        "http://[fc00::1]",
        "http://[fd00::1]:8000/v1",
        "http://[fe80::1]",
        "http://[::ffff:10.0.0.1]",
        "http://[::127.0.0.1]",
        "http://[2001:db8::1]",
        "http://[::1].example.com",
        "http://[::1]@api.example.com",
        "http://[::1]x:80",
        "https://api.example.com\\@127.0.0.1",
        "http://127.0.0.1\\.example.com",
        "http://api.example.com\\@127.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/hosts",
        "api.example.com",
        "https://",
        "https://[::1",
        "https://host:port",
        "https://user@api.example.com",
        "https://user:word@api.example.com",
        "https://:word@api.example.com",
        "https://api.example.com/v1?project=1",
        "https://api.example.com/v1?",
        "https://api.example.com/v1#part",
        "http://127.0.0.1@api.example.com",
    ],
)
def test_every_other_address_is_refused_with_advice(address: str) -> None:
    with pytest.raises(AccountError) as error:
        check_address(address)
    assert tells_what_to_do(error.value.sentence)
    assert error.value.remedy is Remedy.PREFERENCES


HERE = ["http://localhost", "https://127.0.0.2", "http://[::1]:1", "https://[::ffff:127.0.0.1]", "http://[::1%25lo]"]
ELSEWHERE = [
    *(DEFAULT_ADDRESS, "", "https://127.example.com", "https://10.0.0.1", "https://[::]", "https://[::2]"),
    *("https://[fc00::1]", "https://[fe80::1%25lo]", "https://[::ffff:10.0.0.1]", "https://[2001:db8::1]"),
]


@pytest.mark.parametrize("address", HERE)
def test_this_computer_is_recognised(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_another_computer_is_never_taken_for_this_one(address: str) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize(
    ("key", "secret", "missing"), [("", "s", "API key"), (" ", "s", "API key"), ("k", "", "API s")]
)
def test_what_is_missing_is_named(key: str, secret: str, missing: str) -> None:
    with pytest.raises(AccountError, match=missing) as error:
        Account.checked(key, secret)
    assert tells_what_to_do(error.value.sentence)


def test_pasted_space_around_key_and_secret_is_no_part_of_them() -> None:
    assert Account.checked(" key\n", "\tsecret ", " project ") == Account("key", "secret", "project", DEFAULT_ADDRESS)


def test_key_and_secret_never_show() -> None:
    account = Account.checked("the-key", "the-secret", "a-project")
    assert "the-key" not in f"{account!r} {account}"
    assert "the-secret" not in f"{account!r} {account}"
    assert "a-project" in repr(account)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Who pays and where: the API key, its secret, the project, and Scenario's address."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import AccountError, Remedy

# Artists make keys (Team Settings > API Keys) and buy credits (Team Settings > Plans) here, see help.scenario.com,
# “API keys and scopes” and “Usage limits and Compute Units”. Scenario's own Blender plug-in opens this page for a key.
TEAM_PAGE = "https://app.scenario.com/team"
WEB_PAGE = "https://app.scenario.com"
TRACE_LENGTH = 8  # characters: keys and secrets have more than twenty
DEFAULT_ADDRESS = "https://api.cloud.scenario.com/v1"
# The environment's variables that Scenario's own SDK reads.
KEY_VARIABLE = "SCENARIO_SDK_API_KEY"
SECRET_VARIABLE = "SCENARIO_SDK_API_SECRET"  # nosec B105 # a variable's name
ADDRESS_VARIABLE = "SCENARIO_BASE_URL"
# A host, and a port. What else could stand there is read in one way by Python, and in another by urllib3.
_HOST = re.compile(r"(\[[^\[\]@\\]+\]|[^\[\]@\\:]+)(:[0-9]*)?")


@dataclass(frozen=True)
class Account:
    """The credentials of a call. A repr never shows key or secret.

    `address`: the API's base address without a trailing slash.
    `project`: may be empty.
    """

    key: str = field(repr=False)
    secret: str = field(repr=False)
    project: str = ""
    address: str = DEFAULT_ADDRESS

    @classmethod
    def checked(cls, key: str, secret: str, project: str = "", address: str = "") -> Account:
        """Return an account that can be used. Raises AccountError with what is missing."""
        address = check_address(address)
        key, secret = key.strip(), secret.strip()
        if not key:
            raise AccountError("The API key is missing. Enter it.")
        if not secret:
            raise AccountError("The API secret is missing. Enter it.")
        return cls(key, secret, project.strip(), address)

    @classmethod
    def of_environment(cls) -> Account:
        """Return the account that Scenario's own SDK would use here. Raises AccountError with what is missing."""
        key, secret, address = (os.environ.get(name, "") for name in (KEY_VARIABLE, SECRET_VARIABLE, ADDRESS_VARIABLE))
        return cls.checked(key, secret, address=address)

    @property
    def traces(self) -> tuple[str, ...]:
        """Return the texts that give key or secret away: themselves, and how a header or an address holds them.

        A word that is too short to be a key would only spoil sentences.
        """
        import base64
        from urllib.parse import quote

        header = base64.b64encode(f"{self.key}:{self.secret}".encode("utf-8", "surrogatepass")).decode()
        plain = [text for text in (self.key, self.secret) if len(text) >= TRACE_LENGTH]
        quoted = [quote(text, safe="", errors="replace") for text in plain]
        return tuple(sorted({header, *plain, *quoted}, key=len, reverse=True))


def check_address(address: str) -> str:
    """Return the address, ready for a path to be appended; an empty one stands for Scenario's own.

    Raises AccountError unless it is https, because the key travels with every call. Loopback may be plain http.
    """
    address = address.strip().rstrip("/") or DEFAULT_ADDRESS
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or not _HOST.fullmatch(parts.netloc) or "?" in address or "#" in address:
        sentence = "The API address is not valid. Correct it in the preferences, or clear it."
    elif parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(address)):
        sentence = "The API address must begin with https://. Correct it in the preferences, or clear it."
    else:
        return address
    raise AccountError(sentence, remedy=Remedy.PREFERENCES)


def is_loopback(address: str) -> bool:
    """Return whether the address is this computer itself. Nothing leaves it then, so no online access is needed."""
    import ipaddress  # takes milliseconds to import, and only a custom address needs it

    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    # ::ffff:127.0.0.1 is 127.0.0.1 to every system, and to Python from 3.13 on (RFC 4291 §2.5.5.2)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback

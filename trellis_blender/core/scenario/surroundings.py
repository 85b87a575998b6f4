# SPDX-License-Identifier: GPL-3.0-or-later
"""What this computer says about the network: its proxies and its certificates. Nothing else of it reaches a call.

`requests` would also take passwords from `~/.netrc` and send them to any host, and ask a proxy for this computer
itself. So its own reading of the environment is off, and this module reads what we want.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import requests
from requests.utils import get_environ_proxies
from urllib3.util.ssl_ import create_urllib3_context

from ..errors import PassingError, Text
from ..request.account import is_loopback

# Environment variables that name certificates to trust in place of the usual ones, as `requests`, curl and OpenSSL do.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
HOST_CHARACTERS_MAXIMUM = 253  # RFC 1035 §2.3.4; idna before 3.15 takes time with the square of the length
CERTIFICATE_BYTES_MAXIMUM = 16 * 1024 * 1024  # a hundred times Mozilla's list
# Where Linux distributions keep the certificates of the system; Python finds those of Windows by itself.
SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
# Networks of translators from IPv6: RFC 6052 §2.1, RFC 8215 for a network's own, RFC 2765 §2.1 for the oldest form.
TRANSLATORS = ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")


def proxies_for(address: str) -> Mapping[str, str]:
    """Return the proxies for the address, by scheme. This computer itself is never reached through a proxy."""
    return {} if is_loopback(address) else get_environ_proxies(address, no_proxy=None)


def trusted_certificates() -> ssl.SSLContext:
    """Return a client's side of TLS that trusts the system's certificates and those of Mozilla's list.

    If the environment names certificates, it trusts only these. Verification cannot be switched off. Raises
    PassingError if what the environment names cannot be read.
    """
    context: ssl.SSLContext = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)  # urllib3 checks the names with it
    named = {name: path for name in CERTIFICATE_VARIABLES if (path := os.environ.get(name, "").strip())}
    for name, path in named.items():
        # only this variable may name several folders, as OpenSSL reads it
        for part in filter(None, path.split(os.pathsep)) if name == "SSL_CERT_DIR" else [path]:
            _trust(context, name, Path(part))
    if not named:
        context.load_verify_locations(certifi.where())
        context.load_default_certs()
        for path in filter(os.path.isfile, SYSTEM_CERTIFICATES):
            context.load_verify_locations(path)
            break
    return context


def _trust(context: ssl.SSLContext, name: str, path: Path) -> None:
    try:
        if path.is_dir():
            context.load_verify_locations(capath=path)
        elif path.exists() and not (path.is_file() and path.stat().st_size <= CERTIFICATE_BYTES_MAXIMUM):
            raise OSError("a pipe or a device, which may never end")
        else:
            context.load_verify_locations(cafile=path)
    except FileNotFoundError:
        sentence = "The file of certificates that {name} names is not there. Correct that, and restart Blender."
        raise PassingError(Text(sentence, name=name)) from None
    except OSError:  # an SSLError is one
        sentence = "The file of certificates that {name} names cannot be read. Correct that, and restart Blender."
        raise PassingError(Text(sentence, name=name)) from None


def is_public(host: str) -> bool:
    """Return whether an IP address belongs to the public internet; True for the name of a host."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local:
            return False
        address = address.ipv4_mapped or address.sixtofour or _translated(address) or address
    # carriers' own addresses (100.64.0.0/10) are neither private nor global
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address within the IPv6 address of a translator; None if it holds none."""
    if any(address in ipaddress.ip_network(network) for network in TRANSLATORS):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def check_file_address(address: str, *, api: str) -> None:
    """Raise PassingError unless the address may be used for files: https, public, and no host longer than names are.

    Only if the API itself is on this computer, so may be the files, and without https. Where a host's name leads is
    checked when the connection is made.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if "\\" in address:  # for Python a part of the host, for urllib3 its end
        host = ""
    is_here = bool(host) and is_loopback(address)
    is_safe = is_loopback(api) if is_here else bool(host) and parts.scheme == "https" and is_public(host)
    if not is_safe or len(host) > HOST_CHARACTERS_MAXIMUM:
        raise PassingError("Scenario named an address for a file that is not safe to use.")


def words_for(error: Exception) -> str:
    """Return what happened and what to do, for an error of the network before an answer came."""
    if isinstance(error, requests.exceptions.ContentDecodingError | requests.exceptions.InvalidHeader):
        return "Scenario's answer could not be read."
    for each in (error, error.__cause__):  # a proxy that hung until the deadline is named, too
        if "proxy" in type(each).__name__.lower():
            return _words_for_proxy(each)
    if isinstance(error, requests.exceptions.SSLError | ssl.SSLError):
        return "The connection to Scenario is not trusted. Check this computer's date and network."
    if isinstance(error, requests.Timeout | TimeoutError):
        return "Scenario does not answer. Check the network."
    return "No connection to Scenario. Check the network."


def _words_for_proxy(error: BaseException | None) -> str:
    if "SOCKS" in str(error):
        return "The network's proxy is a SOCKS proxy, which the add-on cannot use. Check the system's proxy settings."
    if "407" in str(error):  # only words: the connection was never made, and nothing else depends on them
        return "The network's proxy asks for a name and a password. Check the system's proxy settings."
    if "Tunnel connection failed" in str(error):
        return "The network's proxy does not let Blender reach Scenario. Ask whoever runs the network."
    return "The network's proxy does not answer. Check the system's proxy settings."

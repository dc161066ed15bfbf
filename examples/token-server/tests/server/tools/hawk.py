"""Asks with requests that hawkauthlib signs: hawk.py URL TOKEN KEY."""

import sys
import urllib.error
import urllib.request

import hawkauthlib
from webob import Request


def ask(method: str, header: str) -> int:
    """The status of the answer."""
    body = b"body" if method == "POST" else None
    request = urllib.request.Request(url, data=body, method=method, headers={"Authorization": header})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code


def signed(method: str, key: str) -> str:
    """The header of a request."""
    return hawkauthlib.sign_request(Request.blank(url, method=method), token, key, algorithm="sha256")


url, token, key = sys.argv[1:]
once = signed("GET", key)
print(
    f"GET {ask('GET', once)}, POST {ask('POST', signed('POST', key))}, "
    f"repeated {ask('GET', once)}, wrong key {ask('GET', signed('GET', key[::-1]))}"
)

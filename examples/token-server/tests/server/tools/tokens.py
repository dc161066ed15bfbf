"""Reads a token with tokenlib, and makes one: tokens.py MASTER NODE TOKEN."""

import hashlib
import hmac
import json
import sys

import tokenlib


def node_secret(master: str, node: str) -> str:
    """What mozsvc's DerivedSecrets gives: HKDF-SHA256 without a salt, half as many bytes as the master has characters."""
    info = b"services.mozilla.com/mozsvc/v1/node_secret/" + node.encode()
    key = hmac.new(bytes(32), master.encode(), hashlib.sha256).digest()
    block = hmac.new(key, info + b"\x01", hashlib.sha256).digest()
    return block[: len(master) // 2].hex()


master, node, token = sys.argv[1:]
secret = node_secret(master, node)
made = tokenlib.make_token({"uid": 7, "node": node, "fxa_uid": "abc"}, secret=secret)
print(
    json.dumps(
        {
            "claims": tokenlib.parse_token(token, secret=secret),
            "key": tokenlib.get_derived_secret(token, secret=secret),
            "made": made,
            "made_key": tokenlib.get_derived_secret(made, secret=secret),
        }
    )
)

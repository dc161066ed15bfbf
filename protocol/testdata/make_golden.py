#!/usr/bin/env python3
"""Writes golden/: messages that every implementation of the protocol must read, and write, alike.

It stands on PROTOCOL.md and the MessagePack specification alone and imports no MessagePack library, so that
no implementation agrees merely with itself. `--check` writes nothing, and fails if a file is not up to date.
"""
import hashlib, hmac, json, pathlib, struct, sys

FOLDER = pathlib.Path(__file__).parent / "golden"


class Wide:
    """A value to be written in the longest form that its type has, as some encoders do."""

    def __init__(self, value):
        self.value = value


class Raw:
    """Bytes that stand in the message as they are."""

    def __init__(self, octets):
        self.octets = octets


def sized(length, wide, fix, forms):
    """The head of what has a length. `fix`: first byte, bound; `forms`: first bytes for 8, 16, 32 bits."""
    if fix and length < fix[1] and not wide:
        return bytes([fix[0] | length])
    for head, layout, bound in zip(forms, (">BB", ">BH", ">BI"), (1 << 8, 1 << 16, 1 << 32)):
        if head and length < bound and (not wide or head == forms[-1]):
            return struct.pack(layout, head, length)
    raise ValueError(length)


def integer(number, wide):
    if wide:
        return struct.pack(">BQ", 0xCF, number) if number >= 0 else struct.pack(">Bq", 0xD3, number)
    if -32 <= number < 128:
        return struct.pack(">b" if number < 0 else ">B", number)
    forms = zip((0xCC, 0xCD, 0xCE, 0xCF), "BHIQ") if number >= 0 else zip((0xD0, 0xD1, 0xD2, 0xD3), "bhiq")
    for head, layout in forms:
        try:
            return struct.pack(">B" + layout, head, number)
        except struct.error:
            pass
    raise ValueError(number)


def pack(value):
    wide = isinstance(value, Wide)
    value = value.value if wide else value
    if isinstance(value, Raw):
        return value.octets
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return integer(value, wide)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        octets = value.encode()
        return sized(len(octets), wide, (0xA0, 32), (0xD9, 0xDA, 0xDB)) + octets
    if isinstance(value, bytes):
        return sized(len(value), wide, None, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, list):
        return sized(len(value), wide, (0x90, 16), (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
    assert isinstance(value, dict), value
    pairs = b"".join(pack(name) + pack(inner) for name, inner in value.items())
    return sized(len(value), wide, (0x80, 16), (None, 0xDE, 0xDF)) + pairs


def widened(value):
    """The same value with everything in it in its longest form."""
    if isinstance(value, list):
        return Wide([widened(inner) for inner in value])
    if isinstance(value, dict):
        return Wide({name: widened(inner) for name, inner in value.items()})
    return Wide(value) if value is not None and not isinstance(value, (bool, float)) else value


def readable(value):
    """For the index: bytes as {"bin": hex}, everything else as JSON has it."""
    if isinstance(value, Wide):
        return readable(value.value)
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    if isinstance(value, list):
        return [readable(inner) for inner in value]
    if isinstance(value, dict):
        return {name: readable(inner) for name, inner in value.items()}
    return value


U64 = (1 << 64) - 1
YEAR_MS = 365 * 24 * 3600 * 1000
SESSION, EPOCH = 0x1122334455667788, 0xE0C4
NONCE, MASTERS_NONCE = bytes(range(32)), bytes(range(32, 64))
HELLO = [1, "powerhose", 1, 3, "client", "", NONCE]
CHALLENGE = [2, 1, EPOCH, MASTERS_NONCE]
SECRET = b"shared secret of the golden messages"


def mac(purpose, *headers):
    """Section 5 of PROTOCOL.md, for a client: HKDF-SHA256 without salt, one block; then HMAC-SHA256."""
    extracted = hmac.digest(bytes(32), SECRET, hashlib.sha256)
    key = hmac.digest(extracted, b"powerhose/auth/v1/client/" + purpose + b"\x01", hashlib.sha256)
    return hmac.digest(key, b"".join(map(pack, headers)), hashlib.sha256)


PROOF = [3, mac(b"peer-proof", HELLO, CHALLENGE)]
MASTERS_MAC = mac(b"master-proof", HELLO, CHALLENGE, PROOF)
JOB = 3 << 40 | 17  # shown as 3.17
LIMITS = {"payload_bytes_max": 64 << 20, "batch_jobs_max": 64, "batch_bytes_max": 256 << 10}
INTERVALS = {"heartbeat_ms": 1000, "silence_ms": 5000}

# The session of the worked example in PROTOCOL.md, then each kind with other values, then the edges.
# name: (about, header, payload frames)
GOOD = {
    "hello_worker": ("A worker.", [1, "powerhose", 1, 1, "worker", "worker.py 1.0", None], []),
    "hello_client": ("A client that wants proofs.", HELLO, []),
    "challenge": ("The master asks for a proof.", CHALLENGE, []),
    "proof": ("The proof.", PROOF, []),
    "welcome": ("The session begins.", [4, 1, EPOCH, SESSION, 3, None, LIMITS, INTERVALS, 4711, 60000], []),
    "welcome_proved": ("The master proves itself.", [4, 1, EPOCH, SESSION, 3, MASTERS_MAC, {}, {}, 1, 0], []),
    "heartbeat": ("The second heartbeat.", [5, SESSION, 2, 1, 61000], []),
    "heartbeat_max": ("Every integer at its highest.", [5, U64, U64, U64, U64], []),
    "unknown": ("No such session.", [6, EPOCH], []),
    "bye": ("A worker leaves.", [7, SESSION, "leaving", ""], []),
    "bye_text": ("The master ends.", [7, SESSION, "closing", "the master ends – bye"], []),
    "reject": ("A second try may help.", [8, 10, None, "workers_max", "4096 workers are here", 1000], []),
    "reject_call": ("A call refused.", [8, 20, 17, "duplicate_call", "it is not above call 17", None], []),
    "register": (
        "A worker offers one pool.",
        [10, SESSION, [["default", 1]], 4242, "host-1", "9f86d081884c7d65", False, {}],
        [],
    ),
    "register_labels": (
        "Two pools and labels.",
        [10, SESSION, [["sign", 1024], ["a.B_c-9", 1]], U64, "", "", True, {"zone": "eu-1", "": "é"}],
        [],
    ),
    "registered": ("Its place.", [11, SESSION, 3, [["default", {"overrun_grace_ms": 30000}]]], []),
    "jobs": (
        "One job.",
        [12, SESSION, 61234, [[JOB, 1, "default", 4998, 0, {"do": b"square"}]]],
        [b"12"],
    ),
    "jobs_two": (
        "Two jobs, the second without payload and never to be dispatched again.",
        [12, SESSION, 0, [
            [U64, 2, "sign", YEAR_MS, 0, {}],
            [1 << 40 | 1, 1, "sign", 0, 1, {"": b"", "k": b"\0\xff"}],
        ]],
        [b"\x00\x01\x02", b""],
    ),
    "replies": ("The reply.", [13, SESSION, [[JOB, 1, 0, 85, "", "", {}]]], [b"144"]),
    "replies_every_end": (
        "Each way in which a job ends at a worker.",
        [13, SESSION, [
            [1, 1, 0, 1, "", "", {"cost": b"\x07"}],
            [2, 1, 1, 200, "not_a_number", "no decimal integer", {}],
            [3, 2, 2, 0, "", "", {}],
            [4, 3, 3, 0, "", "", {}],
            [5, 1, 4, 0, "", "", {}],
        ]],
        [b"reply", b"", b"", b"", b""],
    ),
    "cancel": ("Nobody waits for it any longer.", [14, SESSION, [[JOB, 1]]], []),
    "recall": ("Two jobs to give back.", [15, SESSION, [[JOB, 1], [U64, U64]]], []),
    "quiet": ("A worker wants to leave.", [16, SESSION], []),
    "quieted": ("No JOBS follow.", [17, SESSION], []),
    "resume": ("JOBS follow again.", [18, SESSION], []),
    "execute": ("One call.", [20, SESSION, [[17, "default", 5000, 0, None, {"do": b"square"}]]], [b"12"]),
    "execute_bounds": (
        "The lowest and the highest values.",
        [20, SESSION, [
            [1, "a", 1, 0, 1, {}],
            [(1 << 40) - 1, "z" * 64, YEAR_MS, 1, U64, {"k" * 255: b"v" * 300}],
        ]],
        [b"", b"\xff"],
    ),
    "outcomes": ("The reply.", [21, SESSION, [[17, 0, True, 1, 3, 120, 85, "", "", None, {}]]], [b"144"]),
    "outcomes_every_end": (
        "Each of the six ends.",
        [21, SESSION, [
            [1, 0, True, 1, 3, 10, 20, "", "", None, {"cost": b"\x07"}],
            [2, 1, True, 1, 3, 10, 20, "not_a_number", "no decimal integer", None, {}],
            [3, 2, True, 1, 3, 10, 0, "", "", None, {}],
            [4, 3, False, 0, None, 10, 0, "", "", None, {}],
            [5, 4, True, 3, 4, 10, 0, "signal", "killed", 9, {}],
            [6, 5, False, 0, None, 0, 0, "payload_too_large", "", 67108864, {}],
        ]],
        [b"reply", b"", b"", b"", b"", b""],
    ),
    "abandon": ("Two calls.", [22, SESSION, [17, (1 << 40) - 1]], []),
    "status": ("A question.", [30, SESSION, "pools"], []),
    "state": (
        "Its answer.",
        [31, SESSION, "pools", {"pools": [
            {"pool": "default", "workers": 1, "waiting": 0, "running": 1, "credit": 1},
        ]}],
        [],
    ),
    "status_page": ("The next page of a list.", [30, SESSION, "workers:25"], []),
    "state_page": (
        "A page that says which query asks for the next one.",
        [31, SESSION, "workers:25", {"workers": [
            {"id": 26, "state": "ready"}, {"id": 31, "state": "busy"},
        ], "next": "workers:31"}],
        [],
    ),
    "state_every_type": (
        "A map may hold every type.",
        [31, SESSION, "?", {
            "nil": None, "no": False, "yes": True, "most": U64, "least": -(1 << 63), "few": -1, "some": -200,
            "half": 0.5, "text": "é", "bytes": b"\0", "array": [], "map": {},
        }],
        [],
    ),
    "control": ("An order.", [32, SESSION, 1, "drain", "pool:default", 30000], []),
    "controlled": ("It is done.", [33, SESSION, 1, {"matched": 2, "left": 0, "done": True}], []),
    "int_widths": (
        "The first and the last integer of each width.",
        [14, SESSION, [[0, 127], [128, 255], [256, 65535], [65536, 4294967295], [4294967296, U64]]],
        [],
    ),
    "array_of_16": ("The first array with a 16 bit length.", [22, SESSION, list(range(1, 17))], []),
    "str_widths": (
        "Strings of 31, 32, 255 and 256 bytes.",
        [13, SESSION, [[1, 1, 1, 0, "c" * 31, "t" * 255, {}], [2, 1, 1, 0, "c" * 32, "t" * 256, {}]]],
        [b"", b""],
    ),
}
# What must be read as the message named, though nobody writes it so.
SAME = {
    "wide_heartbeat": ("Integers and the array in their longest forms.", "heartbeat", widened),
    "wide_jobs": ("Everything in its longest form.", "jobs", widened),
    "wide_welcome": ("Maps in their longest form.", "welcome", widened),
    "wide_register": ("Strings in their longest form.", "register_labels", widened),
    "signed_unknown": ("A signed form of a number from 0 up.", "unknown",
                       lambda header: [Raw(b"\xd0\x06"), Raw(b"\xd3" + struct.pack(">q", EPOCH))]),
    "later_heartbeat": ("Elements of a later version.", "heartbeat",
                        lambda header: header + [{"more": [1, None, 0.5]}, "text", b"\0"]),
    "later_hello": ("Elements of a later version.", "hello_worker", lambda header: header + [True]),
    "later_jobs": ("Elements of a later version, in the message and its entry.", "jobs",
                   lambda header: header[:3] + [[header[3][0] + ["more", {}]], -5]),
    "later_register": ("Elements of a later version, in an offer too.", "register",
                       lambda header: header[:2] + [[["default", 1, {"weight": 2}]]] + header[3:] + [0]),
}
CALL = [17, "default", 5000, 0, None, {}]
ENTRY = [JOB, 1, "default", 4998, 0, {}]
REGISTER = GOOD["register"][1]
# name: (about, header, payload frames, the code of the REJECT)
BAD = {
    "bad_empty_header": ("As a REQ socket begins.", Raw(b""), [b""], "empty_header"),
    "bad_no_array": ("A number.", 5, [], "malformed"),
    "bad_empty_array": ("No kind.", [], [], "malformed"),
    "bad_kind_type": ("The kind is text.", ["HEARTBEAT", SESSION, 1, 0, 0], [], "malformed"),
    "bad_cut_off": ("The last byte is missing.", Raw(pack(GOOD["heartbeat"][1])[:-1]), [], "malformed"),
    "bad_missing_element": ("HEARTBEAT without its clock.", [5, SESSION, 1, 0], [], "malformed"),
    "bad_negative": ("A number below 0.", [5, SESSION, -1, 0, 0], [], "malformed"),
    "bad_float": ("A floating-point number for an integer.", [5, SESSION, 1.0, 0, 0], [], "malformed"),
    "bad_nil": ("nil where it is not allowed.", [5, None, 1, 0, 0], [], "malformed"),
    "bad_bool": ("An integer for a truth.", REGISTER[:6] + [0, {}], [], "malformed"),
    "bad_bin_as_str": ("Text for a header.", [20, SESSION, [CALL[:5] + [{"k": "v"}]]], [b""], "malformed"),
    "bad_str_as_bin": ("Bytes for a pool.", [20, SESSION, [[17, b"default"] + CALL[2:]]], [b""], "malformed"),
    "bad_utf8": ("Text that is no UTF-8.", [30, SESSION, Raw(b"\xa2\xff\xfe")], [], "malformed"),
    "bad_end": ("No end has this number.", [13, SESSION, [[JOB, 1, 5, 0, "", "", {}]]], [b""], "malformed"),
    "bad_claimed_length": ("An array that claims 4294967295 entries.",
                           Raw(b"\x93\x0e\x01\xdd\xff\xff\xff\xff\x92\x01\x01"), [], "malformed"),
    "bad_depth": ("Arrays in arrays.", Raw(b"\x93\x06\x01" + b"\x91" * 40 + b"\xc0"), [], "malformed"),
    "bad_trailing_bytes": ("A second value.", Raw(pack([16, SESSION]) + b"\xc0"), [], "trailing_bytes"),
    "bad_unknown_kind": ("No kind has this number.", [99, SESSION], [], "unknown_kind"),
    "bad_unknown_kind_max": ("Nor this.", [U64], [b"", b""], "unknown_kind"),
    "bad_payload_missing": ("A call without its payload.", [20, SESSION, [CALL]], [], "frame_count"),
    "bad_payload_more": ("A call with two payloads.", [20, SESSION, [CALL]], [b"", b""], "frame_count"),
    "bad_payload_none_allowed": ("A HEARTBEAT with a payload.", [5, SESSION, 1, 0, 0], [b""], "frame_count"),
    "bad_magic": ("Some other program.", [1, "powerhorse", 1, 1, "worker", "", None], [], "bad_value"),
    "bad_versions": ("From 2 up to 1.", [1, "powerhose", 2, 1, "worker", "", None], [], "bad_value"),
    "bad_nonce": ("31 bytes.", [1, "powerhose", 1, 1, "worker", "", NONCE[1:]], [], "bad_value"),
    "bad_mac": ("33 bytes.", [3, PROOF[1] + b"\0"], [], "bad_value"),
    "bad_pool_empty": ("A pool without a name.", [20, SESSION, [[17, ""] + CALL[2:]]], [b""], "bad_value"),
    "bad_pool_character": ("A blank in it.", [20, SESSION, [[17, "a b"] + CALL[2:]]], [b""], "bad_value"),
    "bad_pool_long": ("65 bytes.", [12, SESSION, 0, [[JOB, 1, "p" * 65, 1, 0, {}]]], [b""], "bad_value"),
    "bad_no_entries": ("No job.", [12, SESSION, 0, []], [], "bad_value"),
    "bad_attempt": ("Attempts count from 1.", [12, SESSION, 0, [[JOB, 0] + ENTRY[2:]]], [b""], "bad_value"),
    "bad_call_0": ("Calls count from 1.", [20, SESSION, [[0] + CALL[1:]]], [b""], "bad_value"),
    "bad_call_high": ("2^40.", [20, SESSION, [[1 << 40] + CALL[1:]]], [b""], "bad_value"),
    "bad_timeout_0": ("No time at all.", [20, SESSION, [CALL[:2] + [0] + CALL[3:]]], [b""], "bad_value"),
    "bad_attempts_max_0": ("No attempt.", [20, SESSION, [CALL[:4] + [0, {}]]], [b""], "bad_value"),
    "bad_timeout_high": ("Long.", [20, SESSION, [CALL[:2] + [YEAR_MS + 1] + CALL[3:]]], [b""], "over_limit"),
    "bad_header_twice": (
        "One name, two values.",
        [20, SESSION, [CALL[:5] + [Raw(b"\x82\xa1k\xc4\0\xa1k\xc4\0")]]], [b""], "bad_value",
    ),
    "bad_header_name": ("256 bytes.", [20, SESSION, [CALL[:5] + [{"k" * 256: b""}]]], [b""], "over_limit"),
    "bad_headers_bytes": ("16385.", [20, SESSION, [CALL[:5] + [{"k": bytes(16384)}]]], [b""], "over_limit"),
    "bad_no_pools": ("A worker for nothing.", REGISTER[:2] + [[]] + REGISTER[3:], [], "bad_value"),
    "bad_pool_twice": ("A pool offered twice.",
                       REGISTER[:2] + [[["a", 1], ["a", 2]]] + REGISTER[3:], [], "bad_value"),
    "bad_credit_0": ("No credit.", REGISTER[:2] + [[["a", 0]]] + REGISTER[3:], [], "bad_value"),
    "bad_credit_high": ("1025.", REGISTER[:2] + [[["a", 1025]]] + REGISTER[3:], [], "bad_value"),
    "bad_entries": ("1025 calls.", [22, SESSION, list(range(1, 1026))], [], "over_limit"),
    "bad_code": ("65 bytes.", [7, SESSION, "c" * 65, ""], [], "over_limit"),
    "bad_text": ("16385 bytes.", [7, SESSION, "", "t" * 16385], [], "over_limit"),
    "bad_word": ("256 bytes.", [30, SESSION, "q" * 256], [], "over_limit"),
}


def frames(header, payload):
    """One frame a line, the header first; an empty frame is a lone dash."""
    return "".join((frame.hex() or "-") + "\n" for frame in [pack(header), *payload])


def files():
    made, index = {}, []
    for name, (about, header, payload) in GOOD.items():
        made[name + ".hex"] = frames(header, payload)
        index.append({"name": name, "about": about, "header": readable(header)})
    for name, (about, same_as, change) in SAME.items():
        _, header, payload = GOOD[same_as]
        made[name + ".hex"] = frames(change(header), payload)
        index.append({"name": name, "about": about, "same_as": same_as})
    for name, (about, header, payload, code) in BAD.items():
        made[name + ".hex"] = frames(header, payload)
        index.append({"name": name, "about": about, "code": code})
    lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in index)
    made["index.json"] = f"[\n{lines}\n]\n"
    return made


def main():
    made = files()
    present = {path.name for path in FOLDER.glob("*")}
    stale = sorted(name for name in present | set(made)
                   if name not in present or name not in made or (FOLDER / name).read_text() != made[name])
    if "--check" in sys.argv:
        for name in stale:
            print(f"{FOLDER / name} is not what make_golden.py writes", file=sys.stderr)
        sys.exit(1 if stale else 0)
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        if name in made:
            (FOLDER / name).write_text(made[name])
        else:
            (FOLDER / name).unlink()
    print(f"{len(made) - 1} messages, {len(stale)} files changed")


if __name__ == "__main__":
    main()

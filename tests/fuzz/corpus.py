#!/usr/bin/env python3
"""Between the corpus as it is kept, a file for each target with an input in hexadecimal on each line, and the folder of
inputs that a fuzzer works on.

    corpus.py unpack dispatch FOLDER    before fuzzing
    corpus.py pack dispatch FOLDER      after it, once `cargo fuzz cmin` has left out what reaches nothing new
"""

import hashlib
import pathlib
import sys

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def unpack(packed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for line in packed.read_text().split():
        data = bytes.fromhex(line)
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack(packed, folder):
    inputs = {path.read_bytes() for path in folder.iterdir()}
    # By length, so that those that can be read come first.
    ordered = sorted(filter(None, inputs), key=lambda data: (len(data), data))
    packed.write_text("".join(data.hex() + "\n" for data in ordered))


def main():
    modes = {"unpack": unpack, "pack": pack}
    if len(sys.argv) != 4 or sys.argv[1] not in modes or sys.argv[2] not in ("decode", "dispatch"):
        sys.exit(__doc__)
    modes[sys.argv[1]](CORPUS / (sys.argv[2] + ".hex"), pathlib.Path(sys.argv[3]))


main()

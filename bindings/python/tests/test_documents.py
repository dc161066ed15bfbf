"""What docs/PYTHON.md shows is Python, and its names are there."""

import pathlib
import re

import pytest

import powerhose

DOCUMENT = pathlib.Path(__file__).parents[3] / "docs" / "PYTHON.md"
BLOCKS = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_the_document_is_python(block):
    compile(block, str(DOCUMENT), "exec")


def test_the_names_of_the_document_are_those_of_the_package():
    text = DOCUMENT.read_text()
    for name in re.findall(r"powerhose\.([A-Za-z]+)\b(?!/)", text):
        assert hasattr(powerhose, name) or name in ("worker", "JobRunner"), name
    for name in re.findall(r"^\| (?:– )?`(\w+)`", text, re.MULTILINE):
        assert issubclass(getattr(powerhose, name), powerhose.JobError), name
    for name in re.findall(r"runner\.(\w+)\(", text):
        assert hasattr(powerhose.JobRunner, name), name


def test_every_error_of_a_job_stands_in_the_document():
    text = DOCUMENT.read_text()
    for name in powerhose.__all__:
        thing = getattr(powerhose, name)
        if isinstance(thing, type) and issubclass(thing, powerhose.JobError):
            assert f"`{name}`" in text, name

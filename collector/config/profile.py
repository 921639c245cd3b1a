"""The profile file of the vendor's tools: an INI whose section [basic] holds an access key. Pure."""

import re
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    Error,
    MissingSectionHeaderError,
    ParsingError,
)
from itertools import takewhile

SECTION = "basic"
KEY = ("ak", "sk", "security_token")
NAMES = (*KEY, "project_id", "iam_endpoint")
"""What is read of it; all else in it is other tools' business."""


class Malformed(Exception):
    """Text that is no profile; `str()` says where and why, and quotes no value."""


def read(text: str) -> dict[str, str]:
    """What the section [basic] holds under our names, without what is empty; nothing where there is no such section.

    A value is what it is: `%` means nothing in it. Raises `Malformed`.
    """
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text.removeprefix("\ufeff"))
    except Error as error:
        # The library's own words quote the line, and with it a secret.
        raise Malformed(_says(error)) from None
    if not parser.has_section(SECTION):
        return {}
    found = {name: parser.get(SECTION, name, fallback="") for name in NAMES}
    for name, value in found.items():
        if not value.isprintable():
            msg = f"{at(line_of(text, name))}{name} must be one line of text without control characters"
            raise Malformed(msg)
    return {name: value for name, value in found.items() if value}


def line_of(text: str, name: str) -> int | None:
    """The line on which the section [basic] gives a name its value, None where none does."""
    lines = list(enumerate(text.removeprefix("\ufeff").splitlines(), 1))
    header = next((place for place, (_, line) in enumerate(lines) if line.strip() == f"[{SECTION}]"), len(lines))
    inside = takewhile(lambda numbered: not numbered[1].startswith("["), lines[header + 1 :])
    given = re.compile(rf"\s*{re.escape(name)}\s*[=:]", re.IGNORECASE)
    return next((number for number, line in inside if given.match(line)), None)


def at(line: int | None) -> str:
    """How a sentence about a line begins."""
    return f"line {line}: " if line else ""


def _says(error: Error) -> str:
    if isinstance(error, DuplicateOptionError | DuplicateSectionError):
        what = "a name" if isinstance(error, DuplicateOptionError) else "a section"
        return f"{at(error.lineno)}{what} stands there for the second time"
    if isinstance(error, MissingSectionHeaderError):
        return f"{at(error.lineno)}no section begins before it"
    line = error.errors[0][0] if isinstance(error, ParsingError) and error.errors else None
    return f"{at(line)}neither a section nor a name with its value"

"""Plain XML as OpenCV writes it, read into elements: nothing of it can reach out or blow up."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from cvfast.errors import MediaError, ModelError
from cvfast.io.opening import open_regular

__all__ = ["Element", "read_elements"]

MOST_BYTES = 64 << 20
MOST_ELEMENTS = 500_000  # eight times those of the largest that OpenCV ships
DEEPEST = 16

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


@dataclass(slots=True)
class Element:
    """One element: its name, type, text and children, and the line and file it stands in."""

    name: str
    line: int
    file: Path
    type_id: str = ""
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def wrong(self, expected: str, got: object) -> ModelError:
        """Return the error that says what this element should have held."""
        name = "an item" if self.name == "_" else f"<{self.name}>"
        shown = str(got) if len(str(got)) <= 60 else f"{str(got)[:57]}..."
        return ModelError(
            f"{self.file}, line {self.line}: {name}: expected {expected}, got {shown}"
        )

    def find(self, name: str) -> Element | None:
        """Return the first child of that name, if there is one."""
        return next((child for child in self.children if child.name == name), None)

    def child(self, name: str) -> Element:
        """Return the first child of that name; raise `ModelError` where there is none."""
        found = self.find(name)
        if found is None:
            raise self.wrong(f"an element <{name}> in it", "none")
        return found

    def integers(self) -> list[int]:
        """Return the text as integers of 32 bits."""
        words = self.text.split()
        for word in words:
            if not _INTEGER.fullmatch(word) or not -(1 << 31) <= int(word) < 1 << 31:
                raise self.wrong("integers of 32 bits", repr(word))
        return [int(word) for word in words]

    def integer(self) -> int:
        """Return the text as one integer."""
        numbers = self.integers()
        if len(numbers) != 1:
            raise self.wrong("one integer", f"{len(numbers)} numbers")
        return numbers[0]

    def reals(self) -> list[float]:
        """Return the text as numbers that float32 can hold."""
        numbers = []
        for word in self.text.split():
            value = float(word) if _REAL.fullmatch(word) else math.nan
            if not abs(value) <= 3.4e38:
                raise self.wrong("finite numbers that float32 holds", repr(word))
            numbers.append(value)
        return numbers


def read_elements(path: Path) -> Element:
    """Read an XML file of elements, attributes and text.

    Raises
    ------
    ModelError
        The file cannot be read, is over 64 MiB, not well-formed, or holds a document type, an
        entity, a processing instruction, over 16 levels or half a million elements.
    """
    try:
        with open_regular(path) as stream:
            data = stream.read(MOST_BYTES + 1)
    except MediaError as error:  # a pipe or a device
        raise ModelError(str(error)) from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise ModelError(f"{path}: expected at most {MOST_BYTES >> 20} MiB of XML, got more")
    return _Reader(path).read(data)


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: Element | None = None
        self.open: list[tuple[Element, list[str]]] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.parser.ProcessingInstructionHandler = self.refuse_instruction

    def read(self, data: bytes) -> Element:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            raise ModelError(
                f"{self.path}, line {error.lineno}: expected well-formed XML, got: {text}"
            ) from error
        except (UnicodeError, LookupError) as error:
            raise ModelError(f"{self.path}: expected XML in UTF-8 or Latin-1: {error}") from error
        if self.root is None:  # expat has refused a document without elements
            raise ModelError(f"{self.path}: expected XML with elements, got none")
        return self.root

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= DEEPEST:
            raise self.error(f"at most {DEEPEST} levels of elements")
        if self.count > MOST_ELEMENTS:
            raise self.error(f"at most {MOST_ELEMENTS} elements")
        line = self.parser.CurrentLineNumber
        element = Element(name, line, self.path, attributes.get("type_id", ""))
        if self.open:
            self.open[-1][0].children.append(element)
        else:
            self.root = element
        self.open.append((element, []))

    def end(self, _name: str) -> None:
        element, pieces = self.open.pop()
        element.text = "".join(pieces)

    def characters(self, text: str) -> None:
        self.open[-1][1].append(text)

    def refuse_doctype(self, *_details: object) -> None:
        raise self.error("no document type and no entities", "one")

    def refuse_instruction(self, *_details: object) -> None:
        raise self.error("no processing instructions", "one")

    def error(self, expected: str, got: str = "more") -> ModelError:
        line = self.parser.CurrentLineNumber
        return ModelError(f"{self.path}, line {line}: expected {expected}, got {got} in this XML")

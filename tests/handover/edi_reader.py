"""A reader of EDIFACT that shares nothing with the writer, nor with pydifact: one character at a time."""


def read(content: bytes) -> list[list[list[str]]]:
    """Segments as lists of elements as lists of components; the first element is the tag."""
    codecs = {"A": "ascii", "B": "ascii", "C": "latin-1", "D": "iso8859-2", "E": "iso8859-5"}
    level = content[content.index(b"UNB+UNO") + 7 : content.index(b"UNB+UNO") + 8].decode()
    text = content.decode({**codecs, "F": "iso8859-7"}[level])
    assert text.startswith("UNA")
    component, element, _decimal, release, _reserved, terminator = text[3:9]
    segments: list[list[list[str]]] = []
    current = [[""]]
    position = 9
    while position < len(text):
        character = text[position]
        if character == release:
            position += 1
            current[-1][-1] += text[position]
        elif character == terminator:
            segments.append(current)
            current = [[""]]
        elif character == element:
            current.append([""])
        elif character == component:
            current[-1].append("")
        elif character not in "\r\n":
            current[-1][-1] += character
        position += 1
    assert current == [[""]]
    return segments

"""What is a line of a signed document: the same answer from two JSON readers that disagree."""

from stairgate.core.lines import read_line, split, write_line
from stairgate.core.refused import Refused

CASES: "tuple[tuple[object, ...], ...]" = (
    ("an empty array", b"[]", []),
    ("strings and numbers", b'["week","p1",0,-1]', ["week", "p1", 0, -1]),
    ("spaces between values", b'[ "week", "p 1" , 0 ]', ["week", "p 1", 0]),
    ("three arrays deep", b'["a",[[1]]]', ["a", [[1]]]),
    ("letters beyond ASCII", b'["x-\xc3\xa9"]', ["x-\u00e9"]),
    ("a number of 63 bits", b"[9223372036854775807]", [9223372036854775807]),
    ("empty arrays three deep", b'["a",[[],[]],[]]', ["a", [[], []], []]),
    ("characters that only JSON needs", b'["{a}",":,[]","\'"]', ["{a}", ":,[]", "'"]),
    ("a delete character", b'["\x7f"]', ["\x7f"]),
    ("512 bytes", b'["' + b"a" * 508 + b'"]', ["a" * 508]),
    ("513 bytes", b'["' + b"a" * 509 + b'"]', "line_too_long"),
    ("four arrays deep", b'["a",[[[1]]]]', "bad_line"),
    ("an empty fourth array", b'["a",[[[]]]]', "bad_line"),
    ("many arrays deep", b"[" * 256 + b"]" * 256, "bad_line"),
    ("many arrays opened", b"[" * 512, "bad_line"),
    ("nothing", b"", "bad_line"),
    ("spaces only", b"   ", "bad_line"),
    ("a string", b'"policy"', "bad_line"),
    ("a number", b"5", "bad_line"),
    ("null", b"null", "bad_line"),
    ("an object", b'{"policy":1}', "bad_line"),
    ("an object inside", b'["a",{}]', "bad_line"),
    ("true", b'["a",true]', "bad_line"),
    ("null inside", b'["a",null]', "bad_line"),
    ("a float", b"[1.5]", "bad_line"),
    ("a float as Python writes it", b"[1e+16]", "bad_line"),
    ("a whole float", b"[1.0]", "bad_line"),
    ("an exponent", b"[1e3]", "bad_line"),
    ("not a number", b"[NaN]", "bad_line"),
    ("infinity", b"[Infinity]", "bad_line"),
    ("a leading zero", b"[01]", "bad_line"),
    ("a minus zero", b"[-0]", "bad_line"),
    ("a plus sign", b"[+1]", "bad_line"),
    ("no comma, which MicroPython reads", b"[1 2]", "bad_line"),
    ("two commas, which MicroPython reads", b"[1,,2]", "bad_line"),
    ("a comma at the end, which MicroPython reads", b"[1,]", "bad_line"),
    ("a colon for a comma, which MicroPython reads", b"[1:2]", "bad_line"),
    ("an escape", b'["\\u0061"]', "bad_line"),
    ("an escaped slash", b'["Europe\\/Berlin"]', "bad_line"),
    ("a tab in a string", b'["a\tb"]', "bad_line"),
    ("the last control character in a string", b'["a\x1fb"]', "bad_line"),
    ("an escaped quote", b'["a\\"b"]', "bad_line"),
    ("a tab between values", b'["a",\t1]', "bad_line"),
    ("a carriage return at the end", b"[1]\r", "bad_line"),
    ("a zero byte at the end", b"[1]\x00", "bad_line"),
    ("text after the array", b"[1] x", "bad_line"),
    ("two arrays", b"[1][2]", "bad_line"),
    ("an array cut short", b"[1", "bad_line"),
    ("a string cut short", b'["a', "bad_line"),
    ("no UTF-8", b'["\xff"]', "bad_line"),
    ("UTF-8 cut short", b'["\xc3"]', "bad_line"),
    ("single quotes", b"['a']", "bad_line"),
)


def check(line: bytes, expected: object) -> None:
    got: object
    try:
        got = read_line(line)
    except Refused as refused:
        got = refused.reason
    assert got == expected


def refused_values(values: "list[object]") -> bool:
    try:
        write_line(values)
    except ValueError:
        return True
    return False


def test_written_without_spaces() -> None:
    assert write_line(("week", "p1", ((79, 1230, 420, "closed"),))) == b'["week","p1",[[79,1230,420,"closed"]]]\n'


def test_written_is_read() -> None:
    values: "list[object]" = ["zone", "z1", "Europe/Berlin", [[0, 60], [1774746000, -120]]]
    assert read_line(write_line(values)[:-1]) == values


def test_not_written() -> None:
    assert refused_values(["a" * 510])
    assert refused_values([1.5])
    assert refused_values([True])
    assert refused_values([None])
    assert refused_values([{}])
    assert refused_values(['a"b'])
    assert refused_values(["a\\b"])
    assert refused_values(["a\nb"])
    assert refused_values([[[[1]]]])


def test_split_gives_each_line() -> None:
    assert list(split(b"[1]\n\n[2]\n")) == [b"[1]", b"", b"[2]"]
    assert list(split(b"")) == []


def test_split_refuses_a_torn_end() -> None:
    try:
        list(split(b"[1]\n[2]"))
    except Refused as refused:
        assert refused.reason == "bad_end"
    else:
        raise AssertionError("a body without its last newline was accepted")

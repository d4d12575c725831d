"""The policy texts are read whole or not at all, and their version tells them apart."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import PolicyError
from policies.texts import SCHEMA, Texts, read, rules


def test_the_package_brings_its_own_texts() -> None:
    """Without a directory the package's texts are read, in the order of their names."""
    texts = read()
    assert list(texts.policies) == sorted(texts.policies)
    assert "freight-contact.cedar" in texts.policies
    assert "entity Carrier" in texts.schema


def test_a_directory_is_read_for_its_policies_only(texts_dir: Path) -> None:
    """Files of other names beside the policies are no part of them."""
    before = read(texts_dir)
    (texts_dir / "notes.txt").write_text("permit (principal, action, resource);")
    assert read(texts_dir) == before == read()


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    """A directory that is not there is named, not taken for an empty policy."""
    with pytest.raises(PolicyError, match="nowhere"):
        read(tmp_path / "nowhere")


def test_a_missing_schema_is_an_error(texts_dir: Path) -> None:
    """Without the schema nothing is read: rules that fail would be skipped in silence."""
    (texts_dir / SCHEMA).unlink()
    with pytest.raises(PolicyError, match=SCHEMA):
        read(texts_dir)


def test_no_policy_is_an_error(texts_dir: Path) -> None:
    """A schema without a rule beside it is refused."""
    for text in texts_dir.glob("*.cedar"):
        text.unlink()
    with pytest.raises(PolicyError, match="no policy"):
        read(texts_dir)


def test_an_unreadable_text_is_an_error(texts_dir: Path) -> None:
    """A text that is not UTF-8, or no file, is named."""
    (texts_dir / "purposes.cedar").write_bytes(b"// caf\xe9")
    with pytest.raises(PolicyError, match=r"purposes\.cedar"):
        read(texts_dir)
    (texts_dir / "purposes.cedar").unlink()
    (texts_dir / "purposes.cedar").mkdir()
    with pytest.raises(PolicyError, match=r"purposes\.cedar"):
        read(texts_dir)


def test_the_version_can_be_recomputed_by_hand() -> None:
    """The version is the hash of names and texts, each after its length, the schema among them."""
    digest = sha256()
    for part in (b"a.cedar", b"x", SCHEMA.encode(), "ß".encode(), b"z.cedar", b""):
        digest.update(len(part).to_bytes(8, "big") + part)
    version = Texts({"z.cedar": "", "a.cedar": "x"}, "ß").version
    assert version == f"sha256:{digest.hexdigest()}"


names = st.text(max_size=4).map(lambda stem: f"{stem}.cedar")
sets_of_texts = st.builds(Texts, st.dictionaries(names, st.text(max_size=4)), st.text(max_size=4))


@given(sets_of_texts, sets_of_texts)
def test_different_texts_have_different_versions(one: Texts, other: Texts) -> None:
    """Neither names nor texts can be moved into one another without changing the version."""
    assert (one == other) == (one.version == other.version)


@given(st.text(alphabet=st.sampled_from('ab;"\\/ \n')))
def test_taking_a_text_apart_loses_nothing(text: str) -> None:
    """The pieces of a text, joined, are the text."""
    assert "".join(rules(text)) == text


def test_a_rule_ends_at_its_own_semicolon() -> None:
    """Semicolons in a comment or in a sentence do not end a rule; comments go with the next one."""
    first = (
        '// no end; here\n@text("nor; here \\"; or // here")\npermit (principal, action, resource);'
    )
    second = "\n// about the second\nforbid (principal, action, resource);"
    assert list(rules(f"{first}{second}\n// after all")) == [first, second, "\n// after all"]

"""Getting data: resumed and verified downloads, a mirror, archives that are not trusted."""

from __future__ import annotations

import hashlib
import logging
import stat
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from emoalign.errors import DataError
from emoalign.stimuli.fetching import UnreachableError, download, unpack
from emoalign.stimuli.gathering import gather
from emoalign.study.fields import FileSource
from tests.kit.datasets import MEAN, table_card

CONTENT = b"id,word,v\n" + b"".join(b"%d,word,4\n" % number for number in range(20_000))
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; `cut` says after how many bytes each of the next answers breaks off."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.cut: list[int] = []
        self.ranges = True
        self.asked: list[str | None] = []
        self.content = CONTENT

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/words.csv"


class Answering(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/words.csv")
            self.end_headers()
            return
        if self.path != "/words.csv":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if not self.server.ranges:
            start = 0
        if start >= len(self.server.content):
            self.send_error(416)
            return
        rest = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.server.cut.pop(0)] if self.server.cut else rest)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, where cards' paths begin."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def source(server: Server, **changes: Any) -> FileSource:
    told = {"file": "resources/mine/words.csv", "url": server.url, "sha256": CHECKSUM}
    return FileSource.model_validate(told | changes)


# Downloads


def test_a_file_is_downloaded_whole_and_leaves_nothing_else(server: Server, here: Path) -> None:
    target = here / "resources/mine/words.csv"
    assert download(source(server), target) == CHECKSUM
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["words.csv"]


def test_a_download_that_breaks_off_goes_on_where_it_stopped(server: Server, here: Path) -> None:
    server.cut = [1000, 5000]
    download(source(server), here / "words.csv")
    assert (here / "words.csv").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-", "bytes=6000-"]


def test_what_had_arrived_is_kept_for_the_next_run(server: Server, here: Path) -> None:
    server.cut = [1000] * 3
    with pytest.raises(UnreachableError, match=r"words.csv: could not be downloaded from http"):
        download(source(server), here / "words.csv")
    assert not (here / "words.csv").exists()
    assert (here / ".words.csv.part").read_bytes() == CONTENT[:3000]
    download(source(server), here / "words.csv")
    assert server.asked[-1] == "bytes=3000-"
    assert (here / "words.csv").read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_sends_everything_again(server: Server, here: Path) -> None:
    server.cut, server.ranges = [1000], False
    download(source(server), here / "words.csv")
    assert (here / "words.csv").read_bytes() == CONTENT


def test_without_a_checksum_parts_are_not_put_together(server: Server, here: Path) -> None:
    (here / ".words.csv.part").write_bytes(b"something else")
    download(source(server, sha256=None), here / "words.csv")
    assert server.asked == [None]
    assert (here / "words.csv").read_bytes() == CONTENT


def test_a_download_that_was_complete_is_only_put_in_place(server: Server, here: Path) -> None:
    (here / ".words.csv.part").write_bytes(CONTENT)
    download(source(server), here / "words.csv")
    assert (here / "words.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [1000, len(CONTENT), len(CONTENT) + 1])
def test_a_part_of_another_edition_does_not_stand_in_the_way(
    size: int, server: Server, here: Path
) -> None:
    (here / ".words.csv.part").write_bytes(bytes(size))
    download(source(server), here / "words.csv")
    assert (here / "words.csv").read_bytes() == CONTENT


def test_another_file_than_expected_is_not_kept(server: Server, here: Path) -> None:
    server.content = b"<html>Sign in</html>"
    with pytest.raises(DataError, match=f"another file than expected.*expected {CHECKSUM}"):
        download(source(server), here / "words.csv")
    assert list(here.iterdir()) == []


def test_a_redirection_is_followed_and_a_missing_file_is_told(server: Server, here: Path) -> None:
    moved = source(server, url=server.url.replace("words.csv", "moved"))
    download(moved, here / "words.csv")
    gone = source(server, url=server.url.replace("words.csv", "gone"))
    with pytest.raises(DataError, match="the server answered 404 for http"):
        download(gone, here / "other.csv")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_what_is_on_this_machine_is_got_without_a_proxy(
    variable: str, server: Server, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for host in ("127.0.0.1", "localhost", "LocalHost"):
        download(source(server, url=server.url.replace("127.0.0.1", host)), here / f"{host}.csv")
    elsewhere = source(server, url="http://data.example.org/words.csv")
    with pytest.raises(UnreachableError, match=r"through the proxy http://127\.0\.0\.1:9 \("):
        download(elsewhere, here / "other.csv")
    assert len(server.asked) == 3


# All files of all datasets


def card(server: Server | None = None, **changes: Any) -> Any:
    told = {} if server is None else {"url": server.url, "sha256": CHECKSUM}
    table = {"file": "resources/mine/words.csv"} | told
    return table_card(Path(), MEAN | {"table": table}, **changes)


def test_what_is_open_is_brought_and_what_is_there_is_left(
    server: Server, here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        gather({"mine": card(server)}, needed=["mine"])
        gather({"mine": card(server)}, needed=["mine"])
    assert (here / "resources/mine/words.csv").read_bytes() == CONTENT
    assert len(server.asked) == 1
    assert f"copied from {server.url} (sha256 {CHECKSUM})" in caplog.text
    assert "mine: all files are in place" in caplog.text


def test_for_a_restricted_set_it_is_told_whom_to_ask_and_where_to_put_it(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    restricted = card(obtain="Ask the institute; put the table to resources/mine/words.csv.")
    told = "missing: resources/mine/words.csv. Ask the institute; put"
    with caplog.at_level(logging.INFO):
        gather({"theirs": restricted}, needed=[])
    assert f"theirs: {told}" in caplog.text
    # A dataset of the study must be there.
    with pytest.raises(DataError, match=told):
        gather({"theirs": restricted}, needed=["theirs"])


def test_a_file_somebody_placed_is_verified(server: Server, here: Path) -> None:
    (here / "resources/mine").mkdir(parents=True)
    (here / "resources/mine/words.csv").write_bytes(b"another one")
    with pytest.raises(DataError, match=r"mine: .*words.csv: this is another file than expected"):
        gather({"mine": card(server)}, needed=[])
    assert server.asked == []
    assert (here / "resources/mine/words.csv").read_bytes() == b"another one"


def test_a_mirror_stands_for_the_network_and_is_verified(server: Server, here: Path) -> None:
    mirror = here / "mirror"
    (mirror / "mine").mkdir(parents=True)
    (mirror / "mine/words.csv").write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match="Correct the mirror"):
        gather({"mine": card(server)}, ["mine"], mirror)
    (mirror / "mine/words.csv").write_bytes(CONTENT)
    gather({"mine": card(server)}, ["mine"], mirror)
    assert (here / "resources/mine/words.csv").read_bytes() == CONTENT
    assert server.asked == []


def test_a_mirror_that_is_not_there_is_told(here: Path) -> None:
    with pytest.raises(DataError, match=r"none: no such folder \(data_mirror of the study\)"):
        gather({}, [], here / "none")


def test_without_a_network_every_dataset_is_told_once_with_what_to_do(here: Path) -> None:
    with Server() as closed:
        url = closed.url
    files = [
        {"file": f"resources/{name}.csv", "url": url, "sha256": CHECKSUM} for name in ("a", "b")
    ]
    cards = {
        name: table_card(Path(), MEAN | {"table": file})
        for name, file in zip("ab", files, strict=True)
    }
    with pytest.raises(DataError) as error:
        gather(cards, needed=["a"])
    told = str(error.value).splitlines()
    assert told[1].startswith(f"a: resources/a.csv: could not be downloaded from {url} (")
    assert told[2] == f"b: resources/b.csv: not downloaded from {url} either"
    assert told[3].startswith("Is this machine online? Behind a proxy, set HTTPS_PROXY.")
    assert "data_mirror" in told[3]


# Archives


def archive(path: Path, *files: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in files:
            content.writestr(name, data)
    return path


def image_card() -> Any:
    told = {"table": {"file": "resources/p/norms.csv"}, "text": None, "image": "word"}
    return table_card(
        Path(),
        MEAN | told,
        modality="image",
        images="resources/p/images",
        archive={"file": "resources/p/set.zip"},
        obtain="Download the zip.",
    )


def test_norms_and_images_are_taken_out_of_an_archive(here: Path) -> None:
    archive(
        here / "resources/p/set.zip",
        ("Set/", b""),
        ("Set/norms.csv", b"id,word,v\n"),
        ("Set/Pictures/Dog 6.jpg", b"dog"),
        ("Set/Pictures/Cat.PNG", b"cat"),
        ("Set/readme.exe", b"no"),
        ("__MACOSX/Set/Pictures/._Dog 6.jpg", b"no"),
    )
    gather({"p": image_card()}, needed=["p"])
    found = {str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()}
    assert found == {
        "resources/p/set.zip",
        "resources/p/norms.csv",
        "resources/p/images/Dog 6.jpg",
        "resources/p/images/Cat.PNG",
    }


def test_a_dataset_of_images_without_any_is_told(here: Path) -> None:
    (here / "resources/p").mkdir(parents=True)
    (here / "resources/p/norms.csv").write_text("id,word,v\n")
    with pytest.raises(DataError, match=r"p: missing: resources/p/images\. Download the zip\."):
        gather({"p": image_card()}, needed=["p"])


@pytest.mark.parametrize(
    "name",
    ["../../evil.jpg", "/etc/evil.jpg", "..\\..\\evil.jpg", "C:\\evil.jpg", "images/../evil.jpg"],
)
def test_an_archive_decides_about_no_path(name: str, here: Path) -> None:
    path = archive(here / "a/b/set.zip", (name, b"evil"))
    unpack(path, {}, here / "a/b/images")
    found = [str(one.relative_to(here)) for one in here.rglob("*evil*")]
    assert found == ["a/b/images/" + name.replace("\\", "/").rpartition("/")[2]]


def test_links_in_an_archive_are_passed_over(here: Path) -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = archive(here / "set.zip", (link, b"/etc/passwd"), ("dog.jpg", b"dog"))
    assert unpack(path, {}, here / "images") == 1
    assert [one.name for one in (here / "images").iterdir()] == ["dog.jpg"]


def test_what_is_there_already_stays(here: Path) -> None:
    (here / "images").mkdir()
    (here / "images/dog.jpg").write_bytes(b"mine")
    path = archive(here / "set.zip", ("dog.jpg", b"theirs"), ("cat.jpg", b"cat"))
    assert unpack(path, {}, here / "images") == 1
    assert (here / "images/dog.jpg").read_bytes() == b"mine"


def test_two_images_of_the_same_name_are_told(here: Path) -> None:
    path = archive(here / "set.zip", ("a/dog.jpg", b"1"), ("b/dog.jpg", b"2"))
    with pytest.raises(DataError, match=r"'dog.jpg' more than once \(a/dog.jpg, b/dog.jpg\)"):
        unpack(path, {}, here / "images")
    assert not (here / "images").exists()


def test_an_archive_that_would_fill_the_disk_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoalign.stimuli.fetching.MOST_BYTES", 1_000_000)
    path = archive(here / "set.zip", ("dog.jpg", bytes(2_000_000)))
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match="its files would take 2,000,000 bytes"):
        unpack(path, {}, here / "images")
    assert not (here / "images").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "no zip"])
def test_a_damaged_archive_leaves_no_half_image(damage: str, here: Path) -> None:
    path = archive(here / "set.zip", ("dog.jpg", bytes(range(256)) * 200))
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[60] ^= 255
    else:
        content = bytearray(b"<html>")
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be unpacked .*get it again"):
        unpack(path, {}, here / "images")
    assert not list(here.rglob("*.jpg*"))

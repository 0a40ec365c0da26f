"""The shared place: complete files, one for each part; clear errors; folders and S3."""

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from securenet_obs.distributed.place import Place
from securenet_obs.errors import EvidenceError, SettingsError
from securenet_obs.processes.ports import find_free_ports
from tests.distributed.fleet import fleet
from tests.waiting import eventually


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a shared place that is a folder."""
    return Place((tmp_path / "shared").as_uri())


def test_a_part_is_read_as_it_was_written(place: Place, tmp_path: Path) -> None:
    """Every file of the folder is there, below its own name."""
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "a.txt").write_text("a")
    place.put_part("run", 1, source)
    assert (place.has_part("run", 1), place.has_part("run", 2)) == (True, False)
    assert place.get_part("run", 1, tmp_path / "copy")
    assert (tmp_path / "copy" / "inner" / "a.txt").read_text() == "a"
    assert not place.get_part("run", 2, tmp_path / "other")


def test_a_part_that_leads_outside_is_kept_inside(place: Place, tmp_path: Path) -> None:
    """A worker that was taken over cannot write elsewhere on the caller's machine."""
    (tmp_path / "shared").mkdir()
    with zipfile.ZipFile(tmp_path / "shared" / "run.1.zip", "w") as archive:
        archive.writestr("../../outside.txt", "x")
    assert place.get_part("run", 1, tmp_path / "deep" / "copy")
    assert [path.name for path in tmp_path.rglob("outside.txt")] == ["outside.txt"]
    assert (tmp_path / "deep" / "copy" / "outside.txt").exists()


def test_a_broken_part_is_an_error(place: Place, tmp_path: Path) -> None:
    """The message has the name of the file."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "run.1.zip").write_bytes(b"no archive")
    with pytest.raises(EvidenceError, match=r"run\.1\.zip"):
        place.get_part("run", 1, tmp_path)


def test_a_closed_folder_replaces_plan_and_parts(place: Place, tmp_path: Path) -> None:
    """An open command has a plan, a closed one has its folder."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "run.json").write_text("{}")
    place.put_plan("command", {"runs": []})
    place.put_part("command.1", 1, source)
    assert (place.open_commands(), place.is_closed("command")) == (["command"], False)
    place.publish("command", source, ["command.1"])
    assert (place.open_commands(), place.is_closed("command")) == ([], True)
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["command"]


def test_a_command_whose_closing_broke_off_is_not_closed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is written last, and so its command is closed by whoever looks next."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.html", "run.json", "z.html"):
        (source / name).write_text("{}")
    written: list[str] = []
    monkeypatch.setattr(place, "_write", lambda name, _: written.append(name))
    place.publish("command", source, [])
    assert written == ["command/a.html", "command/z.html", "command/run.json"]


def test_parts_of_closed_commands_are_deleted_by_their_writer(place: Place, tmp_path: Path) -> None:
    """The process that closed a command may be another user; parts of open commands stay."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "run.json").write_text("{}")
    place.publish("closed", source, [])
    for run in ("closed.1", "open.1"):
        place.put_part(run, 1, source)
    place.delete_own_parts()
    assert (place.has_part("closed.1", 1), place.has_part("open.1", 1)) == (False, True)


@pytest.mark.parametrize("name", ["a place", "place [1]", "été*", "50 %", "a::b"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Brackets had hidden every open command, and the escapes of URLs were parts of names."""
    folder = tmp_path / name
    place = Place(folder.as_uri())
    place.put_plan("command", {"runs": []})
    assert place.open_commands() == ["command"]
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "run.json").write_text("{}")
    place.publish("command", tmp_path / "source", [])
    place.put_part("command.1", 1, tmp_path / "source")
    place.delete_own_parts()
    assert [path.name for path in folder.iterdir()] == ["command"]


def test_a_check_leaves_nothing(place: Place, tmp_path: Path) -> None:
    """The next user could not replace a file of this one."""
    place.check()
    assert list((tmp_path / "shared").iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error() -> None:
    """The error has the URL."""
    url = "file:///proc/none/evidence"
    with pytest.raises(EvidenceError, match=url):
        Place(url).check()


@pytest.mark.parametrize("url", ["nowhere://x", "github://x"])
def test_a_url_that_is_no_place_is_a_wrong_setting(url: str) -> None:
    """The error has the name of the variable, and its value."""
    with pytest.raises(SettingsError, match=f"VALIDATION_EVIDENCE: {url}: not a shared"):
        Place(url)


@pytest.mark.parametrize("url", ["srv/x", "file://srv/x", "file:x", "s3:/bucket/x", "s3://", "~/x"])
def test_a_folder_is_named_by_its_whole_path(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence was written below the folder of each process, and found by no other one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=f"VALIDATION_EVIDENCE: {url}: .* whole path"):
        Place(url)
    assert not list(tmp_path.iterdir())


def test_a_place_whose_package_is_missing_has_its_name() -> None:
    """It was `None is missing`."""
    with pytest.raises(SettingsError, match=r"gcsfs"):
        Place("gs://bucket/x")


BUCKET = "s3://evidence/runs"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Yield the variables of a real S3 server with a bucket; moto has an environment of its own."""
    program = shutil.which(os.environ.get("MOTO_SERVER", "moto_server"))
    if program is None:
        pytest.skip("moto_server is neither on the PATH nor named by MOTO_SERVER")
    address = f"http://127.0.0.1:{find_free_ports(1)[0]}"
    command = [program, "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def create_bucket() -> bool:
        try:
            return bool(urlopen(Request(f"{address}/evidence", method="PUT")).status == 200)
        except OSError:
            return False

    variables = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test-test-test",
    }
    try:
        assert eventually(create_bucket, 60)
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        yield variables
    finally:
        server.terminate()
        server.wait(10)


@pytest.mark.slow
@pytest.mark.stack
def test_evidence_is_carried_by_s3(s3: dict[str, str], validation_broker: str) -> None:
    """A worker and a caller share a bucket alone; the run has none of its variables."""
    with fleet(validation_broker, [], evidence=BUCKET) as made:
        made.write_notebook(
            "01_s3", "import os\nprint([n for n in os.environ if n[:4] in ('AWS_', 'VALI')])"
        )
        made.start_worker(3)
        done = made.call("--json")
        assert done.returncode == 0, done.stderr + made.log(3)
        manifest = json.loads(done.stdout)
        path = made.folder / "evidence" / manifest["id"] / "01_s3.ipynb"
        assert '"[]\\n"' in path.read_text()
    place = Place(BUCKET)
    assert (place.open_commands(), place.is_closed(manifest["id"])) == ([], True)
    assert not place.has_part(f"{manifest['id']}.1", 1)

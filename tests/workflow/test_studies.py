"""Every shipped study, made small, from files in their authors' formats to the report."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image as Picture

from emoalign.tables import ITEMS, RATINGS, STIMULI
from tests.faults.server import FaultServer, Heard
from tests.kit.project import FEW, ROOT, Project, new_project

N = 9
EMOTIONS = ["admiration", "anger", "joy", "neutral", "sadness"]


def reply(heard: Heard, choice: int) -> str:
    """An answer of the kind that the prompt asks for; the same to the same question."""
    draw = random.Random(f"{heard.prompt}:{heard.seed}:{choice}")
    if "JSON array" in heard.prompt:
        return f'["{draw.choice(["joy", "anger", "neutral"])}"]'
    if "JSON object" in heard.prompt:
        names = ("valence", "arousal", "dominance")
        return "{" + ", ".join(f'"{name}": {draw.randint(1, 5)}' for name in names) + "}"
    return str(draw.randint(1, 5))


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(reply=reply).running() as running:
        yield running


def write(path: Path, lines: Sequence[str], end: str = "\n", encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode(encoding))


def pictures(folder: Path, names: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        Picture.new("RGB", (24, 16), (20 * number, 90, 200)).save(folder / f"{name}.jpg")


def anew(resources: Path) -> None:
    head = "Word\tWdnum\tValMn\tValSD\tAroMn\tAroSD\tDomMn\tDomSD"
    rows = [
        f"word{n}\t{n}\t{1 + n % 8}.25\t1.5\t{2 + n % 6}.5\t2.4\t{3 + n % 4}.1\t2.0"
        for n in range(1, 2_477)
    ]
    write(resources / "anew/ANEW2010All.txt", [head, *rows])
    names = ("hap", "ang", "sad", "fear", "dis")
    head = "word\tANEW #\tcategory\t" + "".join(f"mean_{n}\tsd_{n}\tsex_{n}\t" for n in names) + "n"
    rows = [
        f"word{n}\t{n}\t\t" + "".join(f"{1 + (n + k) % 4}.5\t1.1\t\t" for k in range(5)) + "50"
        for n in range(1, 1_035)
    ]
    write(resources / "anew/stevenson2007.txt", [head, *rows], end="\r", encoding="mac_roman")


def oasis(resources: Path) -> None:
    names = [f"Lake {n}" for n in range(1, N + 1)]
    head = ",Theme,Category,Source," + ",".join(
        f"{scale}_{part}" for scale in ("Valence", "Arousal") for part in ("mean", "SD", "N")
    )
    rows = [
        f"I{n},{name},Scene,web,{1 + n % 6}.3,1.2,100,{1 + n % 5}.6,1.4,101"
        for n, name in enumerate(names, 1)
    ]
    write(resources / "oasis/OASIS.csv", [head, *rows])
    pictures(resources / "oasis/images", names)


def naps(resources: Path) -> None:
    names = [f"Animals_{n:03d}_h" for n in range(1, N + 1)]
    groups = ",".join(["M,SD"] * 9)
    rows = [
        f"{name}," + ",".join(f"{1 + (n + k) % 7}.5,1.{k}" for k in range(9))
        for n, name in enumerate(names)
    ]
    write(resources / "naps/naps.csv", ["NAPS,", "women,", f"ID,{groups}", *rows])
    scales = ("Valence", "Arousal", "Happiness", "Anger", "Fear", "Sadness", "Disgust", "Surprise")
    head = "ID," + ",".join(f"{scale}_M,{scale}_SD" for scale in scales)
    rows = [
        f"{name}," + ",".join(f"{1 + (n + k) % 6}.5,1.{k}" for k in range(len(scales)))
        for n, name in enumerate(names)
    ]
    write(resources / "naps/naps-be.csv", [head, *rows])
    pictures(resources / "naps/images", names)


def goemotions(resources: Path) -> None:
    head = "text,id,author,rater_id,example_very_unclear," + ",".join(EMOTIONS)
    agreeing = {0: ["joy"] * 3, 1: ["joy", "joy", "anger"], 2: ["joy", "anger", "neutral"]}
    rows = [
        f"Comment number {n}.,c{n:02d},nobody,{rater},False,"
        + ",".join(str(int(label == chosen)) for label in EMOTIONS)
        for n in range(3 * N)
        for rater, chosen in enumerate(agreeing[n % 3])
    ]
    for part in range(3):
        write(resources / f"goemotions/goemotions_{part + 1}.csv", [head, *rows[part::3]])


def emobank(resources: Path) -> None:
    draw = random.Random(5)
    ids = [f"s{n:03d}" for n in range(150)]
    write(resources / "emobank/raw.csv", ['"id","text"'] + [f'"{i}","Sentence {i}."' for i in ids])
    rows = []
    for number, item in enumerate(ids):
        middle, spread = draw.choice([1.5, 3, 4.5]), number % 3
        for _ in range(5):
            values = [round(min(max(draw.gauss(middle, spread), 1), 5)) for _ in range(3)]
            rows.append(f"{item},{values[0]},{values[1]},{values[2]}")
    write(resources / "emobank/individual_reader_ratings.csv", ["id,V,A,D", *rows])
    lines = [f"{i},train,3.0,3.0,3.0,Sentence {i}." for i in ids]
    write(resources / "emobank/emobank.csv", ["id,split,V,A,D,text", *lines])
    genres = [f"{i}\tblog-{n % 8}\tblog\t " for n, i in enumerate(ids)]
    write(resources / "emobank/meta.tsv", ["id\tdocument\tcategory\tsubcategory", *genres])


def spanish(resources: Path) -> None:
    words = ["amor", "guerra", "niño", "perro", "miedo", "fiesta", "lluvia", "mesa", "«sí»"]
    head = ",Word,ValenceMean,ValenceSD,%ValenceRaters ,ArousalMean,ArousalSD,%ArousalRaters"
    rows = [f"{n},{word},{1 + n % 8}.5,1.2,95,{2 + n % 6}.5,1.9,90" for n, word in enumerate(words)]
    file = resources / "spanish-words/13428_2015_700_MOESM1_ESM.csv"
    write(file, [head, *rows], end="\r\n", encoding="latin-1")


def without_checksums(node: Any) -> Any:
    """Our files are not the authors': a card accepts them when it names no checksum."""
    if isinstance(node, dict):
        return {key: without_checksums(part) for key, part in node.items() if key != "sha256"}
    return [without_checksums(part) for part in node] if isinstance(node, list) else node


def card(project: Project, name: str, **changes: Any) -> None:
    file = f"config/datasets/{name}.yaml"
    project.write(file, without_checksums(project.read(file)) | changes)


def table(project: Project, name: str, file: str) -> None:
    """Another file for a card whose spreadsheet we cannot write."""
    source = project.read(f"config/datasets/{name}.yaml")["source"]
    card(project, name, source=source | {"table": {"file": file}})


def study(project: Project, name: str, change: Callable[[Any], object]) -> None:
    file = f"config/studies/{name}.yaml"
    content = project.read(file)
    content |= {"statistics": FEW, "shard_items": None, "figures": []}
    change(content)
    project.write(file, content)


@pytest.fixture
def project(server: FaultServer, tmp_path: Path) -> Project:
    """The project with two models that are our server; one of them sees images."""
    made = new_project(tmp_path)
    for name, modalities in (("reads", []), ("sees", ["image"])):
        content = {
            "title": f"A model that {name}",
            "engine": "openai",
            "model": "faulty",
            "base_url": server.address,
            "api_key_env": None,
            "capabilities": {
                "choices": 20,
                "seed_bits": 63,
                "modalities": ["word", "sentence", *modalities],
            },
            "limits": {"concurrency": 8},
        }
        made.write(f"config/models/{name}.yaml", content)
    return made


def run(project: Project, name: str) -> Path:
    done = project.snakemake(study=name)
    assert done.returncode == 0, done.stdout + done.stderr
    results = project.folder / "results" / name
    assert (results / "report.html").exists()
    again = project.snakemake("--dry-run", study=name)
    assert "Nothing to be done" in again.stdout + again.stderr
    return results


def rated(results: Path) -> pd.DataFrame:
    return pd.concat(
        [RATINGS.read(path) for path in (results / "ratings").rglob("*.parquet")], ignore_index=True
    )


@pytest.mark.slow
def test_ogg2025_words_by_all_and_images_by_those_that_see(project: Project) -> None:
    resources = project.folder / "resources"
    for make in (anew, oasis, naps):
        make(resources)
    for name in ("anew-stevenson", "oasis"):
        card(project, name)
    table(project, "naps", "resources/naps/naps.csv")
    table(project, "naps-be", "resources/naps/naps-be.csv")

    def smaller(content: Any) -> None:
        content["models"] = ["reads", "sees"]
        for entry in content["datasets"]:
            entry["sample"] = 6
            if "models" in entry:
                entry["models"] = ["sees"]

    study(project, "ogg2025", smaller)
    results = run(project, "ogg2025")
    ratings = rated(results)
    cells = ratings.groupby(["model", "dataset"])["scale"].agg(set).to_dict()
    five = {"happiness", "anger", "sadness", "fear", "disgust"}
    assert cells == {
        ("reads", "anew-stevenson"): five | {"valence", "arousal"},
        ("sees", "anew-stevenson"): five | {"valence", "arousal"},
        ("sees", "oasis"): {"valence", "arousal"},
        ("sees", "naps"): {"valence", "arousal"},
        ("sees", "naps-be"): five,
    }
    assert (ratings["status"] == "ok").all()
    assert len(ratings) == 20 * 6 * (7 + 7 + 2 + 2 + 5)


@pytest.mark.slow
def test_inoshita2026_labels_and_joint_ratings_at_four_temperatures(project: Project) -> None:
    resources = project.folder / "resources"
    goemotions(resources)
    emobank(resources)
    labels = {"kind": "labels", "labels": EMOTIONS}
    source = without_checksums(project.read("config/datasets/goemotions.yaml")["source"])
    source.pop("splits", None)
    card(project, "goemotions", source=source, scales={"emotions": labels})
    card(project, "emobank")

    def smaller(content: Any) -> None:
        assert content.pop("baselines")  # tests/finetune trains some, with the packages they need
        content["models"] = ["reads"]
        comments, sentences = content["datasets"]
        comments["sample"] = sentences["sample"] = 12
        comments["strata"]["sizes"] = {"full": 3, "partial": 6, "none": 3}
        sentences["strata"]["each"] = 1

    study(project, "inoshita2026", smaller)
    results = run(project, "inoshita2026")
    ratings = rated(results)
    answers = ratings.drop_duplicates(["protocol", "request_id", "participant"])
    assert len(answers) == 2 * 4 * 10 * 12, "datasets × temperatures × answers × texts"
    assert (ratings["status"] == "ok").all()
    strata = STIMULI.read(results / "stimuli/goemotions.parquet")["strata"].value_counts()
    assert strata.to_dict() == {"full": 3, "partial": 6, "none": 3}
    assert STIMULI.read(results / "stimuli/emobank.parquet")["strata"].nunique() >= 5
    items = ITEMS.read(results / "items/emobank.parquet")
    assert set(items["scale"]) == {"valence", "arousal", "dominance"}
    stimuli = STIMULI.read(results / "stimuli/emobank.parquet")
    documents = items.merge(stimuli[["item_id", "cluster"]], on="item_id")
    assert documents.groupby("cluster_x")["cluster_y"].nunique().eq(1).all()
    assert items["cluster"].nunique() == stimuli["cluster"].nunique() < 12


@pytest.mark.slow
def test_spanish_words_keep_their_letters(project: Project) -> None:
    spanish(project.folder / "resources")
    study(project, "spanish", lambda content: content.update(models=["reads"]))
    content = {"sample": 8, "dataset": "spanish-words", "scales": ["valence", "arousal"]}
    study(project, "spanish", lambda study: study.update(datasets=[content]))
    results = run(project, "spanish")
    shown = STIMULI.read(results / "stimuli/spanish-words.parquet")["text"]
    assert set(shown) & {"niño", "«sí»"}
    assert "Valórela en una escala" in (results / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["temperature", "framing", "personas", "wording"])
def test_studies_of_protocols_run_on_the_bundled_model(project: Project, name: str) -> None:
    def smaller(content: Any) -> None:
        content["models"] = ["smollm2-135m"]
        content["datasets"][0]["sample"] = 5
        for protocol in content["protocols"]:
            protocol["participants"] = 3

    study(project, name, smaller)
    ratings = rated(run(project, name))
    protocols = project.read(f"config/studies/{name}.yaml")["protocols"]
    assert set(ratings["protocol"]) == {protocol["name"] for protocol in protocols}
    if name == "personas":
        assert ratings.groupby("protocol")["persona"].nunique().to_dict() == {
            "adults": 3,
            "nobody": 0,
        }
    if name == "wording":
        forms = ratings.groupby(["protocol", "readout"])["form"].nunique().to_dict()
        assert set(forms.values()) == {1, 3}
        turned = ratings[ratings["form"] == "rating-sheet-down"].dropna(subset=["rating"])
        assert (turned["rating"] + turned["rating_shown"] == 10).all()


SHIPPED = sorted(path.stem for path in (ROOT / "config/studies").glob("*.yaml"))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as it is. Tests do not change it."""
    return new_project(tmp_path_factory.mktemp("untouched"))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_study_can_be_planned_as_it_is(untouched: Project, name: str) -> None:
    done = untouched.snakemake("--dry-run", study=name)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    unconsented = ("oasis-session", "ogg2025", "spanish")
    assert ("Its ratings will not be asked for" in told) == (name in unconsented)
    if name in ("oasis-session", "ogg2025"):
        assert "allow_remote: [oasis]" in told

"""Some of what is made by seed, each time the suite runs; `python -m tests.fuzz` makes as much as there is time for."""

import json

import pytest
from click.testing import CliRunner

from tests.fuzz import __main__ as command
from tests.fuzz import bodies, corpus, counting, files, headers, run
from tests.fuzz.goods import GOODS


@pytest.mark.parametrize("start", [0, 10_000_000])
def test_good_records_of_a_bent_answer_count_as_they_do_alone_and_again_they_are_nothing(start):
    assert run.first_finding("bodies", range(start, start + 500)) is None


def test_any_accept_header_is_answered_as_the_rule_says():
    assert run.first_finding("headers", range(3000)) is None


def test_any_configuration_file_is_settings_or_faults_with_their_places_and_no_secret():
    assert run.first_finding("files", range(600)) is None


def test_what_is_made_is_not_all_of_one_kind():
    made = [run.body(run.Random(seed)) for seed in range(300)]
    assert sum(body.good is None for body in made) > 20
    assert sum(bool(body.good) for body in made) > 100
    answers = {headers.judge(headers.made(run.Random(seed))) for seed in range(600)}
    assert len(answers) >= 5
    results = [files.judge(files.made(run.Random(seed))) for seed in range(300)]
    assert 20 < results.count("settings") < 250


def test_the_good_records_are_what_they_are_said_to_be():
    for name, good in GOODS.items():
        assert name == good.noun.id == good.value["execution_id"]
        assert counting.read(f"[{good.text}]".encode()).records == (good.noun,)


@pytest.mark.parametrize(
    ("raw", "good"),
    [
        ("[]", ()),
        ("{}", None),
        ("[5]x", None),
        (f"[[{GOODS['bare'].text}],5]", ("bare",)),
        (f"[{GOODS['bare'].text.replace('canceled', 'cancel')}]", ()),
        (f'{{"error":"x","data":[{GOODS["bare"].text}]}}', None),
        (f'[{GOODS["bare"].text},{{"execution_id":"bare"}}]', ()),
    ],
)
def test_what_is_left_of_bent_bytes_is_read_off_without_the_decoder(raw, good):
    assert bodies.still_good(raw.encode()) == good


def test_the_long_run_says_what_it_tried_and_keeps_what_is_new(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "FILE", tmp_path / "bodies.jsonl")
    monkeypatch.setattr(corpus.load, "__defaults__", (corpus.FILE,))
    monkeypatch.setattr(corpus.save, "__defaults__", (corpus.FILE,))
    done = CliRunner().invoke(command.main, ["--count", "12"])
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.output.splitlines()] == list(run.TARGETS)
    kept = [json.loads(line) for line in corpus.FILE.read_text("ascii").splitlines()]
    assert f"{len(kept)} of them new, {len(kept)} kept" in done.output


def test_the_long_run_ends_with_what_it_finds(monkeypatch):
    monkeypatch.setattr(headers, "accepts_gzip", lambda _: "perhaps")
    done = CliRunner().invoke(command.main, ["--target", "headers", "--count", "1"])
    assert done.exit_code == 1
    assert "headers: seed 10000000: it is none of the formats" in done.output

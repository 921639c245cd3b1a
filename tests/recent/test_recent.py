from collector.model import Committed, Key, Listed, Polled, Reloaded, Renewed
from collector.recent import FAILED_LOOKS, LOOKS, Recent

KEY = Key("prod", "wf-1")


def polled(at: int, *, key: Key = KEY, says: str | None = None) -> Polled:
    outcome = "unchanged" if says is None else "failed"
    return Polled(key=key, name="wf", outcome=outcome, at=at, seconds=0.1, says=says)


def listed(*, ok: bool, at: int = 1, says: str | None = None, went: tuple[str, ...] = ()) -> Listed:
    return Listed(project="prod", at=at, ok=ok, says=says, went=went)


def recent(*facts: object) -> Recent:
    it = Recent()
    for fact in facts:
        it(fact)
    return it


def test_of_a_workflow_nobody_looked_at_there_is_nothing():
    assert recent().looks(KEY) == ()


def test_the_last_looks_are_remembered_latest_first():
    it = recent(*[polled(at) for at in range(9)])
    assert [look.at for look in it.looks(KEY)] == [8, 7, 6, 5, 4]


def test_failed_looks_outlive_good_ones():
    it = recent(*[polled(at, says=f"no {at}") for at in range(9)], *[polled(at) for at in range(10, 30)])
    assert [look.at for look in it.looks(KEY)] == [29, 28, 27, 26, 25, 8, 7, 6]
    assert [look.says for look in it.looks(KEY) if look.failed] == ["no 8", "no 7", "no 6"]


def test_looks_that_all_fail_take_no_more_room_than_any():
    it = recent(*[polled(at, says="no") for at in range(99)])
    assert [look.at for look in it.looks(KEY)] == [98, 97, 96, 95, 94]
    for at in range(99, 199):
        it(polled(at, says=None if at % 7 else "no"))
        assert len(it.looks(KEY)) <= LOOKS + FAILED_LOOKS


def test_what_cannot_be_saved_lasts_from_the_first_time_until_it_can():
    it = recent(Committed(outcome="failed", at=1000, rows=1, seconds=0.1, says="disk full"))
    it(Committed(outcome="failed", at=2000, rows=1, seconds=0.1, says="disk still full"))
    assert [(of, what.since, what.says) for of, what in it.lasting.items()] == [(("state",), 1000, "disk still full")]
    it(Committed(outcome="conflict", at=0, rows=1, seconds=0.1, says="someone else"))
    assert it.lasting, "a conflict says nothing about the disk"
    it(Committed(outcome="ok", at=0, rows=1, seconds=0.1))
    assert not it.lasting


def test_a_refused_configuration_lasts_until_a_good_one_is_read():
    it = recent(Reloaded(at=1, ok=False, says="line 3"))
    assert it.lasting["config",].says == "line 3"
    for ok in (False, True):
        it(Reloaded(at=2, ok=ok, says="users: bad", what="web_config"))
    assert it.lasting["config",].says == "line 3", "the web configuration is another one"
    it(Reloaded(at=2, ok=True, what="web_config"))
    assert it.lasting, "the other file says nothing about this one"
    it(Reloaded(at=2, ok=True, says="nothing changed"))
    assert not it.lasting


def test_a_list_that_fails_lasts_for_its_project_and_keeps_when_it_was_last_read():
    it = recent(listed(ok=True, at=7), listed(ok=False, at=9, says="refused"))
    assert it.lasting["list", "prod"].says == "refused"
    assert it.listed == {"prod": 7}


def test_a_workflow_that_went_is_forgotten_and_so_is_all_that_is_watched_no_more():
    it = recent(polled(1), polled(1, key=Key("prod", "wf-2")), listed(ok=True, went=("wf-2",)))
    assert it.looks(Key("prod", "wf-2")) == ()
    it(polled(2, key=Key("test", "wf-3")))
    it(Renewed(project="prod", expires_at=5))
    it(listed(ok=False, says="refused"))
    it(Reloaded(at=1, ok=False, says="line 3"))
    it.only({Key("test", "wf-3")}, {"test"})
    assert (it.looks(KEY), it.listed, it.expires) == ((), {}, {})
    assert it.looks(Key("test", "wf-3"))
    assert list(it.lasting) == [("config",)]

"""The shapes in which lent keys come, and when they are renewed."""

import pytest
from huaweicloudsdkcore.auth.internal import MetadataAccessor

from collector.aom.lent import Lent, read
from collector.aom.signing import Keys
from collector.errors import Unreadable

NOW = 1_767_225_600_000
EXPIRY = "2026-01-01T01:00:00.000000Z"
CAMEL = {"accessKeyId": "A", "secretAccessKey": "S", "securityToken": "T", "expiration": EXPIRY}
SNAKE = {"access_key_id": "A", "secret_access_key": "S", "security_token": "T", "expires_at": EXPIRY}
PLAIN = {"access": "A", "secret": "S", "securitytoken": "T", "expires_at": EXPIRY}


@pytest.mark.parametrize("shape", [PLAIN, CAMEL, SNAKE])
@pytest.mark.parametrize("wrapped", ["credential", "credentials", None])
def test_keys_are_read_from_every_shape_as_the_vendor_reads_them(shape: dict, wrapped: str | None):
    answer = {wrapped: shape} if wrapped else shape
    theirs = MetadataAccessor._process_credential(answer)  # noqa: SLF001  its only reader
    assert read(answer, now=NOW) == Lent(
        keys=Keys(theirs.access, theirs.secret, theirs.security_token),
        expires_at=round(theirs.expire_at * 1000),
        life=3600.0,
    )


def test_a_key_may_come_without_token_and_without_an_end():
    assert read({"access": "A", "secret": "S"}, now=NOW) == Lent(keys=Keys("A", "S"), expires_at=None, life=None)
    assert read(PLAIN | {"expires_at": "soon"}, now=NOW).life is None


@pytest.mark.parametrize("broken", [{"secret": ""}, {"access": 7}, {"access": "A\r\n"}, {"secret": None}])
def test_half_a_key_or_one_that_cannot_be_sent_is_none(broken: dict):
    with pytest.raises(Unreadable, match="lacks an access key"):
        read(PLAIN | broken, now=NOW)


def test_keys_that_have_expired_are_none():
    with pytest.raises(Unreadable, match="expired already"):
        read(PLAIN, now=NOW + 3_600_000)


@pytest.mark.parametrize(
    ("life", "soonest", "latest"),
    [(86_400.0, 85_800.0, 85_920.0), (3600.0, 3000.0, 3120.0), (1000.0, 800.0, 840.0), (None, 600.0, 480.0)],
)
def test_keys_are_renewed_ten_minutes_or_a_fifth_of_their_life_ahead_by_chance(
    life: float | None, soonest: float, latest: float
):
    lent = Lent(keys=Keys("A", "S"), expires_at=None, life=life)
    assert lent.renewed_after(0.0) == pytest.approx(soonest)
    assert lent.renewed_after(1.0) == pytest.approx(latest)


def test_no_key_is_in_the_repr():
    assert "canary" not in repr(read(PLAIN | {"secret": "canary", "access": "canary"}, now=NOW))

"""Tests of the service's side do not wait between attempts; where waiting is the matter, they say so."""

import pytest
from tenacity import wait_none

from collector.aom import client


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_backoff", wait_none())

"""The vendor's SDK as the one who asks: its signer, and its client for AOM."""

from datetime import UTC, datetime

from huaweicloudsdkaom.v1 import AomClient
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from tests.simulator.asking import ACCESS_KEY, KEYS, PROJECT, START

# Its signer asks for the time in a way that Python 3.12 deprecated.
OLD_CLOCK = "ignore:datetime.datetime.utcnow:DeprecationWarning"


def stamp(ms):
    """A moment as X-Sdk-Date says it."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y%m%dT%H%M%SZ}"


def signed(method, host, path, *, query=(), body=b"", at=START + 60_000, access_key=ACCESS_KEY, secret="", headers=()):
    """What the vendor would send: the path with its query, and the headers."""
    own = {"Host": host, "Content-Type": "application/json", "X-Sdk-Date": stamp(at), "X-Project-Id": PROJECT}
    own |= dict(headers)
    request = SdkRequest(
        method=method,
        schema="http",
        host=host,
        resource_path=path,
        query_params=list(query),
        header_params={name: value for name, value in own.items() if value is not None},
        body=body,
    )
    key = KEYS.get(access_key)
    done = Signer(BasicCredentials(access_key, secret or key.secret)).sign(request)
    return done.uri, done.header_params


def client(url, *, access_key=ACCESS_KEY, secret="synthetic-secret", security_token=None, project_id=PROJECT):
    """The vendor's client on that address; without a project's id it asks IAM for it, at the same address."""
    credentials = BasicCredentials(access_key, secret, project_id).with_iam_endpoint(url)
    if security_token:
        credentials = credentials.with_security_token(security_token)
    builder = AomClient.new_builder().with_http_config(HttpConfig()).with_credentials(credentials)
    return builder.with_region(Region("cn-north-4", url)).build()

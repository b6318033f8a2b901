"""TLS, SASL and tokens: what the settings become in the clients' own terms."""

from __future__ import annotations

import pickle
import ssl
import subprocess
from pathlib import Path

import faust
import pytest
from pymongo.uri_parser import parse_uri
from redis.asyncio import ConnectionPool

from recsys_app.application import _credentials
from recsys_app.errors import ConfigurationError
from recsys_app.kafka_security import KafkaSecurity
from recsys_app.settings import Settings, load_settings
from recsys_app.stores.hdfs import HdfsFileStore


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate and its key, PEM."""
    folder = tmp_path_factory.mktemp("certificates")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate.read_text(), key.read_text()


def test_without_settings_nothing_is_asked_of_kafka() -> None:
    assert Settings().kafka_security.options() == {}
    assert _credentials(Settings().kafka_security) is None


def test_kafka_by_tls_with_certificates_from_variables(
    pair: tuple[str, str], tmp_path: Path
) -> None:
    settings = load_settings(
        home=tmp_path,
        kafka_url="kafka+ssl://one:9096,kafka+ssl://two:9096",
        kafka_ca=pair[0],
        kafka_certificate=pair[0],
        kafka_certificate_key=pair[1],
    )
    security = pickle.loads(pickle.dumps(settings.kafka_security))  # as Spark's executors get it
    options = security.options()
    assert settings.kafka == ("one:9096", "two:9096")
    assert options["security_protocol"] == "SSL"
    assert options["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert len(options["ssl_context"].get_ca_certs()) == 1
    (file,) = settings.certificates.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert isinstance(_credentials(security), faust.SSLCredentials)


def test_kafka_by_sasl_over_tls() -> None:
    settings = load_settings(
        kafka_tls=True,
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username="recsys",
        kafka_password="a-password",
    )
    options = settings.kafka_security.options()
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["sasl_plain_password"] == "a-password"
    assert isinstance(_credentials(settings.kafka_security), faust.SASLCredentials)
    assert "a-password" not in repr(settings) + repr(settings.kafka_security)


@pytest.mark.parametrize(
    "settings",
    [
        {"kafka_sasl_mechanism": "PLAIN", "kafka_username": "recsys"},
        {"kafka_certificate": "-----BEGIN CERTIFICATE-----"},
        {"kafka_ca": "/no/such/file.pem"},
        {"redis_ca": "-----BEGIN CERTIFICATE-----", "redis_url": "redis://plain"},
        {"kafka_sasl_mechanism": "GUESS"},
    ],
)
def test_what_cannot_work_is_told_at_the_start(settings: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load_settings(home=tmp_path, **settings)


def test_redis_by_tls(pair: tuple[str, str], tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path,
        redis_url="rediss://user:word@cache:6380/0?socket_keepalive=true",
        redis_ca=pair[0],
        redis_certificate="".join(pair),
    )
    found = ConnectionPool.from_url(settings.redis).connection_kwargs
    assert found["host"] == "cache"
    assert Path(found["ssl_ca_certs"]).read_text() == pair[0]
    assert Path(found["ssl_certfile"]).read_text() == "".join(pair)


def test_a_redis_with_an_unknown_authority_is_believed_when_told_so() -> None:
    url = "rediss://:word@cache:6380"
    believed = load_settings(redis_url=url, redis_check_certificate=False)
    found = ConnectionPool.from_url(believed.redis).connection_kwargs
    assert (found["ssl_cert_reqs"], found["ssl_check_hostname"]) == ("none", False)
    assert load_settings(redis_url=url).redis == url


@pytest.mark.parametrize("uri", ["mongodb://one,two", "mongodb://one,two/movies?replicaSet=rs0"])
def test_mongodb_by_tls(pair: tuple[str, str], tmp_path: Path, uri: str) -> None:
    settings = load_settings(home=tmp_path, mongodb_uri=uri, mongodb_ca=pair[0])
    found = parse_uri(settings.mongodb)
    assert [host for host, _ in found["nodelist"]] == ["one", "two"]
    assert found["options"]["tls"] is True
    assert Path(found["options"]["tlsCAFile"]).read_text() == pair[0]


def test_hdfs_by_token_and_authority() -> None:
    store = HdfsFileStore(
        "https://namenode:9871", user="recsys", timeout_seconds=1, rpc_url=None, token="a-token",
        ca="/etc/hdfs.pem",
    )  # fmt: skip
    session = store._session
    assert session.params == {"delegation": "a-token"}
    assert session.verify == "/etc/hdfs.pem"


def test_kerberos_without_its_package_says_what_to_install() -> None:
    try:
        import requests_kerberos  # noqa: F401
    except ImportError:
        with pytest.raises(ConfigurationError, match=r"recsys\[kerberos\]"):
            HdfsFileStore("http://n", user="u", timeout_seconds=1, rpc_url=None, kerberos=True)


def test_plain_sasl_needs_no_certificate() -> None:
    security = KafkaSecurity(mechanism="PLAIN", username="u", password="p")
    assert security.options()["security_protocol"] == "SASL_PLAINTEXT"
    assert security.options()["ssl_context"] is None

"""How the servers are spoken to: TLS, SASL, tokens and Kerberos."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings

from recsys_app.certificates import pem_file, pem_text
from recsys_app.errors import ConfigurationError
from recsys_app.kafka_security import KafkaSecurity


def _also(name: str, other: str) -> AliasChoices:
    return AliasChoices(f"RECSYS_{name}", other)


class ConnectionSettings(BaseSettings):
    """Certificates may be files, or PEM text in the variable itself, as platforms give them."""

    kafka_tls: bool = False
    kafka_ca: str | None = Field(None, validation_alias=_also("KAFKA_CA", "KAFKA_TRUSTED_CERT"))
    kafka_certificate: SecretStr | None = Field(
        None, validation_alias=_also("KAFKA_CERTIFICATE", "KAFKA_CLIENT_CERT")
    )
    kafka_certificate_key: SecretStr | None = Field(
        None, validation_alias=_also("KAFKA_CERTIFICATE_KEY", "KAFKA_CLIENT_CERT_KEY")
    )
    kafka_check_hostname: bool = True
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    hdfs_ca: str | None = None
    hdfs_token: SecretStr | None = None
    hdfs_kerberos: bool = False
    redis_ca: str | None = None
    redis_certificate: SecretStr | None = None
    redis_check_certificate: bool = True
    mongodb_ca: str | None = None
    mongodb_certificate: SecretStr | None = None

    def kafka_security_of(self, urls: str, folder: Path) -> KafkaSecurity:
        """What to show Kafka; an address such as `kafka+ssl://…` asks for TLS, too.

        Raises:
            ConfigurationError: SASL without a name or a password, or a certificate without a key.
        """
        if self.kafka_sasl_mechanism and not (self.kafka_username and self.kafka_password):
            raise ConfigurationError(
                "RECSYS_KAFKA_SASL_MECHANISM needs RECSYS_KAFKA_USERNAME and RECSYS_KAFKA_PASSWORD."
            )
        if bool(self.kafka_certificate) != bool(self.kafka_certificate_key):
            raise ConfigurationError(
                "RECSYS_KAFKA_CERTIFICATE and RECSYS_KAFKA_CERTIFICATE_KEY come together."
            )
        own = None
        if self.kafka_certificate and self.kafka_certificate_key:
            pair = (self.kafka_certificate, self.kafka_certificate_key)
            own = pem_file("\n".join(pem_text(each.get_secret_value()) for each in pair), folder)
        return KafkaSecurity(
            tls=self.kafka_tls or "ssl://" in urls,
            ca=pem_text(self.kafka_ca) if self.kafka_ca else None,
            certificate=own,
            mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=_plain(self.kafka_password),
            check_hostname=self.kafka_check_hostname,
        )

    def redis_url_with_tls(self, url: str, folder: Path) -> str:
        """The address with the certificates in its query, where redis-py looks for them."""
        options = {}
        if self.redis_ca:
            options["ssl_ca_certs"] = pem_file(self.redis_ca, folder)
        if self.redis_certificate:
            own = pem_file(self.redis_certificate.get_secret_value(), folder)
            options |= {"ssl_certfile": own, "ssl_keyfile": own}
        if not self.redis_check_certificate and url.startswith("rediss://"):
            options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": "false"}
        if options and not url.startswith("rediss://"):
            raise ConfigurationError("A certificate for Redis needs an address with rediss://.")
        return _with_query(url, options)

    def mongodb_uri_with_tls(self, uri: str, folder: Path) -> str:
        """The address with the certificates in its query, where MongoDB's clients look for them."""
        options = {}
        if self.mongodb_ca:
            options["tlsCAFile"] = pem_file(self.mongodb_ca, folder)
        if self.mongodb_certificate:
            own = pem_file(self.mongodb_certificate.get_secret_value(), folder)
            options["tlsCertificateKeyFile"] = own
        if options:
            options["tls"] = "true"
            scheme, _, rest = uri.partition("://")
            uri = uri if "/" in rest else f"{scheme}://{rest}/"  # a query comes after a path
        return _with_query(uri, options)


def _with_query(url: str, options: dict[str, str]) -> str:
    if not options:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(options)}"


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None

"""How to prove to Kafka who we are, and to see that it is Kafka: TLS and SASL."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class KafkaSecurity:
    """Settings of a connection to Kafka; plain data, so that they reach Spark's executors too."""

    tls: bool = False
    ca: str | None = None
    """The certificate of the authority, PEM; None for those that the system trusts."""
    certificate: str | None = field(default=None, repr=False)
    """A file with our own certificate and its key, PEM."""
    mechanism: str | None = None
    """Of SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; None for no SASL."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    check_hostname: bool = True

    @property
    def protocol(self) -> str:
        return ("SASL_" if self.mechanism else "") + ("SSL" if self.tls else "PLAINTEXT")

    def context(self) -> ssl.SSLContext | None:
        """What TLS trusts and shows; None without TLS."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cadata=self.ca)
        context.check_hostname = self.check_hostname
        if self.certificate:
            context.load_cert_chain(self.certificate)
        return context

    def options(self) -> dict[str, Any]:
        """The keyword arguments of aiokafka's clients."""
        if self.protocol == "PLAINTEXT":
            return {}
        options: dict[str, Any] = {
            "security_protocol": self.protocol,
            "ssl_context": self.context(),
        }
        if self.mechanism:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options


PLAINTEXT = KafkaSecurity()

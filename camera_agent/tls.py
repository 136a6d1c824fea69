"""The certificate that this agent is known by, made once, and how it talks TLS with it."""

from dataclasses import dataclass
from datetime import UTC, datetime
import hashlib
from pathlib import Path
import re
import ssl
from typing import Final

from .config import AgentConfig
from .durable import write_whole

OWN: Final = Path("tls") / "agent.pem"  # its key too: they are whole together, or not there

# It is trusted for its fingerprint, which is compared at every connection, and never for a date:
# one that ran out would only lock its owner out. A Pi without a battery also dreams of old times.
SINCE: Final = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # never, says RFC 5280

_CERTIFICATE: Final = re.compile(
    "-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----"
)
_MISSING: Final = (
    "TLS needs a library to make a certificate: apt install python3-cryptography (or pip install"
    " cryptography); or give it one of your own, as [tls] certificate in agent.toml"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the agent shows to who connects; the fingerprint is its SHA-256 as hex."""

    path: Path
    key: Path | None = None
    fingerprint: str

    @classmethod
    def of(cls, config: AgentConfig) -> "Certificate | None":
        """Return an agent's, and make it when there is none yet; none without TLS.

        Blocks. Raises OSError, whose text says what to do.
        """
        if not config.tls.enabled:
            return None
        path = config.tls.certificate or config.data / OWN
        if not config.tls.certificate and not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, _made(config.id))
        try:
            der = ssl.PEM_cert_to_DER_cert(first_certificate(path.read_text(encoding="utf-8")))
            fingerprint = hashlib.sha256(der).hexdigest()
            certificate = cls(path=path, key=config.tls.key, fingerprint=fingerprint)
            certificate.context()
        except (OSError, ValueError) as error:
            hint = "correct [tls]" if config.tls.certificate else "delete it, and pair again"
            raise OSError(f"The certificate {path} cannot be used ({error}): {hint}") from error
        return certificate

    def context(self) -> ssl.SSLContext:
        """Return what a server talks TLS with; blocks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.path, self.key)
        return context


def trust(context: ssl.SSLContext, certificate: str) -> None:
    """Ask who connects for a certificate, and take this one (PEM), too.

    Those that were taken before still are: whose it is, is for the gate to say.
    """
    context.load_verify_locations(cadata=certificate)
    context.verify_mode = ssl.CERT_OPTIONAL


def first_certificate(text: str) -> str:
    """Return the first certificate of a text as PEM, always written alike; raises ValueError."""
    found = _CERTIFICATE.search(text)
    if found is None:
        raise ValueError("there is no certificate in it")
    pem = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(found[0]))
    try:
        trust(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), pem)
    except ssl.SSLError as error:
        raise ValueError(f"its certificate is none: {error.reason}") from error
    return pem


def _made(agent: str) -> bytes:
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise OSError(_MISSING) from error
    host = f"gatehouse-{agent}"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(SINCE)
        .not_valid_after(UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{host}.local")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return secret + certificate.public_bytes(encoding)

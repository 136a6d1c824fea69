"""The site as its agents know it: a certificate of its own, and the way to each of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import Store

from .agent import Agent, Identity, Pin
from .const import CONF_FINGERPRINT, DOMAIN

VERSION: Final = 1

# A Pi has no clock before it is online: for it, it is long ago. The end is RFC 5280's word for none
# (4.1.2.5): agents know this one certificate, and a newer one would be a stranger's.
SINCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
UNTIL: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


async def async_identity(hass: HomeAssistant) -> Identity:
    """Return what the site shows to agents; made when it is needed first."""
    if stored := await _store(hass).async_load():
        return Identity(**stored)
    identity = await hass.async_add_executor_job(_make_identity)
    fields = {"certificate": identity.certificate, "key": identity.key}
    await _store(hass).async_save(fields)
    return identity


async def async_forget_identity(hass: HomeAssistant) -> None:
    """Forget it; agents that ask for it have to be paired again."""
    await _store(hass).async_remove()


def agent_of(hass: HomeAssistant, fields: Mapping[str, Any]) -> Agent:
    """Return an agent by what is stored of it; raises ValueError where that is no address."""
    session, pin = async_get_clientsession(hass), pin_of(hass, fields)
    return Agent(session, fields[CONF_HOST], fields[CONF_PORT], fields[CONF_TOKEN], pin)


def pin_of(hass: HomeAssistant, fields: Mapping[str, Any]) -> Pin | None:
    """Return by what an agent is known over TLS; None for one that speaks plain HTTP."""
    fingerprint = fields.get(CONF_FINGERPRINT)
    return Pin(fingerprint, partial(async_identity, hass)) if fingerprint else None


def _store(hass: HomeAssistant) -> Store[dict[str, str]]:
    return Store[dict[str, str]](hass, VERSION, f"{DOMAIN}.identity", private=True)


def _make_identity() -> Identity:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gatehouse")])
    certificate = (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number(), SINCE, UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        # An agent may still know an older one of the same name: it tells them apart by these.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )

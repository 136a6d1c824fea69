"""Each rule of Home Assistant's quality scale is kept, or says why it cannot be."""

import re
from typing import Final

import yaml

from tests.documents import INTEGRATION, ROOT

# Home Assistant's developers.home-assistant.io/docs/core/integration-quality-scale/rules
RULES: Final = frozenset(
    """
    action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
    dependency-transparency docs-actions docs-conditions docs-high-level-description
    docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup
    entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
    unique-config-entry

    action-exceptions config-entry-unloading docs-configuration-parameters
    docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
    parallel-updates reauthentication-flow test-coverage

    devices diagnostics discovery discovery-update-info docs-data-update docs-examples
    docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting
    docs-use-cases dynamic-devices entity-category entity-device-class entity-disabled-by-default
    entity-translations exception-translations icon-translations reconfiguration-flow repair-issues
    stale-devices

    async-dependency inject-websession strict-typing
    """.split()
)


def test_each_rule_of_quality_is_kept_or_says_why_not() -> None:
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text())["rules"]
    excused = {rule: said for rule, said in rules.items() if said != "done"}

    assert rules.keys() == RULES
    assert excused.keys() == {"async-dependency"}
    assert all(said["status"] == "exempt" and said["comment"] for said in excused.values())


def test_each_rule_of_quality_that_is_kept_says_where() -> None:
    text = (INTEGRATION / "quality_scale.yaml").read_text()
    kept = re.findall(r"^  ([a-z-]+): done(.*)$", text, re.MULTILINE)
    named = {rule: re.findall(r"[\w./-]+\.\w+|scripts/\w+", said) for rule, said in kept}

    assert {rule for rule, files in named.items() if not files} == set()
    assert {
        (rule, file)
        for rule, files in named.items()
        for file in files
        if not ((INTEGRATION / file).exists() or (ROOT / file).exists())
    } == set()

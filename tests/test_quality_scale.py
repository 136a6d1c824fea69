"""Each rule of Home Assistant's quality scale is kept, or says why it cannot be."""

import ast
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

# What Home Assistant calls with the entry, in the modules that it loads itself.
GIVEN_THE_ENTRY: Final = re.compile(
    r"async_(?:setup|unload|migrate|remove)_entry|async_remove_config_entry_device"
    r"|async_get_(?:config_entry|device)_diagnostics"
    r"|async_get_(?:options_flow|supported_subentry_types)"
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


def test_whatever_is_given_the_entry_knows_what_the_entry_holds() -> None:
    types = {
        (path.name, node.name): {
            ast.unparse(given.annotation)
            for given in node.args.args
            if given.annotation and given.arg.endswith("entry")
        }
        for path in INTEGRATION.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and GIVEN_THE_ENTRY.fullmatch(node.name)
    }

    assert ("config_flow.py", "async_get_options_flow") in types
    assert {who for who, kinds in types.items() if kinds != {"GatehouseConfigEntry"}} == set()


def test_every_platform_says_how_many_entities_may_be_asked_at_once() -> None:
    texts = {path.stem: path.read_text() for path in INTEGRATION.glob("*.py")}
    set_up = {name for name, text in texts.items() if "def async_setup_entry(" in text}
    silent = {name for name in set_up if "\nPARALLEL_UPDATES = " not in texts[name]}

    assert silent == {"__init__"}

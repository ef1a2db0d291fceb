"""Files into configuration: all mistakes at once, each with file, line, document and path."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.domain.configuration.documents import MASK, ProfileConfig, TenantConfiguration
from syncline.resources.checks import check
from syncline.resources.loader import DocumentSet, InvalidFilesError, load

ENV = {"ERP_PASSWORD": "s3cret"}


def written(folder: Path, text: str, name: str = "a.yaml") -> DocumentSet:
    (folder / name).write_text(text)
    return load([str(folder / name)], ENV)


def said(loaded: DocumentSet, stored: TenantConfiguration | None = None) -> list[str]:
    return [
        f"{m.line} {m.path}: {m.message}" for m in check(loaded, stored or TenantConfiguration())
    ]


def test_good_files_have_no_mistakes(good: Path) -> None:
    loaded = load([str(good.parent)], ENV)
    assert said(loaded) == []
    assert loaded.profiles["erp"].secrets == {"password": "s3cret"}
    assert loaded.mappings["erp-items"].entity_type == "item"
    assert loaded.instances["erp-warehouse"].mappings == ("erp-items",)


@pytest.mark.parametrize(
    ("order", "mistake"),
    [
        ("[item]", "$.order: must name two entity types or more"),
        ("[item, Item]", "$.order: names an entity type twice"),
        ("item", "$.order: "),
    ],
)
def test_a_wrong_order_is_named(tmp_path: Path, order: str, mistake: str) -> None:
    instance = "kind: Instance\nname: i\nsource: a\ntarget: b\n"
    loaded = written(tmp_path, f"{instance}order: {order}\n")
    assert any(mistake in one for one in said(loaded)), said(loaded)


def test_an_order_names_entity_types_of_the_instance(good: Path) -> None:
    instance = good.parent / "ordered.yaml"
    instance.write_text(
        "kind: Instance\nname: ordered\nsource: erp\ntarget: warehouse\nmappings: [erp-items]\n"
        "order: [Item, itemstock]\n"
    )
    found = said(load([str(good.parent)], ENV))
    assert any("$.order[1]: 'itemstock' is none of its entity types: item" in m for m in found)


def test_an_empty_failure_budget_is_none(tmp_path: Path) -> None:
    instance = "kind: Instance\nname: i\nsource: a\ntarget: b\n"
    loaded = written(tmp_path, f"{instance}failureBudget: {{count: null, percent: null}}\n")
    assert loaded.instances["i"].failure_budget is None


@pytest.mark.parametrize(
    ("budget", "mistake"),
    [
        ("{count: -1}", "$.failureBudget.count: must be at least 0, not -1"),
        ("{percent: 0}", "$.failureBudget.percent: must be more than 0, not 0"),
        ("{percent: 101}", "$.failureBudget.percent: must be at most 100, not 101"),
        ("{share: 5}", "$.failureBudget.share: unknown field"),
    ],
)
def test_a_wrong_failure_budget_is_named(tmp_path: Path, budget: str, mistake: str) -> None:
    instance = "kind: Instance\nname: i\nsource: a\ntarget: b\n"
    loaded = written(tmp_path, f"{instance}failureBudget: {budget}\n")
    assert any(mistake in one for one in said(loaded))


def test_json_file_may_hold_a_list(tmp_path: Path) -> None:
    text = '[{"kind": "Profile", "name": "a", "connector": "postgresql", "config": {}}]'
    assert list(written(tmp_path, text, "a.json").profiles) == ["a"]


def test_every_mistake_of_every_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text("kind: Profil\nname: a\n---\nkind: Instance\nname: i\n")
    (tmp_path / "2.json").write_text('{"kind": "Profile", "kind": "Mapping"}')
    loaded = load([str(tmp_path)], ENV)
    assert [str(m).removeprefix(f"{tmp_path}/") for m in check(loaded, TenantConfiguration())] == [
        "1.yaml:1: Profil a: $.kind: must be one of Profile, Mapping, Instance, Schedule, Hook, "
        "Subscription, not 'Profil'; did you mean `Profile`?",
        "1.yaml:4: Instance i: $.source: is required",
        "1.yaml:4: Instance i: $.target: is required",
        "2.json: the file: $: no JSON: the key `kind` stands twice",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("maxConcurrent: 0", "5 $.maxConcurrent: must be at least 1, not 0"),
        ("maxConcurent: 5", "5 $.maxConcurent: unknown field; did you mean `maxConcurrent`?"),
        ("active: 'no'", "5 $.active: must be true or false, not 'no'"),
        (
            "secrets: {password: hunter2}",
            "5 $.secrets.password: must be a reference: {fromEnv: NAME}, {fromFile: path}, "
            "or `***` to keep the stored one",
        ),
        (
            "secrets: {password: {fromEnv: NOPE}}",
            "5 $.secrets.password: the environment variable NOPE is not set",
        ),
        (
            "secrets: {password: '***'}",
            "5 $.secrets.password: there is no stored secret that `***` could keep",
        ),
    ],
)
def test_profile_mistakes_are_named(tmp_path: Path, line: str, expected: str) -> None:
    head = "kind: Profile\nname: erp\nconnector: postgresql\n"
    config = "config: {host: h, database: d, user: u}\n"
    assert said(written(tmp_path, head + config + line)) == [expected]


def test_a_required_secret_whose_variable_is_not_set_is_one_mistake(tmp_path: Path) -> None:
    text = "kind: Profile\nname: s\nconnector: shopify\nconfig: {shop: my-shop}\n"
    secrets = "secrets: {accessToken: {fromEnv: NOPE}}\n"
    assert said(written(tmp_path, text + secrets)) == [
        "5 $.secrets.accessToken: the environment variable NOPE is not set"
    ]


def test_refused_secret_is_not_repeated(tmp_path: Path) -> None:
    text = "kind: Profile\nname: a\nconnector: postgresql\nsecrets: {password: hunter2}\n"
    assert "hunter2" not in "".join(said(written(tmp_path, text)))


def test_secret_comes_from_a_file_beside_the_document(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0p\n")
    text = "kind: Profile\nname: a\nconnector: http\nsecrets: {token: {fromFile: token}}\n"
    assert written(tmp_path, text).profiles["a"].secrets == {"token": "t0p"}


def test_mapping_mistakes_carry_the_line(tmp_path: Path, good: Path) -> None:
    text = good.read_text().replace("target: sku, required", "target: sku, requird")
    assert said(written(tmp_path, text)) == [
        "13 $.normalization.fields[0].requird: unknown field; did you mean `required`?"
    ]


def test_two_mappings_for_one_entity_type_are_refused(tmp_path: Path, good: Path) -> None:
    parts = good.read_text().split("---")
    second = parts[1].replace("erp-items", "more-items").replace("item\n", "Item\n", 1)
    instance = parts[2].replace("[erp-items]", "[erp-items, more-items]")
    assert said(written(tmp_path, "---".join([parts[0], parts[1], second, instance])))[0].endswith(
        "$.mappings: 'erp-items' and 'more-items' are both for entity type 'item'"
    )


def test_unknown_references_are_named(tmp_path: Path) -> None:
    text = "kind: Instance\nname: i\nsource: a\ntarget: b\nmappings: [c]\n"
    assert said(written(tmp_path, text)) == [
        "3 $.source: there is no profile 'a'",
        "4 $.target: there is no profile 'b'",
        "5 $.mappings: there is no mapping 'c'",
    ]


def test_connector_judges_the_mapping(tmp_path: Path, good: Path) -> None:
    text = good.read_text().replace("  target: {table: items}\n", "")
    assert [line for line in said(written(tmp_path, text)) if "target.table" in line]


@pytest.mark.parametrize(
    ("connector", "target", "refused"),
    [
        ("http", "{endpoint: /items, update: {endpoint: '/items/{id}'}}", False),
        ("http", "{endpoint: /items, method: PUT, idempotent: true}", True),
        ("file", "{path: 'out-{correlationId}.csv'}", True),
    ],
)
def test_fields_of_creations_alone_need_updates_of_their_own(
    tmp_path: Path, good: Path, connector: str, target: str, refused: bool
) -> None:
    profile = f"\n---\nkind: Profile\nname: to\nconnector: {connector}\nconfig: "
    profile += "{baseUrl: 'https://a.example'}" if connector == "http" else "{folder: /srv}"
    text = good.read_text().replace("target: erp\n", "target: to\n")
    text = text.replace("target: {table: items}", f"target: {target}\n  onCreate: [note]")
    text = text.replace(
        "  fields: [{source: sku, target: sku}]",
        """  fields:
    - {source: sku, target: sku}
    - {source: sku, target: note}""",
    )
    told = said(written(tmp_path, text + profile))
    assert [line for line in told if "onCreate" in line] == told
    assert bool(told) is refused


def test_stored_instance_is_checked_with_a_new_mapping(tmp_path: Path, good: Path) -> None:
    stored = load([str(good)], ENV)
    mapping = good.read_text().split("---")[1].replace("  target: {table: items}\n", "")
    loaded = written(tmp_path, mapping)
    assert [line for line in said(loaded, stored) if "target.table" in line]


def test_kept_secret_cannot_follow_a_new_host(tmp_path: Path, good: Path) -> None:
    stored = load([str(good)], ENV)
    profile = good.read_text().split("---")[0].replace("{fromEnv: ERP_PASSWORD}", f"'{MASK}'")
    assert said(written(tmp_path, profile), stored) == []
    moved = written(tmp_path, profile.replace("erp.local", "evil.example"))
    assert [m for m in said(moved, stored) if "give the secrets again" in m]


def test_unknown_connector_is_named(tmp_path: Path) -> None:
    text = "kind: Profile\nname: a\nconnector: postgres\n"
    assert "3 $.connector: unknown connector 'postgres'" in said(written(tmp_path, text))[0]


def test_same_name_twice_is_refused(tmp_path: Path) -> None:
    text = "kind: Profile\nname: a\nconnector: postgresql\n---\n" * 2
    assert [m for m in said(written(tmp_path, text)) if "stands in" in m]


@pytest.mark.parametrize("name", ["", " ", "<script>", "x" * 101, "a\tb"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    text = f'{{"kind": "Profile", "name": {name!r}, "connector": "postgresql"}}'.replace("'", '"')
    assert "$.name" in " ".join(said(written(tmp_path, text)))


@pytest.mark.parametrize("path", ["nowhere.yaml", "empty"])
def test_nothing_to_read_is_said(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidFilesError, match=path):
        load([str(tmp_path / path)], ENV)


def test_profile_never_shows_its_secret() -> None:
    assert "t0p" not in repr(ProfileConfig(name="a", connector="http", secrets={"token": "t0p"}))


def test_a_driver_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncline.connectors.drivers.find_spec", lambda _: None)
    config = "{host: h, database: d, user: u}"
    text = f"kind: Profile\nname: shop\nconnector: mysql\nconfig: {config}\n"

    (mistake,) = said(written(tmp_path, text))

    assert "$.connector: a driver that MySQL needs is not installed" in mistake
    assert "pip install 'syncline[mysql]'" in mistake

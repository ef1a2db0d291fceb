"""Templates: written as files that `apply` takes, never over something, and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncline.cli.main import main
from syncline.domain.configuration.documents import TenantConfiguration
from syncline.domain.errors import ConflictError, InvalidInputError
from syncline.resources.checks import check
from syncline.resources.loader import load
from syncline.resources.template import Template, template, templates

ROOT = Path(__file__).parents[3]
ALL = {one.name: one for one in templates()}
VARIABLE = re.compile(r"fromEnv: (\w+)")


@pytest.mark.parametrize("name", ALL)
def test_apply_takes_it_as_it_is_written(name: str, tmp_path: Path) -> None:
    ALL[name].write(tmp_path / "new" / name)
    wanted = set(VARIABLE.findall("".join(ALL[name].files.values())))

    loaded = load([str(tmp_path)], dict.fromkeys(wanted, "secret"))

    assert loaded.mistakes == []
    assert check(loaded, TenantConfiguration()) == []
    assert list(loaded.instances) == [name]
    assert all(mapping.startswith(f"{name}-") for mapping in loaded.mappings)


@pytest.mark.parametrize("name", ALL)
def test_its_readme_says_the_way_to_a_first_run(name: str, tmp_path: Path) -> None:
    made = ALL[name]
    ALL[name].write(tmp_path)
    loaded = load([str(tmp_path)], {})
    steps = "\n".join(made.steps)

    assert [step[:2] for step in made.steps] == ["1.", "2.", "3.", "4.", "5."]
    assert "`# yours`" in made.steps[0]
    wanted = VARIABLE.findall("".join(made.files.values()))
    assert [variable for variable in wanted if f"{variable}=…" not in steps] == []
    assert "`syncline apply -f .`" in steps
    assert all(f"*{mapping}*" in steps for mapping in loaded.mappings)
    types = [mapping.entity_type for mapping in loaded.mappings.values()]
    assert any(f"`syncline trigger {name} {kind}`" in steps for kind in types)
    assert all(file in steps for file in made.files if file.endswith((".sql", ".csv")))


@pytest.mark.parametrize("name", ALL)
def test_the_page_of_templates_has_it(name: str) -> None:
    page = (ROOT / "docs" / "templates.md").read_text()
    assert f"{name:24} {ALL[name].title}\n" in page
    assert f"| `{name}` |" in page
    tests = (ROOT / "tests" / "e2e").glob("*.py")
    assert any(f'"{name}"' in test.read_text() for test in tests)


def one() -> Template:
    return Template("a-b", "A to B", ["1. Do it"], {"README.md": "# A to B\n", "b.yaml": "x"})


def test_nothing_is_written_over_something(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").symlink_to("nowhere")
    with pytest.raises(ConflictError, match=r"nothing was written: \S+/b.yaml is there already"):
        one().write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b.yaml"]


def test_an_unknown_one_is_refused_with_what_was_meant() -> None:
    with pytest.raises(InvalidInputError, match="did you mean `mysql-postgresql`"):
        template("mysql-postgres")


def test_the_command_lists_them_and_says_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(code: int, *arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["init", *arguments])
        assert ended.value.code == code
        return "".join(capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    listed = said(0)
    assert all(f"{name:24} {made.title}" in listed for name, made in ALL.items())
    written = said(0, "csv-http")
    assert "+ csv-http/profiles.yaml" in written
    assert written.endswith("\n".join(ALL["csv-http"].steps) + "\n")
    assert "are there already" in said(1, "csv-http")
    assert '"mine/api/README.md"' in said(0, "csv-http", "-o", "mine/api", "--json")
    assert "did you mean" in said(2, "csv-httpp")

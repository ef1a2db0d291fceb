import { expect, test } from "vitest";
import { helpOf, helpOfCode, helpOfField, helpOfSetting } from "~/app/help";
import { pageOf } from "../scripts/docs";

test("help is the longest beginning of a path that has some", () => {
  expect(helpOf("instance.order")).toBe("/docs/first-sync.html#several-entity-types-in-order");
  expect(helpOf("mapping.extraction.filters[0].value")).toBe("/docs/mappings.html#extraction");
  expect(helpOf("nothing.at.all")).toBeUndefined();
  expect(helpOfField("profile.retry.base")).toContain("#3-say");
  expect(helpOfField("instance.name")).toBeUndefined();
  expect(helpOfCode("http_422")).toBe("/docs/errors.html#http_4xx");
  expect(helpOfSetting("mssql", "sslmode")).toBe("/docs/connectors/sqlserver.html#sslmode");
});

const TEXT = `# A page

See [more](other.md#part), [a file](../shared/x.py), [elsewhere](https://kafka.apache.org), <script>alert(1)</script>
<img src=x onerror=alert(1)> and [a trap](javascript:alert(1)).

## Its *part*

| Code | Meaning |
|---|---|
| \`host\`, \`port\` | where |
| \`host\` | once more |
`;

test("a page of the docs keeps its anchors, and takes nothing that runs", () => {
  const page = pageOf("connectors/page.md", TEXT, new Set(["connectors/page.md", "connectors/other.md"]));
  expect(page).toContain('<h2 id="its-part">');
  expect(page).toContain('<tr id="host">\n<td><a id="port"></a><code>host</code>');
  expect(page).toContain('href="/docs/connectors/other.html#part"');
  expect(page).toContain('<a href="https://kafka.apache.org">elsewhere</a>');
  expect(page).toContain("a file, ");
  expect(page.match(/id="host"/g)).toHaveLength(1);
  expect(page).not.toMatch(/<script|<img|javascript:/);
});

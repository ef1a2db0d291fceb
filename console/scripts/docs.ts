import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Marked, type Token } from "marked";
import { gfmHeadingId } from "marked-gfm-heading-id";
import type { Plugin } from "vite";

/** A first cell of names in code, such as `host`, `port`: the row can be opened at each. */
const NAMED_ROW = /<tr>\n<td>((?:<code>[^<]+<\/code>(?:, | )?)+)<\/td>/g;

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one] ?? one);

/**
 * A page of docs/ as HTML. Headings have the anchors that GitHub gives them, rows of tables the names that they are
 * about. HTML in the text is shown and not taken; links lead to other pages, and to other hosts as they are.
 */
export function pageOf(path: string, text: string, pages: ReadonlySet<string>): string {
  const marked = new Marked(gfmHeadingId(), {
    walkTokens(token: Token) {
      if (token.type === "html")
        Object.assign(token, { type: "text", text: token.raw, raw: token.raw, escaped: false });
      if (token.type === "image") Object.assign(token, { type: "text", raw: token.raw });
      if (token.type === "link") token.href = addressOf(path, token.href, pages);
    },
    renderer: {
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        return href ? `<a href="${escaped(href)}">${words}</a>` : words;
      },
    },
  });
  const seen = new Set<string>();
  const body = (marked.parse(text) as string).replace(NAMED_ROW, (row: string, cell: string) => {
    const names = [...cell.matchAll(/<code>([^<]+)<\/code>/g)].map((found) => found[1] ?? "");
    const fresh = names.filter((name) => !seen.has(name) && seen.add(name));
    const [first, ...others] = fresh.map((name) => name.replace(/\s/g, "-"));
    if (!first) return row;
    const more = others.map((name) => `<a id="${name}"></a>`).join("");
    return row.replace("<tr>\n<td>", `<tr id="${first}">\n<td>${more}`);
  });
  const title = escaped(/^# (.+)$/m.exec(text)?.[1] ?? path);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Syncline</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<nav aria-label="Docs"><a href="/">Console</a> <a href="/docs/index.html">All pages</a></nav>
<main>
${body}</main>
</body>
</html>
`;
}

/** Where a link leads from a page; "" where it leads to a file that is no page here. */
function addressOf(path: string, href: string, pages: ReadonlySet<string>): string {
  if (/^(https?:|#)/.test(href)) return href;
  const [file = "", anchor] = href.split("#");
  const found = normalize(join(dirname(path), file));
  return pages.has(found) ? `/docs/${found.replace(/\.md$/, ".html")}${anchor ? `#${anchor}` : ""}` : "";
}

/** Writes the pages of docs/ into the build: the gateway serves them at /docs, without any other host. */
export function docs(): Plugin {
  return {
    name: "docs",
    generateBundle() {
      const root = fileURLToPath(new URL("../../docs/", import.meta.url));
      const found = ["", "connectors/"].flatMap((room) => readdirSync(root + room).map((name) => room + name));
      const pages = new Set(found.filter((path) => path.endsWith(".md")).sort());
      const texts = new Map([...pages].map((path) => [path, readFileSync(join(root, path), "utf8")]));
      const list = [...texts].map(([path, text]) => `- [${/^# (.+)$/m.exec(text)?.[1] ?? path}](${path})`);
      texts.set("index.md", `# Docs\n\n${list.join("\n")}\n`);
      for (const [path, text] of texts) {
        const source = pageOf(path, text, pages);
        this.emitFile({ type: "asset", fileName: `docs/${path.replace(/\.md$/, ".html")}`, source });
      }
    },
  };
}

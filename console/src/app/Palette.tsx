import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useSearchHits } from "~/pages/records/search";
import { usePagesOfMenu } from "~/pages/registry";

export const [paletteState, paletteStore] = createSpotlight();

/** Goes to a page, to something configured by a part of its name, or to a record, run or dead letter by its ID. */
export function Palette() {
  const [text, setText] = useState("");
  const router = useRouter();
  const { hits, more, searching } = useSearchHits(text.trim());
  const wanted = text.trim().toLowerCase();
  const found = usePagesOfMenu().filter(({ title }) => title.toLowerCase().includes(wanted));
  /** A page is the best hit where its title begins with what is typed. */
  const pagesFirst = found.some(({ title }) => title.toLowerCase().startsWith(wanted));
  const [best] = pagesFirst
    ? found.map(({ path }) => path)
    : [...hits.map(({ to }) => to), ...found.map((one) => one.path)];
  const go = (to: string) => void router.navigate({ href: to });

  /** Something else than the best hit was chosen by the arrows. */
  const chosen = useRef(false);
  /** Enter was pressed: the best hit is opened when it is known. */
  const [opening, setOpening] = useState(false);
  useEffect(() => {
    if (!opening || searching) return;
    setOpening(false);
    if (!best) return;
    paletteStore.close();
    void router.navigate({ href: best });
  }, [opening, searching, best, router]);
  const list = useRef<HTMLDivElement>(null);
  // What Enter opens is marked as the library marks it, also when the answer came after the last key.
  useEffect(() => {
    if (!best || !wanted || chosen.current) return;
    for (const one of list.current?.querySelectorAll("[data-selected]") ?? []) one.removeAttribute("data-selected");
    list.current?.querySelector("[data-action]")?.setAttribute("data-selected", "true");
  }, [best, wanted]);
  const press = (event: KeyboardEvent) => {
    if (event.key.startsWith("Arrow")) chosen.current = true;
    if (event.key !== "Enter" || event.nativeEvent.isComposing || chosen.current || !wanted) return;
    event.preventDefault();
    event.stopPropagation();
    setOpening(true);
  };
  const type = (next: string) => {
    chosen.current = false;
    setOpening(false);
    setText(next);
  };

  const pages = found.length > 0 && (
    <Spotlight.ActionsGroup label="Pages">
      {found.map((page) => {
        const Icon = page.rail.icon;
        return (
          <Spotlight.Action
            key={page.path}
            label={page.title}
            leftSection={<Icon size={18} />}
            onClick={() => go(page.path)}
          />
        );
      })}
    </Spotlight.ActionsGroup>
  );
  return (
    <Spotlight.Root store={paletteState} query={text} onQueryChange={type} shortcut={null} scrollable maxHeight={420}>
      <Spotlight.Search
        placeholder="An ID, a name, or a page"
        aria-label="Search"
        leftSection={<IconSearch size={18} />}
        onKeyDownCapture={press}
      />
      <Spotlight.ActionsList ref={list}>
        {pagesFirst && pages}
        {hits.length > 0 && (
          <Spotlight.ActionsGroup label={more ? "Found, and more: type more of it" : "Found"}>
            {hits.map((hit) => (
              <Spotlight.Action
                key={hit.kind + hit.to + hit.description}
                label={`${hit.kind} ${hit.label}`}
                description={hit.description}
                onClick={() => go(hit.to)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {!pagesFirst && pages}
        {hits.length + found.length === 0 && (
          <Spotlight.Empty>
            {searching ? "Searching…" : "Nothing found. Source IDs are found by their beginning, from 3 characters on."}
          </Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

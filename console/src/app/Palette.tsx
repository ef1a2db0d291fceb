import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useSearchHits } from "~/pages/records/search";
import { usePagesOfMenu } from "~/pages/registry";

export const [paletteState, paletteStore] = createSpotlight();

/** Goes to a page by its name, or to a record, run or dead letter by a pasted ID. */
export function Palette() {
  const [text, setText] = useState("");
  const router = useRouter();
  const { hits, more, searching } = useSearchHits(text.trim());
  const wanted = text.trim().toLowerCase();
  const found = usePagesOfMenu().filter(({ title }) => title.toLowerCase().includes(wanted));
  const go = (to: string) => void router.navigate({ href: to });
  return (
    <Spotlight.Root
      store={paletteState}
      query={text}
      onQueryChange={setText}
      shortcut={null}
      scrollable
      maxHeight={420}
    >
      <Spotlight.Search
        placeholder="Paste an ID, or type the name of a page"
        aria-label="Search"
        leftSection={<IconSearch size={18} />}
      />
      <Spotlight.ActionsList>
        {hits.length > 0 && (
          <Spotlight.ActionsGroup label={more ? "Found, and more: give more of the ID" : "Found"}>
            {hits.map((hit) => (
              <Spotlight.Action
                key={hit.kind + hit.to}
                label={`${hit.kind} ${hit.label}`}
                description={hit.description}
                onClick={() => go(hit.to)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {found.length > 0 && (
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
        )}
        {hits.length + found.length === 0 && (
          <Spotlight.Empty>{searching ? "Searching…" : "Nothing found. IDs must be whole."}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

import { Button, Group, Popover, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconBookmark, IconLink, IconPencil, IconStar, IconStarFilled, IconTrash } from "@tabler/icons-react";
import { useLocation, useMatches, useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { useSession } from "~/api/session";
import { helpOf } from "~/app/help";
import {
  LONGEST_NAME,
  refusedName,
  useViews,
  type View,
  type Views,
  viewOf,
  withName,
  withoutView,
  withView,
} from "~/state/views";
import { HelpLink } from "./Help";
import { IconButton } from "./IconButton";
import { toast } from "./toast";
import classes from "./ViewMenu.module.css";

const help = helpOf("list");

interface Props {
  /** The names of the columns that are shown, in their order. */
  shown: readonly string[];
}

/** Saved views of a list: filter, order and columns under a name. */
export function ViewMenu({ shown }: Props) {
  const router = useRouter();
  const session = useSession().data;
  const list = useMatches({ select: (matches) => matches.at(-1)?.routeId ?? "" });
  const search = useLocation({ select: (location) => location.searchStr });
  const [all, keep] = useViews(session?.tenant ?? "", session?.name ?? "", list);
  const [last, setLast] = useState<string>();
  const now = viewOf(search, shown);
  const current = all.views.find((view) => view.search === now);
  const changed = current ? undefined : all.views.find((view) => view.name === last);
  const go = (wanted: string, replace = false) =>
    void router.navigate({ href: router.latestLocation.pathname + wanted, replace });
  useFirst(all, viewOf(search), (view) => {
    setLast(view.name);
    go(view.search, true);
  });
  const choose = (view: View) => {
    setLast(view.name);
    go(view.search);
  };
  const save = (name: string) => {
    keep(withView(all, { name, search: now }));
    setLast(name.trim());
    go(now, true);
  };
  const remove = (view: View) => {
    keep(withoutView(all, view.name));
    toast.done(`The view ${view.name} is deleted`, { label: "Undo", run: () => keep(all) });
  };
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus width={330}>
      <Popover.Target>
        <Button variant="default" size="xs" h={30} px={9} leftSection={<IconBookmark size={15} />} maw={190}>
          {current ? current.name : "Views"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="sm" mah="70vh" style={{ overflowY: "auto" }}>
        <Stack gap="xs">
          {all.views.length === 0 && (
            <Text size="sm" c="dimmed">
              No saved views yet. Filter and sort the list, choose its columns, then save it here under a name.
            </Text>
          )}
          <ul className={classes.views} aria-label="Saved views">
            {all.views.map((view) => (
              <Row
                key={view.name}
                view={view}
                all={all}
                isCurrent={view === current}
                onChoose={() => choose(view)}
                onKeep={keep}
                onRemove={() => remove(view)}
              />
            ))}
          </ul>
          {changed && (
            <Button size="compact-sm" variant="light" onClick={() => save(changed.name)}>
              <span className={classes.cut}>Save changes to {changed.name}</span>
            </Button>
          )}
          {all.views.length > 0 && viewOf(search) !== "" && (
            <Button size="compact-sm" variant="subtle" onClick={() => go("")}>
              Show everything
            </Button>
          )}
          <NameForm label="Save this list as" submit="Save" refused={(name) => refusedName(all, name)} onName={save}>
            <CopyLink search={now} />
          </NameForm>
          <Text size="xs" c="dimmed">
            Views are kept in this browser, for you. A link shows one to others.
            {help && <HelpLink to={help} of="Views" />}
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** The page that was opened last: its table may be drawn anew while it is open, as groups and entries take turns. */
let opened: string | undefined;

/** Opens a list with its first view, where its address asks for nothing. */
function useFirst({ views, first }: Views, asked: string, open: (view: View) => void) {
  const router = useRouter();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the list is opened: later it may show everything
  useEffect(() => {
    const { pathname } = router.latestLocation;
    const view = views.find((one) => one.name === first);
    if (opened !== pathname && view && asked === "") open(view);
    opened = pathname;
    return () => {
      if (router.latestLocation.pathname !== pathname) opened = undefined;
    };
  }, []);
}

interface RowProps {
  view: View;
  all: Views;
  isCurrent: boolean;
  onChoose: () => void;
  onKeep: (all: Views) => void;
  onRemove: () => void;
}

function Row({ view: { name }, all, isCurrent, onChoose, onKeep, onRemove }: RowProps) {
  const [renaming, setRenaming] = useState(false);
  if (renaming) {
    const rename = (next: string) => {
      onKeep(withName(all, name, next));
      setRenaming(false);
    };
    return (
      <li>
        <NameForm
          label={`New name of ${name}`}
          initial={name}
          submit="Rename"
          refused={(next) => refusedName(all, next, name)}
          onName={rename}
        />
      </li>
    );
  }
  const isFirst = all.first === name;
  return (
    <li className={classes.row}>
      <UnstyledButton
        className={`${classes.choose} ${classes.cut}`}
        aria-current={isCurrent || undefined}
        onClick={onChoose}
        title={name}
      >
        {name}
      </UnstyledButton>
      <IconButton
        icon={isFirst ? IconStarFilled : IconStar}
        iconSize={14}
        size={26}
        aria-pressed={isFirst}
        label={`Open the list with ${name}`}
        onClick={() => onKeep({ ...all, first: isFirst ? null : name })}
      />
      <IconButton
        icon={IconPencil}
        iconSize={14}
        size={26}
        label={`Rename ${name}`}
        onClick={() => setRenaming(true)}
      />
      <IconButton icon={IconTrash} iconSize={14} size={26} label={`Delete ${name}`} onClick={onRemove} />
    </li>
  );
}

interface NameProps {
  label: string;
  submit: string;
  initial?: string;
  /** Why a name cannot be given. */
  refused: (name: string) => string | undefined;
  onName: (name: string) => void;
  children?: ReactNode;
}

function NameForm({ label, submit, initial = "", refused, onName, children }: NameProps) {
  const [name, setName] = useState(initial);
  const [error, setError] = useState<string>();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const why = refused(name);
        setError(why);
        if (why) return;
        onName(name);
        setName("");
      }}
    >
      <TextInput
        size="xs"
        label={label}
        value={name}
        maxLength={LONGEST_NAME}
        error={error}
        onChange={(event) => {
          setName(event.currentTarget.value);
          setError(undefined);
        }}
      />
      <Group gap="xs" mt={6}>
        <Button type="submit" size="compact-sm">
          {submit}
        </Button>
        {children}
      </Group>
    </form>
  );
}

/** The address of the list as it is on screen, its columns included. */
function CopyLink({ search }: { search: string }) {
  const { copy, copied } = useClipboard();
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<IconLink size={14} />}
      onClick={() => copy(location.origin + location.pathname + search)}
    >
      {copied ? "Link copied" : "Copy link"}
    </Button>
  );
}

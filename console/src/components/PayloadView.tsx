import { Button, CopyButton, Group, Text } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload, IconTextWrap } from "@tabler/icons-react";
import { memo, useMemo, useState } from "react";
import { payloadText } from "~/api/lossless";
import { count } from "~/state/format";
import { IconButton } from "./IconButton";
import classes from "./PayloadView.module.css";
import { tokens } from "./tokens";

interface Props {
  /** Text, or a value of an answer whose numbers were kept (`api/lossless`). */
  payload: unknown;
  /** "Input of Transform": names the region and the downloaded file. */
  label: string;
  maxHeight?: number | string;
  /** Why there is nothing to show, when `payload` is null or undefined. */
  missing?: string;
}

const FIRST_LINES = 600;

/** A payload as it is: no number is parsed, and nothing of it is run or rendered as markup. */
export function PayloadView({ payload, label, maxHeight = 420, missing = "No payload" }: Props) {
  const [wrap, setWrap] = useState(false);
  const [all, setAll] = useState(false);
  const text = useMemo(() => (payload === null || payload === undefined ? null : payloadText(payload)), [payload]);
  const lines = useMemo(() => text?.split("\n") ?? [], [text]);
  if (text === null) {
    return (
      <Text c="dimmed" py="xs">
        {missing}
      </Text>
    );
  }
  const shown = all ? lines : lines.slice(0, FIRST_LINES);
  return (
    <section className={classes.box} aria-label={label}>
      <Group className={classes.bar} gap={2} wrap="nowrap">
        <Text size="xs" fw={600} truncate>
          {label}
        </Text>
        <Tools text={text} label={label} wrap={wrap} onWrap={() => setWrap(!wrap)} />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre className={classes.text} data-wrap={wrap} style={{ maxHeight }} tabIndex={0}>
        {shown.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
          <Line key={index} line={line} />
        ))}
      </pre>
      {shown.length < lines.length && (
        <Button size="compact-xs" variant="subtle" m={4} onClick={() => setAll(true)}>
          Show all {count(lines.length)} lines
        </Button>
      )}
    </section>
  );
}

const Line = memo(function Line({ line }: { line: string }) {
  return (
    <span className={classes.line}>
      {tokens(line).map((token, index) =>
        token.kind === "plain" ? (
          token.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no other identity
          <span key={index} className={classes[token.kind]}>
            {token.text}
          </span>
        ),
      )}
      {"\n"}
    </span>
  );
});

function Tools({ text, label, wrap, onWrap }: { text: string; label: string; wrap: boolean; onWrap: () => void }) {
  return (
    <Group gap={2} ml="auto" wrap="nowrap">
      <IconButton
        {...SMALL}
        icon={IconTextWrap}
        label="Wrap lines"
        hint={wrap ? "Do not wrap lines" : "Wrap lines"}
        aria-pressed={wrap}
        onClick={onWrap}
      />
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <IconButton
            {...SMALL}
            icon={copied ? IconCheck : IconCopy}
            label={`Copy ${label}`}
            hint={copied ? "Copied" : "Copy"}
            onClick={copy}
          />
        )}
      </CopyButton>
      <IconButton
        {...SMALL}
        icon={IconDownload}
        label={`Download ${label}`}
        hint="Download"
        onClick={() => download(text, label)}
      />
    </Group>
  );
}

const SMALL = { size: 24, iconSize: 15 };

function download(text: string, label: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${label.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
